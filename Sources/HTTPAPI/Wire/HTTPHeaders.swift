/// The header fields of a message, in the order of the message.
public struct HTTPHeaders: Equatable, Sendable, ExpressibleByDictionaryLiteral {
    /// One field. A request's names are in lower case.
    public struct Field: Equatable, Sendable {
        public var name: String
        public var value: String
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Every field, in order.
    public private(set) var fields: [Field] = []

    public init() {}
    public init(dictionaryLiteral pairs: (String, String)...) {
        fields = pairs.map { Field($0.0, $0.1) }
    }

    /// Appends a field, also when one of this name is there.
    public mutating func add(_ name: String, _ value: String) { fields.append(Field(name, value)) }

    /// Makes this the only field of its name.
    public mutating func set(_ name: String, _ value: String) {
        remove(name)
        add(name, value)
    }

    /// Removes every field of this name.
    public mutating func remove(_ name: String) {
        fields.removeAll { Self.same($0.name, name) }
    }

    /// The values of every field of this name.
    public func all(_ name: String) -> [String] {
        fields.lazy.filter { Self.same($0.name, name) }.map(\.value)
    }

    /// The value of the first field of this name.
    public subscript(_ name: String) -> String? {
        fields.first { Self.same($0.name, name) }?.value
    }

    /// How many fields have this name.
    public func count(_ name: String) -> Int {
        fields.reduce(0) { $0 + (Self.same($1.name, name) ? 1 : 0) }
    }

    /// The comma-separated elements of every field of this name, without the space around them.
    public func list(_ name: String) -> [Substring] {
        all(name).flatMap { value in
            value.split(separator: ",").map(\.trimmed).filter { !$0.isEmpty }
        }
    }

    /// Whether two names are the same without regard to ASCII case (RFC 9110 §5.1).
    public static func same(_ a: String, _ b: String) -> Bool {
        let (left, right) = (a.utf8, b.utf8)
        guard left.count == right.count else { return false }
        // Mostly they are spelt alike, or differ in their first byte.
        return a == b || zip(left, right).allSatisfy { lower($0) == lower($1) }
    }

    /// A byte with an ASCII capital turned small.
    static func lower(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}

extension StringProtocol {
    /// Without the spaces and tabs at either end.
    var trimmed: Substring {
        var rest = Substring(self)
        while let first = rest.utf8.first, first == 0x20 || first == 0x09 { rest.removeFirst() }
        while let last = rest.utf8.last, last == 0x20 || last == 0x09 { rest.removeLast() }
        return rest
    }

    /// With ASCII capitals turned small.
    var asciiLowercased: String {
        String(decoding: utf8.map(HTTPHeaders.lower), as: UTF8.self)
    }
}
