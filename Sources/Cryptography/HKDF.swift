/// Keys derived from a key (RFC 5869).
public enum HKDF {
    /// Extracts with `salt` and expands with `info` into `count` bytes.
    ///
    /// - Precondition: 1 to 8,160 bytes.
    public static func sha256(
        secret: borrowing SecretBytes, salt: [UInt8], info: [UInt8], count: Int
    ) -> SecretBytes {
        let extracted = extract(secret: secret, salt: salt)
        return expand(extracted, info: info, count: count)
    }

    // RFC 5869 §2.2; HMAC pads an absent salt with zeros by itself.
    private static func extract(secret: borrowing SecretBytes, salt: [UInt8]) -> SecretBytes {
        var mac = HMACSHA256(key: salt.span)
        secret.withBytes { bytes in mac.update(bytes) }
        // The tag fills the 32 bytes.
        return unsafe SecretBytes(count: SHA256Digest.byteCount) { unsafe mac.finish(into: $0) }
    }

    // RFC 5869 §2.3.
    private static func expand(
        _ key: borrowing SecretBytes, info: [UInt8], count: Int
    ) -> SecretBytes {
        let width = SHA256Digest.byteCount
        precondition(count > 0 && count <= 255 * width, "count \(count)")
        let blocks = (count + width - 1) / width
        var mac = HMACSHA256(key: key)
        let whole = unsafe SecretBytes(count: blocks * width) { destination in
            for block in 0..<blocks {
                if block > 0 {
                    // The block before, which lies wholly inside the destination.
                    let previous = unsafe UnsafeRawBufferPointer(
                        rebasing: destination[((block - 1) * width)..<(block * width)])
                    mac.update(unsafe previous.assumingMemoryBound(to: UInt8.self).span)
                }
                mac.update(info.span)
                mac.update([UInt8(block + 1)].span)
                unsafe mac.finish(
                    into: UnsafeMutableRawBufferPointer(
                        rebasing: destination[(block * width)..<((block + 1) * width)]))
            }
        }
        return whole.withBytes { bytes in SecretBytes(copying: bytes.extracting(first: count)) }
    }
}
