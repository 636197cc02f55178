import ByteCodec

/// An id of 128 random bits, never reused. In the state it is 16 bytes, most significant first.
public protocol ObjectID: Hashable, Comparable, Sendable {
    /// What stands before the `_` of the text form.
    static var prefix: String { get }
    /// The id as a number.
    var bits: UInt128 { get }
    /// Takes bits that were drawn or read.
    init(bits: UInt128)
}

extension ObjectID {
    /// The 16 bytes of the id, as they stand in keys and rows.
    public var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 16)
        writer.write(bigEndian: bits)
        return writer.bytes
    }

    /// Reads exactly 16 bytes; nil for another count.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        self.init(bits: bytes.reduce(0) { $0 << 8 | UInt128($1) })
    }

    /// The prefix, `_` and 22 base62 digits.
    public var text: String { Self.text(of: bits) }

    /// The text of the id that has these bits.
    public static func text(of bits: UInt128) -> String {
        let prefix = prefix.utf8
        let start = prefix.count + 1
        // Every place is written, with ASCII.
        return unsafe String(unsafeUninitializedCapacity: start + 22) { text in
            _ = unsafe text.initialize(from: prefix)
            unsafe text[start - 1] = UInt8(ascii: "_")
            let digits = Base62.digits(of: bits)
            for index in digits.indices { unsafe text[start + index] = digits[index] }
            return start + digits.count
        }
    }

    /// Reads the one spelling of an id; nil for anything else.
    public init?(text: String) {
        let start = Self.prefix.utf8.count + 1
        guard text.utf8.count == start + 22, text.hasPrefix("\(Self.prefix)_"),
            let bytes = Base62.decode(String(text.dropFirst(start)), byteCount: 16)
        else { return nil }
        self.init(bytes: bytes)
    }

    public static func < (a: Self, b: Self) -> Bool { a.bits < b.bits }
}

/// A tenant, written `ten_…`.
public struct TenantID: ObjectID {
    public static let prefix = "ten"
    public let bits: UInt128
    public init(bits: UInt128) { self.bits = bits }
    /// The tenant `default`, which alone holds the permissions over the cluster itself.
    public static let platform = TenantID(bits: 1)
    /// Stands for a tenant that there is not, so that looking for it takes as long.
    public static let nobody = TenantID(bits: 0)
}

/// A user, written `usr_…`.
public struct UserID: ObjectID {
    public static let prefix = "usr"
    public let bits: UInt128
    public init(bits: UInt128) { self.bits = bits }
}

/// The position of a session or key among all that were ever made, assigned ascending in apply:
/// the number in its token. Sessions and keys share one count, so a number is never both.
public struct CredentialNumber: RawRepresentable, Hashable, Comparable, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    public init(_ value: UInt64) { rawValue = value }
    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    /// The number behind this one.
    public var next: CredentialNumber { CredentialNumber(rawValue + 1) }
}

/// The id of what has a number: that, and 64 random bits from the node that was asked.
///
/// No table is needed to find the row by the id. Outside, the 128 bits are shown enciphered with
/// the token block key, so that it does not show how many there are.
public protocol NumberedID: ObjectID {
    /// The position of the row.
    var number: CredentialNumber { get }
    /// Random bits that tell a guess from an id.
    var nonce: UInt64 { get }
    /// Puts an id together.
    init(number: CredentialNumber, nonce: UInt64)
}

extension NumberedID {
    public init(bits: UInt128) {
        self.init(
            number: CredentialNumber(UInt64(truncatingIfNeeded: bits >> 64)),
            nonce: UInt64(truncatingIfNeeded: bits))
    }
    public var bits: UInt128 { UInt128(number.rawValue) << 64 | UInt128(nonce) }
}

/// A session, shown as `ses_…`.
public struct SessionID: NumberedID {
    public static let prefix = "ses"
    public let number: CredentialNumber
    public let nonce: UInt64
    public init(number: CredentialNumber, nonce: UInt64) {
        self.number = number
        self.nonce = nonce
    }
}

/// An API key, shown as `key_…`. It stays the same when the key is rotated.
public struct KeyID: NumberedID {
    public static let prefix = "key"
    public let number: CredentialNumber
    public let nonce: UInt64
    public init(number: CredentialNumber, nonce: UInt64) {
        self.number = number
        self.nonce = nonce
    }
}

/// What somebody was recognised by.
public enum CredentialID: Hashable, Sendable {
    case session(SessionID)
    case key(KeyID)
}

/// A cluster, drawn when it is made.
public struct ClusterID: ObjectID {
    public static let prefix = "clu"
    public let bits: UInt128
    public init(bits: UInt128) { self.bits = bits }
}

/// The SHA-256 of something, compared without a branch that depends on its contents.
public struct Digest256: Hashable, Sendable {
    // No SIMD type, which would ask for memory at multiples of 32 wherever a digest lies.
    private let words: InlineArray<4, UInt64>

    /// Reads exactly 32 bytes; nil for another count.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        var words = InlineArray<4, UInt64>(repeating: 0)
        for word in 0..<4 {
            for byte in bytes[(word * 8)..<(word * 8 + 8)] {
                words[word] = words[word] << 8 | UInt64(byte)
            }
        }
        self.words = words
    }

    /// Of eight bytes each, most significant first.
    public init(words: InlineArray<4, UInt64>) { self.words = words }

    /// 32 bytes of zero: the link before the first row of a chain.
    public static let zero = Digest256(words: InlineArray(repeating: 0))

    /// The 32 bytes.
    public var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 32)
        for word in 0..<4 { writer.write(bigEndian: words[word]) }
        return writer.bytes
    }

    /// The first eight bytes as a number: enough to recognise one of a few digests.
    public var tag: UInt64 { words[0] }

    public static func == (a: Digest256, b: Digest256) -> Bool {
        var difference: UInt64 = 0
        for word in 0..<4 { difference |= a.words[word] ^ b.words[word] }
        return difference == 0
    }

    /// Feeds the first eight bytes: a digest is evenly distributed already.
    public func hash(into hasher: inout Hasher) { hasher.combine(words[0]) }
}
