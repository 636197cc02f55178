internal import APITypes

/// The bytes of requests to one address: what does not change is spelt out once.
public struct RequestTemplates: Sendable {
    private let subjects: PreparedSubjects
    private let validate: [UInt8]
    private let refresh: [UInt8]
    private let start: [UInt8]
    private let revoke: [UInt8]
    private let login: [UInt8]
    private let secret: [UInt8]
    /// The fields behind a path, with the caller's token.
    private let asCaller: [UInt8]

    /// - Parameters:
    ///   - host: the value of the field `Host`, which holds no line break.
    ///   - tenantID: the tenant that the caller acts in, when it is not their own.
    public init(host: String, tenantID: String?, subjects: PreparedSubjects) {
        self.subjects = subjects
        let acts = tenantID.map { "/v1/tenants/\($0)" } ?? "/v1"
        let host = "Host: \(host)\r\n"
        let caller = "Authorization: Bearer \(subjects.callerToken)\r\n"
        let json = "Content-Type: application/json\r\nContent-Length: "
        validate = Array(
            "GET /v1/validate HTTP/1.1\r\n\(host)Authorization: Bearer ".utf8)
        refresh = Array("POST /v1/auth/refresh HTTP/1.1\r\n\(host)\(json)".utf8)
        start = Array("POST \(acts)/sessions HTTP/1.1\r\n\(host)\(caller)\(json)".utf8)
        revoke = Array("DELETE \(acts)/sessions/".utf8)
        login = Array("POST /v1/auth/login HTTP/1.1\r\n\(host)\(json)".utf8)
        secret = Array(
            "GET \(acts)/secrets/\(subjects.secretPath) HTTP/1.1\r\n\(host)\(caller)\r\n".utf8)
        asCaller = Array(" HTTP/1.1\r\n\(host)\(caller)\r\n".utf8)
    }

    /// Appends one request.
    public func write(_ request: LoadRequest, to output: inout [UInt8]) {
        switch request {
        case .validate(let session):
            output += validate
            output += subjects.sessionTokens[session].utf8
            output += "\r\n\r\n".utf8
        case .refresh(_, let token):
            output += refresh
            write(body: .object(["refresh_token": .string(token)]), to: &output)
        case .start(let user):
            output += start
            let id = subjects.users[user].id
            write(
                body: .object(["user_id": .string(id), "label": .string(PreparedSubjects.label)]),
                to: &output)
        case .revoke(let id):
            output += revoke
            output += id.utf8
            output += asCaller
        case .login(let user):
            output += login
            write(body: credentials(subjects.users[user]), to: &output)
        case .secret: output += secret
        }
    }

    private func credentials(_ user: PreparedSubjects.User) -> JSONValue {
        var members = [
            JSONMember("username", .string(user.name)),
            JSONMember("password", .string(user.password)),
            JSONMember("label", .string(PreparedSubjects.label)),
        ]
        if let tenant = subjects.logInTenant {
            members.append(JSONMember("tenant", .string(tenant)))
        }
        return .object(members)
    }

    /// The length, the empty line and the body.
    private func write(body: JSONValue, to output: inout [UInt8]) {
        let bytes = body.bytes
        output += "\(bytes.count)\r\n\r\n".utf8
        output += bytes
    }
}
