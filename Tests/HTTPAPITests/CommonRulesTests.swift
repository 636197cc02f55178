import APITypes
import AuthCore
import ByteCodec
import RaftCore
import Testing

@testable import AuthService
@testable import HTTPAPI

@Suite("what is common to every endpoint (api.md)")
struct CommonRulesTests {
    @Test("an unknown path is 404, an unknown method 405 with Allow, HEAD is GET without a body")
    func routing() throws {
        let house = try House()
        let admin = try house.logIn()
        for path in [
            "/", "/v1", "/v1/", "/v1/nothing", "/v1/users/", "/v1//users", "/v1/./users",
            "/v1/users/../roles", "/V1/users", "/v1/users/a/b/c", "/v1/users%2Fself",
        ] {
            let answer = try house.send("GET", path, token: admin)
            #expect(answer.code == "not_found", "\(path)")
        }
        let answer = try house.send("TRACE", "/v1/users/self", token: admin)
        #expect(answer.status == 405 && answer.code == "method_not_allowed")
        #expect(answer.headers["Allow"] == "GET, HEAD")
        #expect(try house.send("DELETE", "/v1/users").headers["Allow"] == "GET, HEAD, POST")
        let head = try house.send("HEAD", "/v1/users/self", token: admin)
        #expect(head.status == 200 && head.headers["ETag"] == "\"1\"")
        #expect(try house.send("GET", "/v1/users/%73elf", token: admin).status == 404)
    }

