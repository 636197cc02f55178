internal import APITypes
internal import AuthCore
internal import AuthService
internal import ByteCodec
internal import RaftCore

/// Writes rows as the objects of the API.
enum Objects {
    static func user(_ user: UserRow) -> JSONValue {
        .object([
            "id": .string(ObjectText.show(user.id)),
            "username": .string(user.username.string),
            "email": .string(user.email.string),
            "display_name": .string(user.displayName.string),
            "kind": .string(user.kind.name),
            "roles": .strings(user.roles.map(\.string)),
            "disabled": .bool(user.disabled),
            "quota": .string(user.quota.string),
            "metadata": metadata(user.metadata),
            "created_at": .string(user.createdAt.rfc3339),
            "updated_at": .string(user.updatedAt.rfc3339),
            "version": .unsigned(user.version),
        ])
    }

    static func role(_ role: RoleRow) -> JSONValue {
        .object([
            "name": .string(role.name.string),
            "permissions": .strings(role.permissions.map(\.string)),
            "inherits": .strings(role.inherits.map(\.string)),
            "rate_limit": .string(role.rateLimit.string),
            "quota": .string(role.quota.string),
            "description": .string(role.description.string),
            "builtin": .bool(role.builtIn),
            "version": .unsigned(role.version),
        ])
    }

    static func session(_ session: SessionRow, _ codec: TokenCodec) -> JSONValue {
        .object([
            "id": .string(codec.show(session.id)),
            "kind": .string(session.kind.name),
            "user_id": .string(ObjectText.show(session.user)),
            "tenant_id": .string(ObjectText.show(session.tenant)),
            "client_id": .null,
            "auth_method": .string(session.method.name),
            "label": .string(session.label.string),
            "address": .string(session.address.string),
            "created_at": .string(session.createdAt.rfc3339),
            "last_seen_at": .string(session.lastSeenAt.rfc3339),
            "access_count": .unsigned(session.accessCount),
            "expires_at": .string(session.expiresAt.rfc3339),
            "idle_expires_at": .string(session.idleExpiresAt.rfc3339),
            "allowed_secrets": .array([]),
            "version": .unsigned(session.version),
        ])
    }

    static func key(_ key: KeyRow, _ codec: TokenCodec) -> JSONValue {
        .object(members(key, codec))
    }

    /// A key with the whole of it, which is shown once.
    static func issued(_ issued: APIKeys.Issued, _ codec: TokenCodec) -> JSONValue {
        let token = issued.token.map { [JSONMember("key", .string($0))] } ?? []
        return .object(token + members(issued.key, codec))
    }

    private static func members(_ key: KeyRow, _ codec: TokenCodec) -> [JSONMember] {
        [
            JSONMember("id", .string(codec.show(key.id))),
            JSONMember("name", .string(key.name.string)),
            JSONMember("prefix", .string(key.prefix.string)),
            JSONMember("owner_id", .string(ObjectText.show(key.owner))),
            JSONMember("roles", .strings(key.scope.roles.map(\.string))),
            JSONMember("permissions", .strings(key.scope.permissions.map(\.string))),
            JSONMember("allowed_addresses", .strings(key.addresses.map(\.description))),
            JSONMember("rate_limit", .string(key.rateLimit.string)),
            JSONMember("quota", .string(key.quota.string)),
            JSONMember("imported", .bool(key.origin == .imported)),
            JSONMember("created_at", .string(key.createdAt.rfc3339)),
            JSONMember("updated_at", .string(key.updatedAt.rfc3339)),
            JSONMember("expires_at", .optional(key.expiresAt?.rfc3339)),
            JSONMember("previous_expires_at", .optional(key.former?.endsAt.rfc3339)),
            JSONMember("last_used_at", .optional(key.lastUsedAt?.rfc3339)),
            JSONMember("last_used_address", .string(key.lastUsedAddress.string)),
            JSONMember("metadata", metadata(key.metadata)),
            JSONMember("version", .unsigned(key.version)),
        ]
    }

    static func loggedIn(
        _ answer: LoggedIn, _ codec: TokenCodec, now: Timestamp
    ) -> JSONValue {
        var members = [
            JSONMember("session", session(answer.session, codec)),
            JSONMember("session_token", .string(answer.sessionToken)),
            JSONMember("user", user(answer.user)),
        ]
        if let token = answer.refreshToken {
            members.append(JSONMember("refresh_token", .string(token)))
        }
        members += accessToken(answer.accessToken, now: now)
        return .object(members)
    }

    static func lookedUp(
        _ holder: Caller, _ session: SessionRow, _ codec: TokenCodec
    ) -> JSONValue {
        .object([
            "session": self.session(session, codec),
            "user": user(holder.user),
            "roles": .strings(holder.permissions.roles.map(\.string)),
            "permissions": .strings(holder.permissions.permissions.map(\.string)),
        ])
    }

    /// The head of a secret, without its value.
    static func secret(_ secret: SecretRow) -> JSONValue {
        .object([
            "path": .string(secret.path.string),
            "encoding": .string(secret.encoding.name),
            "version": .unsigned(secret.latest),
            "created_at": .string(secret.createdAt.rfc3339),
            "expires_at": .optional(secret.expiresAt?.rfc3339),
            "metadata": metadata(secret.metadata),
        ])
    }

    static func version(_ row: SecretVersionRow) -> JSONValue {
        .object([
            "path": .string(row.path.string),
            "version": .unsigned(row.version),
            "state": .string(row.state.name),
            "encoding": .string(row.encoding.name),
            "created_at": .string(row.createdAt.rfc3339),
            "expires_at": .optional(row.expiresAt?.rfc3339),
            "metadata": metadata(row.metadata),
        ])
    }

    /// A version with its value.
    static func secret(_ row: SecretVersionRow, value: String) -> JSONValue {
        .object([
            "path": .string(row.path.string),
            "value": .string(value),
            "encoding": .string(row.encoding.name),
            "version": .unsigned(row.version),
            "created_at": .string(row.createdAt.rfc3339),
            "expires_at": .optional(row.expiresAt?.rfc3339),
            "metadata": metadata(row.metadata),
        ])
    }

    /// One page of a list.
    static func page(_ items: [JSONValue], next: String?) -> JSONValue {
        .object(["items": .array(items), "next_cursor": .optional(next)])
    }

    /// What was stored as the text of a JSON object.
    private static func metadata(_ text: Text) -> JSONValue {
        guard !text.isEmpty else { return .object([JSONMember]()) }
        do throws(JSONError) {
            return try JSONValue(parsing: text.utf8)
        } catch {
            // It was parsed before it was stored.
            preconditionFailure("stored metadata: \(error)")
        }
    }
}

extension UserKind {
    var name: String { "\(self)" }
    init?(name: String) {
        switch name {
        case "person": self = .person
        case "service": self = .service
        default: return nil
        }
    }
}

extension SessionKind {
    var name: String { "\(self)" }
}

extension AuthMethod {
    var name: String { "\(self)" }
}

extension SecretState {
    var name: String { "\(self)" }
}

extension SecretEncoding {
    var name: String { "\(self)" }
}
