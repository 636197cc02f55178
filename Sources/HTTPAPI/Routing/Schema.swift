internal import APITypes

/// The shape of a JSON value: what the server checks bodies against, and what its document says.
indirect enum Schema: Sendable {
    case text(TextRule)
    /// RFC 3339 in UTC with milliseconds.
    case time
    case integer(ClosedRange<UInt64>)
    case boolean
    case array(Schema, countMax: Int)
    case object(ObjectSchema)
    /// Any object, whose text takes at most so many bytes.
    case freeObject(bytesMax: Int)
    /// The schema, or null.
    case nullable(Schema)

    /// A list's page of these items.
    static func page(_ items: Schema) -> Schema {
        .object(
            ObjectSchema(
                nil,
                [
                    Property("items", .array(items, countMax: 1_000)),
                    Property("next_cursor", .nullable(.text(.cursor))),
                ]))
    }
}

/// The members of an object. There are no others.
struct ObjectSchema: Sendable {
    /// The name under which the document lists it; nil writes it where it is used.
    let name: String?
    let properties: [Property]

    init(_ name: String? = nil, _ properties: [Property]) {
        self.name = name
        self.properties = properties
    }
}

/// One member of an object.
struct Property: Sendable {
    let name: String
    let schema: Schema
    let isRequired: Bool
    let summary: String?

    init(_ name: String, _ schema: Schema, required: Bool = true, _ summary: String? = nil) {
        self.name = name
        self.schema = schema
        isRequired = required
        self.summary = summary
    }
}

/// How a value departs from its schema. It names fields of the schema, and nothing that the caller
/// wrote.
enum SchemaFault: Error, Equatable, Sendable {
    /// An object has a member that its schema does not have.
    case unknownField(in: String)
    /// A member that must be there is not.
    case missing(String)
    /// A value is of the wrong kind, or outside its bounds.
    case invalid(String, expected: String)
}

extension Schema {
    /// Checks a value; `path` names it in faults.
    ///
    /// - Throws: the first fault.
    func check(_ value: JSONValue, at path: String = "body") throws(SchemaFault) {
        switch self {
        case .nullable(let schema):
            if value != .null { try schema.check(value, at: path) }
        case .text(let rule):
            guard let text = value.string, rule.allows(text) else {
                throw .invalid(path, expected: expectation)
            }
        case .time:
            guard let text = value.string, text.utf8.count == 24 else {
                throw .invalid(path, expected: expectation)
            }
        case .integer(let range):
            guard let number = value.unsigned, range.contains(number) else {
                throw .invalid(path, expected: expectation)
            }
        case .boolean:
            guard value.bool != nil else { throw .invalid(path, expected: expectation) }
        case .array(let element, let countMax):
            guard let elements = value.array, elements.count <= countMax else {
                throw .invalid(path, expected: expectation)
            }
            for (index, value) in elements.enumerated() {
                try element.check(value, at: "\(path)[\(index)]")
            }
        case .freeObject(let bytesMax):
            guard value.members != nil, value.bytes.count <= bytesMax else {
                throw .invalid(path, expected: expectation)
            }
        case .object(let schema): try schema.check(value, at: path)
        }
    }

    /// What should have stood there, in words.
    private var expectation: String {
        switch self {
        case .text(let rule):
            if let pattern = rule.pattern {
                "text of \(rule.lengthMin) to \(rule.lengthMax) characters matching \(pattern)"
            } else {
                "text of \(rule.lengthMin) to \(rule.lengthMax) characters"
            }
        case .time: "a time as RFC 3339 spells it, in UTC with milliseconds"
        case .integer(let range):
            "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .boolean: "true or false"
        case .array(_, let countMax): "an array of at most \(countMax) elements"
        case .freeObject(let bytesMax): "an object of at most \(bytesMax) bytes"
        case .object: "an object"
        case .nullable(let schema): schema.expectation
        }
    }
}

extension ObjectSchema {
    fileprivate func check(_ value: JSONValue, at path: String) throws(SchemaFault) {
        guard let members = value.members else { throw .invalid(path, expected: "an object") }
        for member in members {
            let property = properties.first { $0.name.utf8.elementsEqual(member.name.utf8) }
            guard let property else { throw .unknownField(in: path) }
            try property.schema.check(member.value, at: "\(path).\(property.name)")
        }
        for property in properties where property.isRequired {
            guard value[property.name] != nil else { throw .missing("\(path).\(property.name)") }
        }
    }
}
