import Cryptography

/// The bytes that hexadecimal text spells; blanks are skipped.
func hex(_ text: String) -> [UInt8] {
    let digits = text.filter { !$0.isWhitespace }.map { UInt8($0.hexDigitValue!) }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

/// The hexadecimal spelling of bytes.
func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

extension SecretBytes {
    /// A copy that a test may look at.
    var revealed: [UInt8] {
        withBytes { bytes in bytes.indices.map { bytes[$0] } }
    }
}

/// A secret from UTF-8.
func secret(_ text: String) -> SecretBytes { SecretBytes(copying: Array(text.utf8)) }