    @Test("only JSON is taken and given: 406, 411, 415, and bodies where none belongs")
    func mediaTypes() throws {
        let house = try House()
        let admin = try house.logIn()
        func post(_ headers: [(String, String)], text: String? = "{}") throws -> HouseAnswer {
            try house.send("POST", "/v1/users", token: admin, text: text, headers: headers)
        }
        #expect(try post([("Content-Type", "text/plain")]).status == 415)
        #expect(try post([("Content-Type", "application/json; charset=latin1")]).status == 415)
        #expect(try post([("Content-Type", "application/jsonp")]).status == 415)
        #expect(try post([("Content-Type", "Application/JSON; Charset=UTF-8")]).status == 422)
        #expect(try post([], text: nil).status == 411)
        for (accept, status) in [
            ("text/html", 406), ("application/json;q=0", 406), ("*/*", 200), ("application/*", 200),
            ("text/html, application/json;q=0.5", 200), ("application/problem+json", 200),
        ] {
            #expect(
                try house.send(
                    "GET", "/v1/users/self", token: admin, headers: [("Accept", accept)]
                ).status == status, "\(accept)")
        }
        let body = try house.send("GET", "/v1/users/self", token: admin, text: "{}")
        #expect(body.status == 400)
        #expect(
            try house.send("GET", "/v1/users/self", token: admin, headers: [("Expect", "x")]).status
                == 417)
    }

    @Test("a body is asked for only when the head is acceptable")
    func admission() throws {
        let house = try House()
        let api = try #require(house.nodes[0].api)
        func head(
            _ method: String, _ path: String, _ headers: HTTPHeaders = [:], length: Int = 10,
            expects: Bool = true
        ) -> HTTPRequestHead {
            HTTPRequestHead(
                method: method, path: path, headers: headers, framing: .length(length),
                expectsContinue: expects)
        }
        let json: HTTPHeaders = ["content-type": "application/json"]
        #expect(
            api.admit(head("POST", "/v1/auth/login", json))
                == .read(limitBytes: 4_096, sendsContinue: true))
        #expect(api.admit(head("POST", "/v1/auth/login")) == .answerNow)
        #expect(api.admit(head("POST", "/v1/users", json)) == .answerNow)
        #expect(api.admit(head("POST", "/nothing", json)) == .answerNow)
        #expect(api.admit(head("DELETE", "/v1/auth/login", json)) == .answerNow)
        #expect(api.admit(head("GET", "/v1/users/self", json)) == .answerNow)
        #expect(api.admit(head("PUT", "/v1/validate", json)) == .answerNow)
        #expect(
            api.admit(head("POST", "/v1/users", expects: false))
                == .read(limitBytes: 128 << 10, sendsContinue: false))
        #expect(
            api.admit(head("GET", "/v1/users", length: 0))
                == .read(limitBytes: 0, sendsContinue: false))
    }

    @Test("a well-formed request id and trace are kept, others are made anew or dropped")
    func requestIDs() throws {
        let house = try House()
        func record(_ headers: [(String, String)]) throws -> HouseAnswer {
            try house.send("GET", "/health/live", headers: headers)
        }
        let kept = try record([
            ("X-Request-ID", "Abc-1_2.3"),
            ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ])
        #expect(kept.headers["X-Request-ID"] == "Abc-1_2.3")
        #expect(kept.record.trace?.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
        for odd in ["", "a b", "é", String(repeating: "a", count: 129), "a/b"] {
            let made = try record([("X-Request-ID", odd)])
            #expect(made.headers["X-Request-ID"]?.utf8.count == 32, "\(odd)")
        }
        for odd in [
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "x",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        ] {
            #expect(try record([("traceparent", odd)]).record.trace == nil, "\(odd)")
        }
    }

    @Test("linearizable reads are confirmed, stale ones are measured and can be refused")
    func consistency() throws {
        let house = try House()
        let admin = try house.logIn()
        house.forgetNeeds()
        _ = try house.send("GET", "/v1/users", token: admin, to: 2)
        #expect(house.needs == ["confirm"])
        house.forgetNeeds()
        let stale = try house.send(
            "GET", "/v1/users", token: admin, headers: [("Watchword-Consistency", "stale")], to: 2)
        #expect(stale.headers["Watchword-Staleness-Ms"] == "12")
        #expect(house.needs.isEmpty)
        func with(_ headers: [(String, String)]) throws -> HouseAnswer {
            try house.send("GET", "/v1/users", token: admin, headers: headers, to: 2)
        }
        let bound = ("Watchword-Max-Staleness-Ms", "11")
        #expect(try with([("Watchword-Consistency", "stale"), bound]).code == "too_stale")
        #expect(try with([bound]).status == 200)
        house.forgetNeeds()
        for (name, value) in [
            ("Watchword-Consistency", "eventual"), ("Watchword-Min-Index", "-1"),
            ("Watchword-Min-Index", "1e3"), ("Watchword-Timeout-Ms", "soon"),
            ("Watchword-No-Forward", "yes"), ("Watchword-Max-Staleness-Ms", ""),
            ("Watchword-Min-Index", "99999999999999999999"),
        ] {
            #expect(try with([(name, value)]).code == "malformed", "\(name): \(value)")
        }
        house.interfere = { need in
            if case .confirmRead = need { return .readFailed(.noQuorum) }
            return nil
        }
        let cut = try with([])
        #expect(cut.status == 503 && cut.code == "no_quorum" && cut.headers["Retry-After"] == "1")
        // Two of three gone: what is stale is still there.
        #expect(try with([("Watchword-Consistency", "stale")]).status == 200)
    }

    @Test("a minimum index is waited for, unless it lies far beyond what a quorum has committed")
    func minimumIndex() throws {
        let house = try House()
        let admin = try house.logIn()
        // The second node has not applied the log-in yet.
        let committed = UInt64(house.log.count)
        for consistency in ["linearizable", "stale"] {
            func from(_ index: UInt64) throws -> HouseAnswer {
                house.forgetNeeds()
                return try house.send(
                    "GET", "/v1/users", token: admin,
                    headers: [
                        ("Watchword-Consistency", consistency),
                        ("Watchword-Min-Index", String(index)),
                    ], to: 2)
            }
            #expect(try from(committed).status == 200)
            #expect(try from(committed + 16).status == 200)
            #expect(house.needs == ["confirm", "await"])
            let beyond = try from(committed + 17)
            #expect(beyond.code == "invalid" && house.needs == ["confirm"])
            #expect(try from(999_999_999_999_999_999).code == "invalid")
        }
        let own = try house.send(
            "GET", "/v1/sessions/self", token: admin, headers: [("Watchword-Min-Index", "99999")])
        #expect(own.code == "invalid")
        house.forgetNeeds()
        let written = try house.send(
            "DELETE", "/v1/users/self/sessions?keep_current=true", token: admin,
            headers: [("Watchword-Min-Index", "99999")], to: 2)
        #expect(written.code == "invalid" && house.needs == ["confirm"])
        house.interfere = { if case .awaitIndex = $0 { .readFailed(.timeout) } else { nil } }
        let late = try house.send(
            "GET", "/v1/sessions/self", token: admin,
            headers: [("Watchword-Min-Index", String(house.log.count + 1))])
        #expect(late.status == 503 && late.code == "too_stale")
    }

    @Test("a deadline is 5 s, or what is asked for between 100 ms and 30 s")
    func deadlines() throws {
        let house = try House()
        let admin = try house.logIn()
        for (value, milliseconds) in [
            (nil, 5_000), ("100", 100), ("30000", 30_000), ("999999", 30_000), ("0", 100),
            ("99", 100),
        ] as [(String?, UInt64)] {
            var head = HTTPRequestHead(
                method: "GET", path: "/v1/users/self",
                headers: ["authorization": "Bearer \(admin)"])
            if let value { head.headers.add("watchword-timeout-ms", value) }
            let exchange = try #require(house.nodes[0].api).handle(HTTPRequest(head: head))
            #expect(exchange.timeoutMilliseconds == milliseconds)
        }
    }

    @Test("who wants no hop is sent to the leader")
    func noForward() throws {
        let house = try House()
        let admin = try house.logIn()
        let header = ("Watchword-No-Forward", "true")
        let body = JSONValue.object(["username": .string("x")])
        let sent = try house.send(
            "POST", "/v1/users", token: admin, body: body, headers: [header], to: 2,
            checked: false)
        #expect(sent.status == 307)
        #expect(sent.headers["Location"] == "http://127.0.0.1:8101/v1/users")
        #expect(
            try house.send("POST", "/v1/users", token: admin, body: body, headers: [header]).status
                == 201)
        let read = try house.send("GET", "/v1/users", token: admin, headers: [header], to: 2)
        #expect(read.status == 200)
    }

    @Test("forwarded addresses count from listed proxies only, read from the end (security A13)")
    func forwarded() throws {
        var options = APIOptions()
        options.trustedProxies = [AddressRange("127.0.0.0/8")!, AddressRange("10.0.0.0/8")!]
        let house = try House(apiOptions: options)
        func address(_ fields: String...) throws -> String {
            try house.send(
                "GET", "/health/live", headers: fields.map { ("X-Forwarded-For", $0) }
            ).record.address
        }
        #expect(try address() == "127.0.0.1")
        #expect(try address("192.0.2.7") == "192.0.2.7")
        #expect(try address("6.6.6.6, 192.0.2.7, 10.1.2.3") == "192.0.2.7")
        #expect(try address("6.6.6.6", "192.0.2.7") == "192.0.2.7")
        #expect(try address("6.6.6.6, evil.example.com") == "127.0.0.1")
        #expect(try address("6.6.6.6, evil.example.com, 10.0.0.1") == "10.0.0.1")
        #expect(try address("2001:DB8:0::1") == "2001:db8::1")
        #expect(try address("::ffff:192.0.2.9") == "192.0.2.9")
        let untrusting = try House()
        let record = try untrusting.send(
            "GET", "/health/live", headers: [("X-Forwarded-For", "6.6.6.6")]
        ).record
        #expect(record.address == "127.0.0.1")
    }

    @Test("health tells what the node is, lb paths whether it can serve")
    func health() throws {
        let house = try House()
        for (path, status) in [
            ("/health/live", 200), ("/health/ready", 200), ("/health/leader", 200),
            ("/health/follower", 503), ("/lb/write", 200), ("/lb/read", 200),
        ] {
            #expect(try house.send("GET", path).status == status, "\(path)")
        }
        let health = try house.send("GET", "/health", to: 2)
        #expect(health["role"] == "follower" && health["leader"] == "n1")
        #expect(health.json["ready"] == .bool(true))
        house.nodes[0].isReady = false
        for path in ["/health/ready", "/lb/write", "/lb/read"] {
            let answer = try house.send("GET", path)
            #expect(answer.status == 503 && answer["reason"] == "no quorum", "\(path)")
        }
        #expect(try house.send("GET", "/health/live").status == 200)
        house.nodes[0].isReady = true
        house.nodes[0].isDraining = true
        #expect(try house.send("GET", "/lb/read")["reason"] == "draining")
    }

    @Test("metrics want their key, or the permission")
    func metrics() throws {
        var options = APIOptions()
        options.metricsKey = "key of the metrics"
        let house = try House(apiOptions: options)
        #expect(try house.send("GET", "/metrics").status == 401)
        let right = try house.send(
            "GET", "/metrics", headers: [("X-Metrics-Key", "key of the metrics")])
        #expect(right.status == 200 && right.body == Array("# the figures\n".utf8))
        #expect(
            try house.send("GET", "/metrics", headers: [("X-Metrics-Key", "x")]).status == 401)
        #expect(try house.send("GET", "/metrics", token: try house.logIn()).status == 200)
    }

    @Test("the cluster is shown, and leadership handed over")
    func cluster() throws {
        let house = try House()
        let admin = try house.logIn()
        let shown = try house.send("GET", "/v1/cluster", token: admin)
        #expect(shown["leader"] == "n1")
        #expect(shown.json["members"]?.array?.count == 3)
        let moved = try house.send(
            "POST", "/v1/cluster/transfer", token: admin, body: .object(["to": .string("n3")]))
        #expect(moved.status == 200 && moved["leader"] == "n3")
        #expect(try house.send("POST", "/v1/cluster/transfer", token: admin).status == 200)
        let elsewhere = try house.send("POST", "/v1/cluster/transfer", token: admin, to: 2)
        #expect(elsewhere.status == 307)
        #expect(
            elsewhere.headers["Location"] == "http://127.0.0.1:8101/v1/cluster/transfer")
        let nobody = try house.send(
            "POST", "/v1/cluster/transfer", token: admin, body: .object(["to": .string("n9")]))
        #expect(nobody.code == "not_found")
    }

    @Test("the audit trail is a chain that shows who did what")
    func audit() throws {
        let house = try House()
        let admin = try house.logIn()
        _ = try house.makeUser("bob", by: admin)
        let bob = try house.logIn("bob", "password of a user")
        _ = try house.send("GET", "/v1/users", token: bob)
        try house.nodes[0].flush()
        var records: [JSONValue] = []
        var cursor: String?
        repeat {
            let query = cursor.map { "&cursor=\($0)" } ?? ""
            let page = try house.send("GET", "/v1/audit?limit=2\(query)", token: admin)
            records += try #require(page.json["items"]?.array)
            cursor = page["next_cursor"]
        } while cursor != nil && records.count < 50
        let numbers = records.compactMap { $0["seq"]?.integer }
        #expect(numbers == Array(1...Int64(numbers.count)))
        let actions = records.compactMap { $0["action"]?.string }
        #expect(actions.contains("cluster.bootstrap"))
        #expect(actions.contains("user.create"))
        let denied = records.first { $0["action"] == .string("request.denied") }
        #expect(denied?["details"]?["permission"] == .string("users:read"))
        let after = try house.send("GET", "/v1/audit?after=2&outcome=denied", token: admin)
        #expect(after.json["items"]?.array?.count == 1)
        let byName = try house.send("GET", "/v1/audit?actor=bob", token: admin)
        #expect(byName.json["items"]?.array?.isEmpty == false)
        for query in ["action=nonsense", "target=nobody", "target=role:none", "actor=none"] {
            let none = try house.send("GET", "/v1/audit?\(query)", token: admin)
            #expect(none.json["items"] == .array([]))
        }
        let newest = try house.send("GET", "/v1/audit?order=newest&limit=3", token: admin)
        #expect(newest.json["items"]?.array == records.suffix(3).reversed())
        let older = try house.send(
            "GET", "/v1/audit?order=newest&limit=1000&cursor=\(#require(newest["next_cursor"]))",
            token: admin)
        #expect(older.json["items"]?.array == records.dropLast(3).reversed())
        let turned = try house.send(
            "GET", "/v1/audit?limit=1000&cursor=\(#require(newest["next_cursor"]))", token: admin)
        #expect(turned.code == "malformed", "a cursor is good for its own order alone")
    }

    @Test("the chain of the audit trail is looked at in parts, each of which goes on from the last")
    func auditChain() throws {
        let house = try House()
        let admin = try house.logIn()
        for number in 0..<5 { _ = try house.makeUser("user\(number)", by: admin) }
        let records = try #require(
            try house.send("GET", "/v1/audit", token: admin).json["items"]?.array)
        var after: Int64 = 0
        while true {
            let part = try house.send(
                "GET", "/v1/audit/chain?after=\(after)&limit=3", token: admin)
            #expect(part.json["broken_at"] == .null)
            #expect(part.json["first"]?.integer == after + 1)
            after = try #require(part.json["last"]?.integer)
            guard part.json["complete"] == .bool(false) else { break }
            #expect(part.json["head"] == records[Int(after)]["prev"])
        }
        #expect(after == Int64(records.count))
        let nothing = try house.send("GET", "/v1/audit/chain?after=\(after)", token: admin)
        #expect(nothing.json["last"] == .unsigned(0) && nothing.json["complete"] == .bool(true))
    }

    @Test("the audit trail is found by what it is about and by time")
    func auditFilters() throws {
        let house = try House()
        let admin = try house.logIn()
        _ = try house.makeUser("bob", by: admin)
        let all = try #require(
            try house.send("GET", "/v1/audit", token: admin).json["items"]?.array)
        for record in all {
            let target = try #require(record["target"]?.string)
            let at = try #require(record["at"]?.string)
            guard !target.isEmpty else { continue }
            let same = try house.send("GET", "/v1/audit?target=\(target)", token: admin)
            #expect(same.json["items"]?.array == all.filter { $0["target"] == record["target"] })
            let since = try house.send("GET", "/v1/audit?since=\(at)", token: admin)
            #expect(since.json["items"]?.array == all.filter { $0["at"]?.string ?? "" >= at })
            let until = try house.send("GET", "/v1/audit?until=\(at)", token: admin)
            #expect(until.json["items"]?.array == all.filter { $0["at"]?.string ?? "" < at })
        }
        let wrong = try house.send("GET", "/v1/audit?since=yesterday", token: admin)
        #expect(wrong.status == 422)
    }
}
