/// Takes an object's members one by one, and afterwards names one that nobody took.
public struct JSONObjectReader: Sendable {
    /// What is wrong with an object that is JSON but not what was asked for.
    public enum Fault: Error, Equatable, Sendable {
        case notAnObject
        case missing(field: String)
        case wrongType(field: String, expected: String)
        case unknown
    }

    private let members: [JSONMember]
    private var taken = 0
    private var names: [String] = []

    /// - Throws: `notAnObject`.
    public init(_ value: JSONValue) throws(Fault) {
        guard case .object(let members) = value else { throw .notAnObject }
        self.members = members
    }

    /// Takes the member of this name; a null counts as absent.
    public mutating func value(_ name: String) -> JSONValue? {
        precondition(!names.contains(name), "\(name) is taken twice")
        names.append(name)
        guard let member = members.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
            return nil
        }
        taken += 1
        return member.value == .null ? nil : member.value
    }

    /// Whether a member of this name is there, null or not. Takes nothing.
    public func contains(_ name: String) -> Bool {
        members.contains { $0.name.utf8.elementsEqual(name.utf8) }
    }

    /// Takes a string.
    ///
    /// - Throws: `wrongType`.
    public mutating func string(_ name: String) throws(Fault) -> String? {
        guard let value = value(name) else { return nil }
        guard let text = value.string else { throw .wrongType(field: name, expected: "a string") }
        return text
    }

    /// Takes a string that must be there.
    ///
    /// - Throws: `missing`, `wrongType`.
    public mutating func requiredString(_ name: String) throws(Fault) -> String {
        guard let text = try string(name) else { throw .missing(field: name) }
        return text
    }

    /// Takes a whole number that is not negative.
    ///
    /// - Throws: `wrongType`.
    public mutating func unsigned(_ name: String) throws(Fault) -> UInt64? {
        guard let value = value(name) else { return nil }
        guard let number = value.unsigned else {
            throw .wrongType(field: name, expected: "a whole number that is not negative")
        }
        return number
    }

    /// Takes a whole number that must be there.
    ///
    /// - Throws: `missing`, `wrongType`.
    public mutating func requiredUnsigned(_ name: String) throws(Fault) -> UInt64 {
        guard let number = try unsigned(name) else { throw .missing(field: name) }
        return number
    }

    /// Takes a truth value.
    ///
    /// - Throws: `wrongType`.
    public mutating func bool(_ name: String) throws(Fault) -> Bool? {
        guard let value = value(name) else { return nil }
        guard let truth = value.bool else {
            throw .wrongType(field: name, expected: "true or false")
        }
        return truth
    }

    /// Takes an array of strings.
    ///
    /// - Throws: `wrongType`.
    public mutating func strings(_ name: String) throws(Fault) -> [String]? {
        guard let value = value(name) else { return nil }
        guard let elements = value.array else {
            throw .wrongType(field: name, expected: "an array of strings")
        }
        var texts: [String] = []
        for element in elements {
            guard let text = element.string else {
                throw .wrongType(field: name, expected: "an array of strings")
            }
            texts.append(text)
        }
        return texts
    }

    /// Checks that every member was taken.
    ///
    /// - Throws: `unknown`. It does not say which: the name was written by the caller.
    public func finish() throws(Fault) {
        guard taken == members.count else { throw .unknown }
    }
}
