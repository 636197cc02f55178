internal import APITypes

/// Compares what a file says with what there is, and says what is to be done, in an order in which
/// it can be done: roles behind those that they inherit, then users, then keys; what is removed,
/// the other way round; and last the settings, by which the rest might be refused.
///
/// It changes nothing itself. Each change holds only as long as its object is as it was compared.
public struct Planner {
    private let manifest: Manifest
    private let present: PresentState
    private let prunes: Bool
    private var problems: [ManifestError.Problem] = []

    private init(_ manifest: Manifest, _ present: PresentState, prunes: Bool) {
        self.manifest = manifest
        self.present = present
        self.prunes = prunes
    }

    /// The changes that are to be made; none when everything is as it should be.
    ///
    /// - Parameter prunes: whether what the file does not name is removed, in the sections that it
    ///   has.
    /// - Throws: `ManifestError` for what the file asks and what there is does not allow.
    public static func plan(
        _ manifest: Manifest, _ present: PresentState, prunes: Bool = false
    ) throws(ManifestError) -> [Change] {
        var planner = Planner(manifest, present, prunes: prunes)
        let changes = planner.plan()
        guard planner.problems.isEmpty else { throw ManifestError(planner.problems) }
        return changes
    }

    private mutating func plan() -> [Change] {
        let removed = removedObjects()
        let order = roleOrder()
        checkReferences(removed: removed)
        return roleChanges(order) + userChanges() + keyChanges()
            + removed.keys.map { removal($0, "/v1/keys/\($0.id)") }
            + removed.users.map { removal($0, "/v1/users/\($0.id)") }
            + order.names.reversed().compactMap { name in
                removed.roles.first { $0.id == name }.map { removal($0, "/v1/roles/\(name)") }
            } + settingsChanges()
    }

    // MARK: - Removing

    private struct Removed {
        var roles: [PresentObject] = []
        var users: [PresentObject] = []
        var keys: [PresentObject] = []
    }

    /// What the file does not name, in the sections that it has. Built-in roles stay, and so does
    /// the caller, whom nobody could bring back.
    private func removedObjects() -> Removed {
        guard prunes else { return Removed() }
        func others(_ objects: [PresentObject], _ declared: [Declaration]?) -> [PresentObject] {
            guard let declared else { return [] }
            let named = Set(declared.map(\.subject))
            return objects.filter { !named.contains($0.subject) }
        }
        return Removed(
            roles: others(present.roles, manifest.roles).filter { !$0.isBuiltIn },
            users: others(present.users, manifest.users).filter {
                $0.subject != present.caller.map(Subject.user)
            },
            keys: others(present.keys, manifest.keys))
    }

    private func removal(_ object: PresentObject, _ path: String) -> Change {
        Change(
            .remove, object.subject, lines: [Self.head(.remove, object.subject)],
            method: "DELETE", path: path, condition: .version(object.version))
    }

    // MARK: - What the file refers to

    /// All roles as they will be, those that are to be removed included.
    private mutating func roleOrder() -> RoleOrder {
        var inherits: [String: [String]] = [:]
        for role in present.roles { inherits[role.id] = role.texts("inherits") }
        for role in manifest.roles ?? [] {
            guard case .role(let name) = role.subject else { continue }
            inherits[name] = role.texts("inherits") ?? inherits[name] ?? []
        }
        let order = RoleOrder(inherits)
        if let circle = order.circular.first {
            let declared = (manifest.roles ?? []).first { order.circular.contains("\($0.id)") }
            note(declared, "roles would inherit each other in a circle, with \(circle)")
        }
        return order
    }

    private mutating func checkReferences(removed: Removed) {
        let gone = Set(removed.roles.map(\.id))
        let roles = Set(present.roles.map(\.id) + (manifest.roles ?? []).map(\.id))
            .subtracting(gone)
        for declared in [manifest.roles, manifest.users, manifest.keys].compactMap({ $0 }).joined()
        {
            let named = (declared.texts("inherits") ?? []) + (declared.texts("roles") ?? [])
            for name in named where !roles.contains(name) {
                note(declared, "\(declared.subject): there is no role \(name)")
            }
        }
        let users = Set(present.users.map(\.subject) + (manifest.users ?? []).map(\.subject))
            .subtracting(removed.users.map(\.subject))
        for declared in manifest.keys ?? [] {
            guard case .key(_, let owner) = declared.subject else { continue }
            if !users.contains(.user(owner)) {
                note(declared, "\(declared.subject): there is no user \(owner)")
            }
        }
    }

    private mutating func note(_ declaration: Declaration?, _ text: String) {
        problems.append(.init(declaration?.line ?? 1, Difference.shown(text)))
    }

    // MARK: - Making and changing

