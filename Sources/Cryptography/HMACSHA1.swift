internal import COpenSSL

/// HMAC-SHA-1 (RFC 2104): for one-time codes, whose apps know no other (RFC 6238 §1.2), and for
/// nothing else. That SHA-1 collides does not weaken the HMAC.
public enum HMACSHA1 {
    /// The length of a tag.
    public static let byteCount = 20

    /// The tag of `message`.
    public static func authenticate(
        _ message: [UInt8], key: borrowing SecretBytes
    ) -> [UInt8] {
        var tag = [UInt8](repeating: 0, count: byteCount)
        key.withBytes { key in
            OpenSSL.require("HMAC") {
                // Key, message and tag are valid inside the closures, and the tag has the 20 bytes
                // that SHA-1 writes.
                unsafe key.withUnsafeBytes { key in
                    unsafe tag.withUnsafeMutableBufferPointer { tag in
                        var count: UInt32 = 0
                        let made = unsafe HMAC(
                            EVP_sha1(), key.baseAddress, Int32(key.count), message, message.count,
                            tag.baseAddress, &count)
                        return unsafe made != nil && count == UInt32(byteCount) ? 1 : 0
                    }
                }
            }
        }
        return tag
    }
}
