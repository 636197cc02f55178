import APITypes
import LoadCore
import Testing

@Suite("The bytes of requests") struct RequestTemplatesTests {
    private func text(
        _ request: LoadRequest, tenantID: String? = nil, logInTenant: String? = nil
    ) -> String {
        let subjects = PreparedSubjects(
            callerToken: "wws_caller", logInTenant: logInTenant,
            users: [.init(id: "usr_0", name: "bench-0", password: "pa\"ss")],
            sessionTokens: ["wws_zero", "wws_one"], refreshTokens: [], secretPath: "bench/7")
        let templates = RequestTemplates(
            host: "lb:8080", tenantID: tenantID, subjects: subjects)
        var bytes = Array("before|".utf8)
        templates.write(request, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("a validation carries the session's token, and no other")
    func validate() {
        #expect(
            text(.validate(session: 1))
                == "before|GET /v1/validate HTTP/1.1\r\nHost: lb:8080\r\n"
                + "Authorization: Bearer wws_one\r\n\r\n")
    }

    @Test("what the caller does carries the caller's token, in the tenant they act in")
    func caller() {
        #expect(
            text(.revoke(id: "ses_9"), tenantID: "ten_1")
                == "before|DELETE /v1/tenants/ten_1/sessions/ses_9 HTTP/1.1\r\nHost: lb:8080\r\n"
                + "Authorization: Bearer wws_caller\r\n\r\n")
        #expect(
            text(.secret)
                == "before|GET /v1/secrets/bench/7 HTTP/1.1\r\nHost: lb:8080\r\n"
                + "Authorization: Bearer wws_caller\r\n\r\n")
    }

    @Test(
        "a body has the length that is announced, and is JSON",
        arguments: [
            LoadRequest.start(user: 0), .login(user: 0), .refresh(holder: 0, token: "wwr_a"),
        ])
    func bodies(_ request: LoadRequest) throws {
        let parts = text(request, logInTenant: "ten_1").split(separator: "\r\n\r\n")
        let body = try #require(parts.last)
        #expect(parts[0].hasSuffix("Content-Length: \(body.utf8.count)"))
        #expect(try JSONValue(parsing: Array(body.utf8)).members?.isEmpty == false)
    }

    @Test("a log-in says who, the password and the tenant, and carries no token")
    func login() throws {
        let text = text(.login(user: 0), logInTenant: "ten_1")
        #expect(!text.contains("Authorization"))
        let body = try JSONValue(parsing: Array(text.split(separator: "\r\n\r\n")[1].utf8))
        #expect(body["username"] == .string("bench-0"))
        #expect(body["password"] == .string("pa\"ss"))
        #expect(body["tenant"] == .string("ten_1"))
    }
}
