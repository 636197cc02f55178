internal import APITypes
internal import AuthCore
internal import AuthService
internal import RaftCore

/// Writes audit rows as the objects of the API.
struct AuditObjects {
    let codec: TokenCodec

    func record(_ row: AuditRow) -> JSONValue {
        .object([
            "seq": .unsigned(row.sequence),
            "index": .unsigned(row.index.rawValue),
            "at": .string(row.at.rfc3339),
            "tenant_id": .string(ObjectText.show(row.tenant)),
            "actor": .string(actor(row.actor)),
            "action": .string(row.action.name),
            "target": .string(target(row.target)),
            "outcome": .string(row.outcome.name),
            "request_id": .string(row.requestID.string),
            "address": .string(row.address.string),
            "node": .string("\(row.node)"),
            "details": details(row.details, by: row.actor),
            "prev": .string(RequestID.hex(row.previous.bytes)),
        ])
    }

    private func actor(_ actor: Actor) -> String {
        switch actor {
        case .node: "node"
        case .anonymous: "anonymous"
        case .user(let user): ObjectText.show(user.user)
        }
    }

    private func target(_ target: AuditTarget) -> String {
        switch target {
        case .none: ""
        case .user(let id): ObjectText.show(id)
        case .role(let name): "role:\(name.string)"
        case .session(let id): codec.show(id)
        case .secret(let path): "secret:\(path.string)"
        case .member(let node): "\(node)"
        case .key(let id): codec.show(id)
        case .tenant(let id): ObjectText.show(id)
        }
    }

    /// What a record's `target` says; nil when no record can say so.
    func target(spelt text: String) -> AuditTarget? {
        if let id: UserID = ObjectText.read(text) { return .user(id) }
        if let id = codec.readSessionID(text) { return .session(id) }
        if let id = codec.readKeyID(text) { return .key(id) }
        if let id: TenantID = ObjectText.read(text) { return .tenant(id) }
        if text.hasPrefix("role:") {
            return RoleName(String(text.dropFirst(5))).map { .role($0) }
        }
        if text.hasPrefix("secret:") {
            return SecretPath(String(text.dropFirst(7))).map { .secret($0) }
        }
        return NodeID(name: text).map { .member($0) }
    }

    /// An object; a name that occurs more than once holds an array.
    private func details(_ details: [AuditDetail], by actor: Actor) -> JSONValue {
        var members: [JSONMember] = []
        if case .user(let user) = actor, case .key(let key) = user.credential {
            members.append(JSONMember("actor_key_id", .string(codec.show(key))))
        }
        for detail in details {
            let member = self.member(detail)
            guard let index = members.firstIndex(where: { $0.name == member.name }) else {
                members.append(member)
                continue
            }
            let before = members[index].value.array ?? [members[index].value]
            members[index].value = .array(before + [member.value])
        }
        return .object(members)
    }

    private func member(_ detail: AuditDetail) -> JSONMember {
        switch detail {
        case .user(let id): JSONMember("user_id", .string(ObjectText.show(id)))
        case .role(let name): JSONMember("role", .string(name.string))
        case .version(let version): JSONMember("version", .unsigned(version))
        case .changed(let fields): JSONMember("changed", .strings(fields.names))
        case .method(let method): JSONMember("auth_method", .string(method.name))
        case .reason(let reason): JSONMember("reason", .string(reason.name))
        case .count(let count): JSONMember("count", .unsigned(count))
        case .generation(let number): JSONMember("generation", .unsigned(UInt64(number)))
        case .permission(let permission):
            JSONMember("permission", .string(permission.string))
        case .actorTenant(let tenant):
            JSONMember("actor_tenant_id", .string(ObjectText.show(tenant)))
        case .member(let node): JSONMember("member", .string("\(node)"))
        case .changedKey(let fields): JSONMember("changed", .strings(fields.names))
        }
    }
}
