import APITypes
import AuthCore
import ByteCodec
import Cryptography
import RaftCore
import Testing

@testable import AuthService
@testable import HTTPAPI

@Suite("members of the cluster") struct MemberTests {
    private static let pem = "-----BEGIN CERTIFICATE REQUEST-----\nof one key\n-----END"

    private func open() throws -> (House, String) {
        let house = try House()
        house.certifier = WordCertifier()
        return (house, try house.logIn())
    }

    private func setAuthority(_ house: House, _ token: String) throws -> HouseAnswer {
        try house.send(
            "PUT", "/v1/cluster/authority", token: token,
            body: .object([
                "certificate": .string("-----BEGIN CERTIFICATE-----\nauthority"),
                "key": .string("-----BEGIN PRIVATE KEY-----\nof the authority"),
            ]))
    }

    private func join(
        _ house: House, _ token: String, request: String = pem, to node: Int = 2
    ) throws -> HouseAnswer {
        try house.send(
            "POST", "/v1/cluster/members",
            body: .object([
                "token": .string(token), "certificate_request": .string(request),
                "url": .string("https://n4.example:8101"), "peer": .string("10.0.0.4:8201"),
                "feature_level": .unsigned(UInt64(StateMachine.featureLevel)),
            ]), to: node)
    }

    @Test("a machine joins once, by a token that was made on another node")
    func joins() throws {
        let (house, admin) = try open()
        #expect(try setAuthority(house, admin).status == 200)
        let invited = try house.send("POST", "/v1/cluster/join-tokens", token: admin)
        #expect(invited.status == 201)
        let token = try #require(invited["token"])
        let node = try #require(invited["node"])
        let joined = try join(house, token)
        #expect(joined.status == 201, "\(joined.json)")
        #expect(joined["id"] == node)
        #expect(joined["cluster_id"] == "000000000000000000000000000000c1")
        #expect(joined["certificate"]?.contains("10.0.0.4,localhost") == true)
        #expect(try join(house, token).status == 201, "the answer may have been lost")
        let other = try join(house, token, request: Self.pem + "of another key")
        #expect(other.status == 401 && other.code == "token_invalid")
        let cluster = try house.send("GET", "/v1/cluster", token: admin)
        let members = cluster.json["members"]?.array ?? []
        let member = members.first { $0["id"]?.string == node }
        #expect(member?["plan"]?["change"] == .string("join"))
    }

    @Test("the token is shown again under its Idempotency-Key, and never otherwise")
    func repeats() throws {
        let (house, admin) = try open()
        _ = try setAuthority(house, admin)
        func invite(_ key: String) throws -> String? {
            try house.send(
                "POST", "/v1/cluster/join-tokens", token: admin,
                headers: [("Idempotency-Key", key)])["token"]
        }
        let first = try invite("a")
        #expect(try first != nil && invite("a") == first)
        #expect(try invite("b") != first)
    }

    @Test("tokens that are kept are listed without what one joins with, and taken back")
    func heldTokens() throws {
        let (house, admin) = try open()
        _ = try setAuthority(house, admin)
        let first = try house.send("POST", "/v1/cluster/join-tokens", token: admin)
        let second = try house.send("POST", "/v1/cluster/join-tokens", token: admin)
        let (spent, kept) = (try #require(first["node"]), try #require(second["node"]))
        #expect(try join(house, try #require(first["token"])).status == 201)
        func states() throws -> [String?] {
            let list = try house.send("GET", "/v1/cluster/join-tokens", token: admin)
            let text = String(decoding: list.body, as: UTF8.self)
            #expect(try !text.contains(#require(second["token"]).dropFirst(4)))
            return (list.json["items"]?.array ?? []).map { $0["state"]?.string }
        }
        #expect(try states() == ["spent", "open"])
        let late = try house.send("DELETE", "/v1/cluster/join-tokens/\(spent)", token: admin)
        #expect(late.status == 409 && late.code == "change_refused")
        let taken = try house.send("DELETE", "/v1/cluster/join-tokens/\(kept)", token: admin)
        #expect(taken.status == 202 && taken["change"] == "remove")
        #expect(try states() == ["spent"])
        #expect(try join(house, try #require(second["token"])).status == 401)
        let gone = try house.send("DELETE", "/v1/cluster/join-tokens/\(kept)", token: admin)
        #expect(gone.status == 404)
        #expect(
            try house.send("DELETE", "/v1/cluster/join-tokens/n1", token: admin).status == 404,
            "a member is no token")
    }

