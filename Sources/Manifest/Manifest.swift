public import APITypes

/// What a file says that there shall be: roles, users and keys, and the tenant's settings. A
/// section that is nil is not spoken of, and nothing of its kind is ever removed.
public struct Manifest: Equatable, Sendable {
    public var roles: [Declaration]?
    public var users: [Declaration]?
    public var keys: [Declaration]?
    public var settings: Declaration?

    public init(
        roles: [Declaration]? = nil, users: [Declaration]? = nil, keys: [Declaration]? = nil,
        settings: Declaration? = nil
    ) {
        self.roles = roles
        self.users = users
        self.keys = keys
        self.settings = settings
    }
}

/// One object of a file. Fields that are not written are left as they are.
public struct Declaration: Equatable, Sendable {
    public var subject: Subject
    /// Where it begins, from 1.
    public var line: Int
    /// In the names and the form of the API; lists ascending, each element once.
    public var fields: [JSONMember]
    /// What counts when the object is made, and cannot be compared afterwards.
    public var secret: DeclaredSecret?

    public init(
        _ subject: Subject, line: Int, fields: [JSONMember] = [], secret: DeclaredSecret? = nil
    ) {
        self.subject = subject
        self.line = line
        self.fields = fields
        self.secret = secret
    }

    /// The value of a field that is written; nil for others.
    func field(_ name: String) -> JSONValue? { fields.first { $0.name == name }?.value }

    /// The texts of a list that is written; nil for others.
    func texts(_ name: String) -> [String]? { field(name)?.array?.compactMap(\.string) }
}

/// What an object is known by.
public enum Subject: Hashable, Sendable, CustomStringConvertible {
    case role(String)
    /// By the canonical name.
    case user(String)
    /// By its name among the imported keys of its owner.
    case key(String, owner: String)
    /// There is one object of this kind.
    case settings

    public var description: String {
        switch self {
        case .role(let name): "role \(name)"
        case .user(let name): "user \(name)"
        case .key(let name, let owner): "key \(name) of \(owner)"
        case .settings: "settings"
        }
    }
}

/// How a file tells a credential without telling it.
public enum DeclaredSecret: Equatable, Sendable {
    /// A PHC or crypt string.
    case passwordHash(String)
    /// A file with the password, as the manifest spells its path.
    case passwordFile(String)
    /// The SHA-256 of a key that was made elsewhere, in hexadecimal digits.
    case sha256(String)
}

extension Manifest {
    /// The users whom the file names, as users or as owners of keys; ascending.
    public var userNames: [String] {
        let declared = (users ?? []).compactMap { declaration -> String? in
            if case .user(let name) = declaration.subject { name } else { nil }
        }
        return Set(declared + (keys ?? []).compactMap(\.ownerName)).sorted()
    }
}

extension Declaration {
    /// Whose a key is; nil for anything else.
    public var ownerName: String? {
        if case .key(_, let owner) = subject { owner } else { nil }
    }
}
