import APITypes
import AuthCore
import Testing

@testable import HTTPAPI

@Suite("the API describes itself (OpenAPI 3.1)")
struct OpenAPITests {
    private func document() throws -> JSONValue {
        let house = try House()
        let answer = try house.send("GET", "/openapi.json")
        #expect(answer.status == 200)
        #expect(answer.headers["Content-Type"] == "application/json")
        return answer.json
    }

    @Test("every route is in the document, with its gate, and every reference leads somewhere")
    func whole() throws {
        let document = try document()
        #expect(document["openapi"] == .string("3.1.0"))
        let paths = try #require(document["paths"]?.members)
        for route in Endpoints.all {
            let path = paths.first { $0.name == route.pattern.text }
            let method = route.method == "*" ? "get" : route.method.lowercased()
            let operation = try #require(path?.value[method], "\(route.name)")
            for answer in route.answers {
                #expect(operation["responses"]?[String(answer.status)] != nil)
            }
            #expect(operation["description"]?.string?.isEmpty == false)
        }
        var names: Set<String> = []
        var references: [String] = []
        func walk(_ value: JSONValue) {
            switch value {
            case .object(let members):
                for member in members {
                    if member.name == "$ref", let target = member.value.string {
                        references.append(target)
                    }
                    if member.name == "operationId", let name = member.value.string {
                        #expect(names.insert(name).inserted, "\(name)")
                    }
                    walk(member.value)
                }
            case .array(let values): values.forEach(walk)
            default: break
            }
        }
        walk(document)
        #expect(references.count > 100)
        for reference in Set(references) {
            let parts = reference.split(separator: "/").map(String.init)
            #expect(parts.count == 4 && parts[0] == "#")
            #expect(
                document[parts[1]]?[parts[2]]?[parts[3]].map { $0 != .null } == true,
                "\(reference)")
        }
    }

    @Test("no two routes lead to the same place, and each is reached by its own path")
    func reachable() {
        let table = RouteTable(Endpoints.all)
        for route in Endpoints.all {
            let path = route.pattern.text
                .replacing("{id}", with: "x").replacing("{name}", with: "x")
                .replacing("{path}", with: "a/b")
            let method = route.method == "*" ? "GET" : route.method
            guard case .found(let found, _) = table.match(method: method, path: path) else {
                Issue.record("\(route.name) is not reached by \(path)")
                continue
            }
            #expect(found.name == route.name)
        }
    }

    @Test("only what must be open is open, and each says why (security A15)")
    func gates() {
        let open = Endpoints.all.filter {
            if case .open(let reason) = $0.gate { return !reason.isEmpty }
            return false
        }.map(\.name)
        #expect(
            Set(open) == [
                "live", "ready", "leader", "follower", "lbWrite", "lbRead", "health", "metrics",
                "logIn", "refresh", "joinCluster", "validate", "validateShort", "validateAPI",
                "validateNginx", "jwks", "serverMetadata",
            ])
    }

    @Test("the rule of a text and its pattern agree")
    func rules() {
        // Texts on the border of each rule; the pattern itself is tried by the schema's users.
        for (rule, good, bad) in [
            (TextRule.userName, ["a", "A.b_c@d+e-f", "9"], ["", "-a", "é", "a b"]),
            (.roleName, ["a", "9.x"], ["A", "", ".a", String(repeating: "a", count: 65)]),
            (
                .secretPath, ["a", "a/b", "..a", "...", "A/.b"],
                ["", "/a", "a/", "a//b", ".", "a/.."]
            ),
            (
                .permission, ["*", "a", "a:b", "a:b:C", "a/b", "a/*", "a:b/*", "x:y:Z/q/*"],
                ["", "A", "a:*", "*/x", "a:b:c:d", "a:", "a/..", "/a"]
            ),
            (
                .objectID("usr"), ["usr_0000000000000000000001"],
                ["usr_1", "ses_0000000000000000000001"]
            ),
            (.email, ["", "a@b"], ["a", "@", "a@", "a@b@c", "a b@c"]),
            (.rateLimit, ["", "1/second", "100/minute"], ["0/day", "1/year", "x/day", "1"]),
            (.nodeName, ["n1", "n12"], ["n0", "n01", "1", "n", "m1"]),
        ] {
            for text in good { #expect(rule.allows(text), "\(text)") }
            for text in bad { #expect(!rule.allows(text), "\(text)") }
        }
    }

    @Test("every address that is answered is spelt as the document says")
    func addresses() throws {
        let pattern = try Regex(try #require(TextRule.addressRange.pattern))
        // Which groups are zero says how it is spelt (RFC 5952).
        let long = (0..<256).map { zeros in
            (0..<8).map { zeros >> $0 & 1 == 0 ? "0" : String(0xA00 >> $0, radix: 16) }
                .joined(separator: ":")
        }
        for address in long + ["::ffff:10.1.2.3", "0.0.0.0", "255.249.199.99"] {
            for bits in ["", "/0", "/9", "/32"] + (address.contains(".") ? [] : ["/77", "/128"]) {
                let range = try #require(AddressRange(address + bits), "\(address)\(bits)")
                #expect("\(range)".wholeMatch(of: pattern) != nil, "\(address)\(bits): \(range)")
            }
        }
        for text in ["1:2:3:4:5:6:7", ":::", "1::2::3", "1:2:3:4:5:6:7:8:9", "::/129", "1.2.3"] {
            #expect(text.wholeMatch(of: pattern) == nil, "\(text)")
        }
    }
}