    @Test("a token that has run out is shown as such")
    func expiredToken() throws {
        let (house, admin) = try open()
        _ = try setAuthority(house, admin)
        _ = try house.send(
            "POST", "/v1/cluster/join-tokens", token: admin,
            body: .object(["ttl_seconds": .unsigned(1)]))
        house.now = house.now.advanced(milliseconds: 2_000)
        let list = try house.send("GET", "/v1/cluster/join-tokens", token: admin)
        #expect(list.json["items"]?.array?.first?["state"] == .string("expired"))
    }

    @Test("without an authority nobody is invited, and the answer says what is missing")
    func needsAuthority() throws {
        let (house, admin) = try open()
        let refused = try house.send("POST", "/v1/cluster/join-tokens", token: admin)
        #expect(refused.status == 409 && refused.code == "change_refused")
        house.certifier = nil
        #expect(try setAuthority(house, admin).code == "configuration")
    }

    @Test("an authority and a request that are none are refused")
    func malformed() throws {
        let (house, admin) = try open()
        house.certifier = WordCertifier(refuses: true)
        #expect(try setAuthority(house, admin).status == 422)
        house.certifier = WordCertifier()
        _ = try setAuthority(house, admin)
        let invited = try house.send("POST", "/v1/cluster/join-tokens", token: admin)
        let token = try #require(invited["token"])
        #expect(try join(house, token + "x").status == 401)
        house.certifier = WordCertifier(refuses: true)
        #expect(try join(house, token).status == 422)
    }

    @Test("an order is answered by how it ends: done, given up, or still going on")
    func orders() throws {
        let (house, admin) = try open()
        try house.configure(ConfState(voters: [NodeID(1), NodeID(2), NodeID(3)]))
        func remove(_ end: PlanEnd) throws -> HouseAnswer {
            house.interfere = { need in
                if case .awaitPlan = need { .planEnded(end) } else { nil }
            }
            return try house.send("DELETE", "/v1/cluster/members/n3", token: admin)
        }
        #expect(try remove(.pending).status == 202)
        #expect(try remove(.done)["state"] == "done")
        let refused = try remove(.refused(.quorumOutOfReach))
        #expect(refused.status == 409 && refused.code == "change_refused")
        let unknown = try house.send("DELETE", "/v1/cluster/members/n9", token: admin)
        #expect(unknown.status == 404)
        let voter = try house.send("POST", "/v1/cluster/members/n2/promote", token: admin)
        #expect(voter.status == 422)
        let busy = try house.send("POST", "/v1/cluster/members/n3/demote", token: admin)
        #expect(busy.status == 409 && busy.code == "change_in_progress")
    }

    @Test("who may not manage the cluster changes nothing")
    func permission() throws {
        let (house, admin) = try open()
        _ = try house.makeUser("reader", permissions: ["cluster:read"], by: admin)
        let token = try house.logIn("reader", "password of a user")
        for (method, path) in [
            ("POST", "/v1/cluster/join-tokens"), ("DELETE", "/v1/cluster/members/n3"),
            ("POST", "/v1/cluster/members/n3/promote"),
        ] {
            #expect(try house.send(method, path, token: token).status == 403)
        }
        #expect(try setAuthority(house, token).status == 403)
    }

    @Test("what a node says of where it is reached is read strictly")
    func endpoints() {
        #expect(Endpoint.host(url: "https://a.b:1") == "a.b")
        #expect(Endpoint.host(url: "http://a") == "a")
        #expect(Endpoint.host(url: "https://[::1]:8101") == "::1")
        #expect(Endpoint.host(url: "https://[::1]") == "::1")
        #expect(Endpoint.host(address: "10.0.0.1:8201") == "10.0.0.1")
        for text in ["a", "a:b", ":1", "a:70000", "::1:8", "a b:1", "ftp://a:1"] {
            #expect(Endpoint.host(address: text) == nil, "\(text)")
            #expect(Endpoint.host(url: text) == nil, "\(text)")
        }
        #expect(Endpoint.hosts(["a", "a", nil]) == ["a", "localhost"])
    }
}

/// Certificates in words.
private struct WordCertifier: NodeCertifier {
    var refuses = false

    func publicKey(ofRequest request: String) throws(NodeCertifierError) -> [UInt8] {
        guard !refuses else { throw NodeCertifierError("no request") }
        return Array(request.utf8)
    }

    func issue(
        _ request: String, node: NodeID, clusterID: [UInt8], hosts: [String],
        authority: NodeAuthority, now: Timestamp
    ) throws(NodeCertifierError) -> String {
        "-----BEGIN CERTIFICATE-----\n\(node) at \(hosts.joined(separator: ","))"
    }

    func check(_ authority: NodeAuthority, now: Timestamp) throws(NodeCertifierError) {
        guard !refuses else { throw NodeCertifierError("no authority") }
    }
}
