/// Text as its UTF-8 bytes, compared and ordered as bytes.
///
/// `String` compares by the Unicode tables of a release of the language, and would let two nodes
/// of different releases disagree.
public struct Text: Hashable, Comparable, Sendable, ExpressibleByStringLiteral {
    /// The bytes, which are valid UTF-8.
    public let utf8: [UInt8]

    /// The bytes of a string.
    public init(_ string: String) { utf8 = Array(string.utf8) }
    public init(stringLiteral value: StaticString) {
        utf8 = Array(value.description.utf8)
    }
    /// Bytes from outside; nil when they are not UTF-8.
    public init?(utf8: [UInt8]) {
        // ASCII, as nearly every text is, is UTF-8.
        let isASCII = utf8.allSatisfy { $0 < 0x80 }
        guard isASCII || String(validating: utf8, as: UTF8.self) != nil else { return nil }
        self.utf8 = utf8
    }
    /// No text.
    public static let empty = Text("")
    /// The text to show.
    public var string: String { String(decoding: utf8, as: UTF8.self) }
    /// Whether there is nothing in it.
    public var isEmpty: Bool { utf8.isEmpty }
    /// The number of bytes.
    public var count: Int { utf8.count }
    public static func < (a: Text, b: Text) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }
}