    private mutating func roleChanges(_ order: RoleOrder) -> [Change] {
        let declared = Dictionary(
            (manifest.roles ?? []).map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        return order.names.compactMap { declared[$0] }.compactMap { role in
            let old = present.roles.first { $0.subject == role.subject }
            let fields = differing(role, from: old)
            guard old == nil || !fields.isEmpty else { return nil }
            if old?.isBuiltIn == true {
                note(role, "\(role.subject) is built in and cannot be changed")
                return nil
            }
            return change(
                role, old, fields, method: "PUT", path: "/v1/roles/\(role.id)",
                body: wholeRole(role, old))
        }
    }

    /// All of a role, because a role is replaced: what is not written stays as it is.
    private func wholeRole(_ role: Declaration, _ old: PresentObject?) -> [JSONMember] {
        ["permissions", "inherits", "rate_limit", "quota", "description"].compactMap { name in
            let kept = old?.value[name] ?? (name == "permissions" ? .array([]) : nil)
            return (role.field(name) ?? kept).map { JSONMember(name, $0) }
        }
    }

    private func userChanges() -> [Change] {
        // The caller comes last, who may lose by it what the rest needs.
        let users = manifest.users ?? []
        return (users.filter { !isCaller($0) } + users.filter(isCaller)).compactMap { user in
            guard case .user(let name) = user.subject else { return nil }
            let old = present.users.first { $0.subject == user.subject }
            let fields = differing(user, from: old)
            guard let old else {
                var body = [JSONMember("username", .string(name))] + fields
                var passwordFile: String?
                switch user.secret {
                case .passwordHash(let hash):
                    body.append(JSONMember("password_hash", .string(hash)))
                case .passwordFile(let path): passwordFile = path
                case .sha256, nil: break
                }
                return change(
                    user, nil, fields, method: "POST", path: "/v1/users", body: body,
                    passwordFile: passwordFile)
            }
            guard !fields.isEmpty else { return nil }
            return change(
                user, old, fields, method: "PATCH", path: "/v1/users/\(old.id)", body: fields)
        }
    }

    private func isCaller(_ user: Declaration) -> Bool {
        user.subject == present.caller.map(Subject.user)
    }

    private mutating func keyChanges() -> [Change] {
        (manifest.keys ?? []).compactMap { key in
            guard case .key(let name, let owner) = key.subject,
                case .sha256(let digest)? = key.secret
            else { return nil }
            let found = present.keys.filter { $0.subject == key.subject }
            guard found.count < 2 else {
                note(key, "\(key.subject): there are \(found.count) imported keys of that name")
                return nil
            }
            let fields = differing(key, from: found.first)
            guard let old = found.first else {
                let body = [
                    JSONMember("name", .string(name)), JSONMember("sha256", .string(digest)),
                ]
                return change(
                    key, nil, fields, method: "POST", path: "/v1/keys", body: body + fields,
                    owner: owner)
            }
            guard !fields.isEmpty else { return nil }
            return change(
                key, old, fields, method: "PATCH", path: "/v1/keys/\(old.id)", body: fields)
        }
    }

    private func settingsChanges() -> [Change] {
        guard let declared = manifest.settings, let old = present.settings else { return [] }
        let fields = differing(declared, from: old)
        guard !fields.isEmpty else { return [] }
        return [
            change(declared, old, fields, method: "PATCH", path: "/v1/settings", body: fields)
        ]
    }

    /// The written fields that are not as they are written.
    private func differing(_ declared: Declaration, from old: PresentObject?) -> [JSONMember] {
        declared.fields.filter { field in
            guard let old, let value = old.value[field.name] else { return true }
            // A key has roles or permissions: to write one, were it empty, takes the other away.
            let other = ["roles": "permissions", "permissions": "roles"][field.name]
            if case .key = declared.subject, let other, !old.texts(other).isEmpty { return true }
            return !value.saysTheSame(as: field.value)
        }
    }

    private func change(
        _ declared: Declaration, _ old: PresentObject?, _ fields: [JSONMember], method: String,
        path: String, body: [JSONMember], owner: String? = nil, passwordFile: String? = nil
    ) -> Change {
        let kind: Change.Kind = old == nil ? .add : .update
        var lines = [Self.head(kind, declared.subject)]
        for field in fields {
            lines += Difference.lines(
                declared.subject, field.name, from: old?.value[field.name], to: field.value)
        }
        if old == nil, let secret = declared.secret {
            let (field, text) = Self.shown(secret)
            lines.append(Difference.line(.add, declared.subject, field, text))
        }
        return Change(
            kind, declared.subject, lines: lines, method: method, path: path,
            condition: old.map { .version($0.version) } ?? .absent, fields: body, owner: owner,
            passwordFile: passwordFile)
    }

    /// How a credential is spoken of: never by what it is.
    private static func shown(_ secret: DeclaredSecret) -> (field: String, text: String) {
        switch secret {
        case .passwordHash: ("password", "by its hash")
        case .passwordFile(let path): ("password", "from \(path)")
        case .sha256: ("sha256", "imported")
        }
    }

    private static func head(_ kind: Change.Kind, _ subject: Subject) -> String {
        "\(kind.rawValue) \(Difference.shown("\(subject)"))"
    }
}

extension Declaration {
    /// The name of a role, a user or a key.
    fileprivate var id: String {
        switch subject {
        case .role(let name), .user(let name), .key(let name, _): name
        case .settings: "settings"
        }
    }
}
