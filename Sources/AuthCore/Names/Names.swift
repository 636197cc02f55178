/// A user's name in its canonical spelling: `[a-z0-9][a-z0-9._@+-]{0,127}`.
public struct UserName: Hashable, Comparable, Sendable {
    /// The ASCII bytes.
    public let bytes: [UInt8]

    /// Takes a canonical name; nil for anything else, capitals included.
    public init?(canonical bytes: [UInt8]) {
        guard (1...128).contains(bytes.count), ASCII.isLowerOrDigit(bytes[0]),
            bytes.allSatisfy({ ASCII.isLowerOrDigit($0) || Self.marks.contains($0) })
        else { return nil }
        self.bytes = bytes
    }

    /// Lower-cases ASCII letters, and nothing else, before the check.
    public init?(_ string: String) {
        self.init(canonical: string.utf8.map(ASCII.lowered))
    }

    /// The name to show.
    public var string: String { String(decoding: bytes, as: UTF8.self) }
    public static func < (a: Self, b: Self) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }

    private static let marks = Array("._@+-".utf8)
}

/// A role's name: `[a-z0-9][a-z0-9._-]{0,63}`.
public struct RoleName: Hashable, Comparable, Sendable {
    /// The ASCII bytes.
    public let bytes: [UInt8]

    /// Takes a name as it is; nil for one of another form.
    public init?(bytes: [UInt8]) {
        guard (1...64).contains(bytes.count), ASCII.isLowerOrDigit(bytes[0]),
            bytes.allSatisfy({ ASCII.isLowerOrDigit($0) || Self.marks.contains($0) })
        else { return nil }
        self.bytes = bytes
    }

    /// Takes a name as it is; nil for one of another form.
    public init?(_ string: String) { self.init(bytes: Array(string.utf8)) }

    // The built-in names below are known to be well-formed.
    init(builtIn: StaticString) { bytes = Array(builtIn.description.utf8) }

    /// The name to show.
    public var string: String { String(decoding: bytes, as: UTF8.self) }
    public static func < (a: Self, b: Self) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }

    private static let marks = Array("._-".utf8)
}

/// What stands before the `_` of an API key: `[a-z][a-z0-9-]{1,15}`.
///
/// What begins with `ww` is kept for this server, which uses `wwk` where nobody chose.
public struct KeyPrefix: Hashable, Sendable {
    /// The ASCII bytes.
    public let bytes: [UInt8]

    /// `wwk`.
    public static let standard = KeyPrefix(trusted: "wwk")

    /// Takes a prefix as it is; nil for one of another form, and for a reserved one.
    public init?(bytes: [UInt8]) {
        guard (2...16).contains(bytes.count), ASCII.isLowerOrDigit(bytes[0]),
            !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[0]),
            bytes.allSatisfy({ ASCII.isLowerOrDigit($0) || $0 == UInt8(ascii: "-") }),
            !bytes.starts(with: "ww".utf8) || bytes == Self.standard.bytes
        else { return nil }
        self.bytes = bytes
    }

    /// Takes a prefix as it is; nil for one of another form, and for a reserved one.
    public init?(_ string: String) { self.init(bytes: Array(string.utf8)) }

    private init(trusted: StaticString) { bytes = Array(trusted.description.utf8) }

    /// The prefix to show.
    public var string: String { String(decoding: bytes, as: UTF8.self) }
}

/// Where a secret lies: 1...255 bytes of `[A-Za-z0-9._/-]`, in segments between slashes of which
/// none is empty, `.` or `..`.
public struct SecretPath: Hashable, Comparable, Sendable {
    /// The ASCII bytes.
    public let bytes: [UInt8]

    /// Takes a path as it is; nil for one of another form.
    public init?(bytes: [UInt8]) {
        guard (1...255).contains(bytes.count), ASCII.isPath(bytes[...]) else { return nil }
        self.bytes = bytes
    }

    /// Takes a path as it is; nil for one of another form.
    public init?(_ string: String) { self.init(bytes: Array(string.utf8)) }

    /// The path to show.
    public var string: String { String(decoding: bytes, as: UTF8.self) }
    public static func < (a: Self, b: Self) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}

/// Classes of ASCII bytes.
enum ASCII {
    /// `[a-z0-9]`.
    static func isLowerOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// `[A-Z]`.
    static func isUpper(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }

    /// The lower-case letter of a capital; any other byte as it is.
    static func lowered(_ byte: UInt8) -> UInt8 { isUpper(byte) ? byte + 32 : byte }

    /// `[a-z0-9._-]`.
    static func isNameByte(_ byte: UInt8) -> Bool {
        isLowerOrDigit(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "-")
    }

    /// Whether segments of `[A-Za-z0-9._-]` lie between slashes, none empty, `.` or `..`: so
    /// that one place has one spelling.
    static func isPath(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && $0.allSatisfy { isNameByte($0) || isUpper($0) }
                && !$0.elementsEqual(".".utf8) && !$0.elementsEqual("..".utf8)
        }
    }
}
