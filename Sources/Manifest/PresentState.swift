public import APITypes

/// What there is now, as far as a plan needs it.
public struct PresentState: Equatable, Sendable {
    /// All roles.
    public var roles: [PresentObject]
    /// The users that the file speaks of, or all of them where others may be removed.
    public var users: [PresentObject]
    /// The imported keys of these users.
    public var keys: [PresentObject]
    /// The tenant's settings, where the file speaks of them.
    public var settings: PresentObject?
    /// The caller's user name: the one who is never removed, and changed last.
    public var caller: String?

    public init(
        roles: [PresentObject] = [], users: [PresentObject] = [], keys: [PresentObject] = [],
        settings: PresentObject? = nil, caller: String? = nil
    ) {
        self.settings = settings
        self.roles = roles
        self.users = users
        self.keys = keys
        self.caller = caller
    }

    /// Takes the objects as the server answers them. Keys that were made there are left out, and so
    /// are those of users who are not among these.
    ///
    /// - Throws: `UnintelligibleAnswer` for anything that is no such object.
    public init(
        roles: [JSONValue], users: [JSONValue], keys: [JSONValue], settings: JSONValue? = nil,
        caller: String?
    ) throws(UnintelligibleAnswer) {
        self.init(caller: caller)
        if let settings {
            self.settings = try PresentObject(.settings, id: "settings", settings)
        }
        for value in roles {
            let name = try Self.text("name", of: value)
            self.roles.append(try PresentObject(.role(name), id: name, value))
        }
        var names: [String: String] = [:]
        for value in users {
            let (name, id) = (try Self.text("username", of: value), try Self.text("id", of: value))
            names[id] = name
            self.users.append(try PresentObject(.user(name), id: id, value))
        }
        for value in keys where value["imported"]?.bool == true {
            guard let owner = names[try Self.text("owner_id", of: value)] else { continue }
            let subject = Subject.key(try Self.text("name", of: value), owner: owner)
            let id = try Self.text("id", of: value)
            self.keys.append(try PresentObject(subject, id: id, value))
        }
    }

    private static func text(
        _ name: String, of value: JSONValue
    ) throws(UnintelligibleAnswer) -> String {
        guard let text = value[name]?.string else { throw UnintelligibleAnswer(field: name) }
        return text
    }
}

/// An object that there is.
public struct PresentObject: Equatable, Sendable {
    public let subject: Subject
    /// What its path ends with.
    public let id: String
    public let version: UInt64
    /// The object as the server shows it.
    public let value: JSONValue

    /// - Throws: `UnintelligibleAnswer` when it has no version.
    public init(
        _ subject: Subject, id: String, _ value: JSONValue
    ) throws(UnintelligibleAnswer) {
        guard let version = value["version"]?.unsigned else {
            throw UnintelligibleAnswer(field: "version")
        }
        self.subject = subject
        self.id = id
        self.version = version
        self.value = value
    }

    /// Whether nobody can change or remove it.
    var isBuiltIn: Bool { value["builtin"]?.bool == true }

    /// The texts of a list.
    func texts(_ name: String) -> [String] { value[name]?.array?.compactMap(\.string) ?? [] }
}

/// An answer of the server that is not what the interface says.
public struct UnintelligibleAnswer: Error, Equatable, Sendable, CustomStringConvertible {
    public let field: String
    public init(field: String) { self.field = field }
    public var description: String { "the server's answer has no \(field) as it should be" }
}
