public import Cryptography

/// The one key that opens the keyring: 32 bytes, the same on every node that is not sealed.
///
/// In this release it comes from a file beside the configuration; slots that give it out come
/// later, and change nothing below it.
public final class RootKey: Sendable {
    /// Counts the replacements of the key; the first is 1.
    public let version: UInt32
    /// The key itself.
    public let key: SecretBytes

    /// - Precondition: 32 bytes, and a version that is not 0.
    public init(version: UInt32 = 1, key: consuming SecretBytes) {
        precondition(key.count == 32, "root key of \(key.count) bytes")
        precondition(version > 0, "root key version 0")
        self.version = version
        self.key = key
    }

    /// Reads the contents of a key file and overwrites them: `[VERSION:]` and 64 hexadecimal
    /// digits, with or without a line feed. A key without a version is version 1.
    ///
    /// - Throws: `malformedRootKey`.
    public convenience init(file contents: inout [UInt8]) throws(KeyringError) {
        defer { contents.wipe() }
        var text = contents[...]
        if text.last == UInt8(ascii: "\n") { text.removeLast() }
        var version: UInt32 = 1
        if let colon = text.firstIndex(of: UInt8(ascii: ":")) {
            let digits = text[..<colon]
            // Nine digits fit 32 bits.
            guard (1...9).contains(digits.count), digits.first != UInt8(ascii: "0"),
                digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
            else { throw .malformedRootKey }
            version = digits.reduce(0) { $0 * 10 + UInt32($1 - UInt8(ascii: "0")) }
            text = text[(colon + 1)...]
        }
        guard text.count == 64 else { throw .malformedRootKey }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        var high: UInt8?
        for character in text {
            guard let digit = Self.hexadecimal(character) else {
                bytes.wipe()
                throw .malformedRootKey
            }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        self.init(version: version, key: SecretBytes(wiping: &bytes))
    }

    private static func hexadecimal(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
