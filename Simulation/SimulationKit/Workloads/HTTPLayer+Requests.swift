import APITypes
import HTTPAPI

// Operations as requests.

extension HTTPLayer {
    /// A request before it has a client's own headers.
    struct Draft {
        var method: String
        var path: String
        var body: JSONValue?
        var headers: [(String, String)] = []
        var backend = Balancer.Backend.write
        /// Whether a quorum confirms the answer.
        var isLinearizable = false
    }

    /// The role whose holders alone may do what gateways ask for.
    static let role = "executor"
    static let rolePermission = "code:execute"
    /// The role that everybody has.
    static let memberRole = "members"

    /// The request that asks for it.
    func draft(_ operation: HTTPOperation) -> Draft {
        switch operation.kind {
        case .logIn, .logOut, .refresh, .validate, .lookUp, .revoke, .revokeAll, .revokeOwn:
            sessionDraft(operation)
        case .setPassword, .changePassword, .setDisabled, .grant, .takeBack, .readUser,
            .createUser, .putRole:
            userDraft(operation)
        case .putSecret, .readSecret, .deleteSecret: secretDraft(operation)
        case .createKey, .rotateKey, .deleteKey, .useKey: keyDraft(operation)
        case .createLimited, .useLimited: limitDraft(operation)
        case .rotateSigningKeys, .useAccessToken: tokenDraft(operation)
        case .limitSessions: crowdDraft(operation)
        case .coder, .showCode, .showNoCode: codeDraft(operation)
        case .createTenant, .setTenant, .deleteTenant, .tenantLogIn, .tenantKey, .useInTenant,
            .reachSession:
            tenantDraft(operation)
        }
    }

    private func sessionDraft(_ operation: HTTPOperation) -> Draft {
        switch operation.kind {
        case .logIn(let account, let password, let seconds):
            var body = [
                JSONMember("username", .string(name(account))),
                JSONMember("password", .string(passwordText(account, password))),
                JSONMember("tokens", .bool(true)),
            ]
            if let seconds { body.append(JSONMember("ttl_seconds", .unsigned(seconds))) }
            return Draft(method: "POST", path: "/v1/auth/login", body: .object(body))
        case .logOut: return Draft(method: "POST", path: "/v1/auth/logout")
        case .refresh(_, let token):
            return Draft(
                method: "POST", path: "/v1/auth/refresh",
                body: .object(["refresh_token": .string(token)]))
        case .validate:
            var draft = Draft(method: "GET", path: "/v1/validate", backend: .read)
            if operation.needsRole { draft.path += "?permission=" + Self.rolePermission }
            return draft
        case .lookUp(let session):
            return Draft(
                method: "POST", path: "/v1/sessions/lookup",
                body: .object(["token": .string(judge.tokens[session].token)]), backend: .read,
                isLinearizable: true)
        case .revoke(let session):
            return Draft(method: "DELETE", path: "/v1/sessions/" + judge.tokens[session].shownID)
        case .revokeAll(let account):
            return Draft(method: "DELETE", path: "/v1/users/\(shownID(account))/sessions")
        case .revokeOwn:
            return Draft(method: "DELETE", path: "/v1/users/self/sessions?keep_current=true")
        default: preconditionFailure("\(operation.kind.told) is not about a session")
        }
    }

    private func userDraft(_ operation: HTTPOperation) -> Draft {
        switch operation.kind {
        case .setPassword(let account, let new):
            return Draft(
                method: "PUT", path: "/v1/users/\(shownID(account))/password",
                body: .object(["password": .string(Account.password(new))]))
        case .changePassword(_, let old, let new):
            return Draft(
                method: "PUT", path: "/v1/users/self/password",
                body: .object([
                    "old_password": .string(Account.password(old)),
                    "new_password": .string(Account.password(new)),
                ]))
        case .setDisabled(let account, let isDisabled):
            return Draft(
                method: "PATCH", path: "/v1/users/\(shownID(account))",
                body: .object(["disabled": .bool(isDisabled)]))
        case .grant(let account):
            return Draft(method: "PUT", path: "/v1/users/\(shownID(account))/roles/\(Self.role)")
        case .takeBack(let account):
            return Draft(
                method: "DELETE", path: "/v1/users/\(shownID(account))/roles/\(Self.role)")
        case .readUser(let account):
            return Draft(
                method: "GET", path: "/v1/users/\(shownID(account))", isLinearizable: true)
        case .createUser(let account):
            return Draft(
                method: "POST", path: "/v1/users",
                body: .object([
                    "username": .string(accounts[account].name),
                    "password": .string(Account.password(accounts[account].passwords[0])),
                    "roles": .strings([Self.memberRole]),
                ]))
        case .putRole(let name, let permissions):
            return Draft(
                method: "PUT", path: "/v1/roles/\(name)",
                body: .object(["permissions": .strings(permissions)]))
        default: preconditionFailure("\(operation.kind.told) is not about a user")
        }
    }

    private func secretDraft(_ operation: HTTPOperation) -> Draft {
        switch operation.kind {
        case .putSecret(let path, let condition, let value):
            var draft = Draft(
                method: "PUT", path: secretPath(path),
                body: .object(["value": .string("value \(value)")]))
            switch condition {
            case .any: break
            case .absent: draft.headers.append(("If-None-Match", "*"))
            case .version(let version): draft.headers.append(("If-Match", "\"\(version)\""))
            }
            return draft
        case .readSecret(let path):
            return Draft(method: "GET", path: secretPath(path), isLinearizable: true)
        case .deleteSecret(let path): return Draft(method: "DELETE", path: secretPath(path))
        default: preconditionFailure("\(operation.kind.told) is not about a secret")
        }
    }

    private func secretPath(_ path: Int) -> String { "/v1/secrets/app/\(path)" }

    private func name(_ account: Int?) -> String {
        account.map { accounts[$0].name } ?? Account.administrator
    }

    private func passwordText(_ account: Int?, _ number: Int) -> String {
        account == nil ? Account.administratorPassword : Account.password(number)
    }

    private func shownID(_ account: Int) -> String {
        guard let id = accounts[account].shownID else {
            preconditionFailure("\(accounts[account].name) is not made yet")
        }
        return id
    }

    // MARK: Bytes

    /// The request as it goes over the wire.
    func bytes(
        _ draft: Draft, _ operation: HTTPOperation, requestID: String, patience: UInt64
    ) -> [UInt8] {
        var lines = [
            "\(draft.method) \(draft.path) HTTP/1.1", "Host: auth.example.com",
            "X-Request-ID: \(requestID)", "Watchword-Timeout-Ms: \(patience)",
        ]
        if let session = operation.session {
            lines.append("Authorization: Bearer \(judge.tokens[session].token)")
        }
        if let key = operation.key { lines.append("Idempotency-Key: \(key)") }
        for (name, value) in draft.headers { lines.append("\(name): \(value)") }
        let content = draft.body?.bytes ?? []
        if draft.body != nil {
            lines.append("Content-Type: application/json")
            lines.append("Content-Length: \(content.count)")
        }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + content
    }
}
