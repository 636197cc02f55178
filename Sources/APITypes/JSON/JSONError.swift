/// How much a text may ask of the parser.
public struct JSONLimits: Equatable, Sendable {
    /// Arrays and objects within one another.
    public var depthMax: Int
    /// Values of every kind, counted together.
    public var nodesMax: Int
    /// Bytes of one string, with its escapes resolved.
    public var stringBytesMax: Int
    /// The size of an exponent, either way.
    public var exponentMax: Int
    /// Bytes of one number's spelling.
    public var numberBytesMax: Int

    /// What a request body may hold.
    public static let request = JSONLimits(
        depthMax: 16, nodesMax: 1_000, stringBytesMax: 96 << 10)

    public init(
        depthMax: Int, nodesMax: Int, stringBytesMax: Int, exponentMax: Int = 308,
        numberBytesMax: Int = 64
    ) {
        self.depthMax = depthMax
        self.nodesMax = nodesMax
        self.stringBytesMax = stringBytesMax
        self.exponentMax = exponentMax
        self.numberBytesMax = numberBytesMax
    }
}

/// Why a text is not acceptable JSON: where, and what kind of fault, never the text itself.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong.
    public enum Kind: String, Equatable, Sendable {
        case unexpectedEnd = "the text ends too early"
        case unexpectedByte = "a byte that has no place here"
        case trailing = "something follows the value"
        case badNumber = "not a number as RFC 8259 spells it"
        case numberTooLarge = "a number too long, or an exponent too large"
        case badEscape = "an escape that JSON does not know"
        case loneSurrogate = "half of a surrogate pair"
        case controlCharacter = "a control character within a string"
        case badUTF8 = "bytes that are not UTF-8"
        case stringTooLong = "a string that is too long"
        case tooDeep = "nested too deeply"
        case tooManyNodes = "too many values"
        case duplicateName = "a name that occurs twice in one object"
    }
    public var kind: Kind
    /// Bytes in front of the fault.
    public var offset: Int
    public init(_ kind: Kind, at offset: Int) {
        self.kind = kind
        self.offset = offset
    }
    public var description: String { "\(kind.rawValue), at byte \(offset)" }
}
