/// A JSON value as RFC 8259 has it, with the members of an object in the order of the text.
///
/// There is no floating point: a number that is not a 64-bit integer keeps its spelling.
public enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// A number with a fraction, an exponent, or more digits than `Int64` holds, as it was spelt.
    case decimal(String)
    case string(String)
    case array([JSONValue])
    case object([JSONMember])

    /// An object of these members, in this order.
    ///
    /// - Precondition: no name occurs twice.
    public static func object(_ pairs: KeyValuePairs<String, JSONValue>) -> JSONValue {
        var members: [JSONMember] = []
        members.reserveCapacity(pairs.count)
        for (name, value) in pairs { members.append(JSONMember(name, value)) }
        return .object(members)
    }

    /// The member of this name; nil when there is none, or when this is no object.
    public subscript(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        // Names are compared as bytes: Swift's `==` would equate canonically equivalent spellings.
        return members.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
    }

    /// The text, when this is a string.
    public var string: String? {
        if case .string(let text) = self { return text }
        return nil
    }

    /// The number, when this is an integer.
    public var integer: Int64? {
        if case .integer(let number) = self { return number }
        return nil
    }

    /// The number, when this is an integer that is not negative.
    public var unsigned: UInt64? { integer.flatMap { UInt64(exactly: $0) } }

    /// The truth value, when this is one.
    public var bool: Bool? {
        if case .bool(let value) = self { return value }
        return nil
    }

    /// The elements, when this is an array.
    public var array: [JSONValue]? {
        if case .array(let values) = self { return values }
        return nil
    }

    /// The members, when this is an object.
    public var members: [JSONMember]? {
        if case .object(let members) = self { return members }
        return nil
    }

    /// A number that may be larger than `Int64` holds.
    public static func unsigned(_ number: UInt64) -> JSONValue {
        Int64(exactly: number).map(JSONValue.integer) ?? .decimal(String(number))
    }

    /// The text, or null.
    public static func optional(_ text: String?) -> JSONValue {
        text.map(JSONValue.string) ?? .null
    }

    /// An array of strings.
    public static func strings(_ texts: [String]) -> JSONValue {
        .array(texts.map(JSONValue.string))
    }
}

/// One name and its value within an object.
public struct JSONMember: Equatable, Sendable {
    public var name: String
    public var value: JSONValue
    public init(_ name: String, _ value: JSONValue) {
        self.name = name
        self.value = value
    }
}
