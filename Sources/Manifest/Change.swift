public import APITypes

/// One request that brings what there is nearer to what the file says.
public struct Change: Equatable, Sendable {
    /// What it does to its object.
    public enum Kind: String, Sendable {
        case add = "+"
        case update = "~"
        case remove = "-"
    }

    /// What must hold of the object for the request to take effect.
    public enum Condition: Equatable, Sendable {
        /// There is none yet.
        case absent
        /// It is still of this version.
        case version(UInt64)
    }

    public let kind: Kind
    public let subject: Subject
    /// The difference for people: one line for the object, and one for each field that changes. No
    /// line has a control character or a credential.
    public let lines: [String]
    public let method: String
    public let path: String
    public let condition: Condition
    /// The user whose id is to stand in the body as `owner_id`, where there is one.
    public let owner: String?
    /// The file whose content is to stand in the body as `password`, where there is one.
    public let passwordFile: String?
    private let fields: [JSONMember]

    init(
        _ kind: Kind, _ subject: Subject, lines: [String], method: String, path: String,
        condition: Condition, fields: [JSONMember] = [], owner: String? = nil,
        passwordFile: String? = nil
    ) {
        self.kind = kind
        self.subject = subject
        self.lines = lines
        self.method = method
        self.path = path
        self.condition = condition
        self.fields = fields
        self.owner = owner
        self.passwordFile = passwordFile
    }

    /// The header field that the condition is, if the request needs one: `POST` makes what is not
    /// there, and nothing else, by itself.
    public var conditionHeader: (name: String, value: String)? {
        switch condition {
        case .absent: method == "POST" ? nil : ("If-None-Match", "*")
        case .version(let version): ("If-Match", "\"\(version)\"")
        }
    }

    /// The body, or nil for none.
    ///
    /// - Precondition: what the change asks for is given, and nothing else.
    public func body(ownerID: String? = nil, password: String? = nil) -> JSONValue? {
        precondition((owner == nil) == (ownerID == nil), "\(subject): owner")
        precondition((passwordFile == nil) == (password == nil), "\(subject): password")
        guard kind != .remove else { return nil }
        var members = fields
        if let ownerID { members.append(JSONMember("owner_id", .string(ownerID))) }
        if let password { members.append(JSONMember("password", .string(password))) }
        return .object(members)
    }
}
