import Cryptography

@testable import AuthService

/// Keys and places that several tests use.
enum KeyFixtures {
    static let clusterID = (0x10..<0x20).map { UInt8($0) }
    static let otherClusterID = (0x20..<0x30).map { UInt8($0) }

    static func rootKey(_ byte: UInt8 = 0xA5, version: UInt32 = 1) -> RootKey {
        RootKey(
            version: version, key: SecretBytes(copying: [UInt8](repeating: byte, count: 32)))
    }

    static func place(
        purpose: KeyPurpose = .secretData, table: UInt8 = 14, key: String = "app/db",
        version: UInt64 = 3
    ) -> SealPlace {
        SealPlace(purpose: purpose, table: table, key: Array(key.utf8), version: version)
    }
}

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
    var revealed: [UInt8] { withBytes { bytes in bytes.indices.map { bytes[$0] } } }
}

extension [UInt8] {
    /// The bytes with one bit the other way.
    func flipping(_ bit: Int) -> [UInt8] {
        var bytes = self
        bytes[bit / 8] ^= 1 << (bit % 8)
        return bytes
    }
}
