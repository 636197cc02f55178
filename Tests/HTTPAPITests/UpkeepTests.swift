import APITypes
import AuthCore
import ByteCodec
import RaftCore
import Testing

@testable import AuthService
@testable import HTTPAPI

@Suite("what is done with the cluster as a whole") struct UpkeepTests {
    private static let nextLevel = UInt64(StateMachine.featureLevel) + 1

    /// Three members, of which the third knows `level`, and an administrator's token.
    private func open(third level: UInt64 = nextLevel) throws -> (House, String) {
        let house = try House()
        try house.configure(ConfState(voters: [NodeID(1), NodeID(2), NodeID(3)]))
        for number in 1...3 as ClosedRange<UInt64> {
            try register(house, number, number == 3 ? level : Self.nextLevel)
        }
        return (house, try house.logIn())
    }

    private func register(_ house: House, _ number: UInt64, _ level: UInt64) throws {
        let (_, outcome) = try house.propose(
            Command(
                .registerMember(
                    .init(
                        node: NodeID(number), incarnation: Incarnation(number),
                        url: Text("http://n\(number)"), peer: Text("n\(number):1"),
                        version: "0.2.0", featureLevel: UInt32(level))),
                header: CommandHeader(actor: .node)), by: house.leader)
        #expect(outcome.refusal == nil)
    }

    private func raise(_ house: House, _ token: String, to level: UInt64) throws -> HouseAnswer {
        try house.send(
            "POST", "/v1/cluster/feature-level", token: token,
            body: .object(["level": .unsigned(level)]), to: 2)
    }

    private func level(_ house: House, _ token: String) throws -> UInt64? {
        try house.send("GET", "/v1/cluster", token: token).json["feature_level"]?.unsigned
    }

    @Test(
        "the feature level is raised when every member knows it, and the audit trail says by whom")
    func raises() throws {
        let (house, admin) = try open()
        #expect(try level(house, admin) == Self.nextLevel - 1)
        let raised = try raise(house, admin, to: Self.nextLevel)
        #expect(raised.status == 200 && raised.json["feature_level"] == .unsigned(Self.nextLevel))
        #expect(try level(house, admin) == Self.nextLevel)
        #expect(try raise(house, admin, to: Self.nextLevel).status == 200, "a repetition")
        let lower = try raise(house, admin, to: Self.nextLevel - 1)
        #expect(lower.status == 422 && lower.code == "invalid", "it never falls")
        let trail = try house.send("GET", "/v1/audit?action=cluster.raise", token: admin)
        let records = trail.json["items"]?.array ?? []
        #expect(
            records.map { $0["outcome"]?.string } == ["success"], "what changes nothing is none")
    }

    @Test("a member that is too old keeps the level where it is, and the answer names it")
    func tooOld() throws {
        let (house, admin) = try open(third: Self.nextLevel - 1)
        let refused = try raise(house, admin, to: Self.nextLevel)
        #expect(refused.status == 409 && refused.code == "change_refused")
        #expect(refused["detail"]?.hasPrefix("n3 ") == true, "\(refused.json)")
        #expect(try level(house, admin) == Self.nextLevel - 1)
        let trail = try house.send("GET", "/v1/audit?action=cluster.raise", token: admin)
        #expect(trail.json["items"]?.array?.first?["outcome"] == .string("error"))
        try register(house, 3, Self.nextLevel)
        #expect(try raise(house, admin, to: Self.nextLevel).status == 200)
        let far = try raise(house, admin, to: Self.nextLevel + 5)
        #expect(far.status == 409 && far["detail"]?.hasPrefix("n1 ") == true)
    }

    @Test("a level that is none is refused before the log")
    func malformedLevel() throws {
        let (house, admin) = try open()
        let count = house.commands.count
        for value: JSONValue in [.unsigned(0), .string("2"), .unsigned(1 << 32), .null] {
            let answer = try house.send(
                "POST", "/v1/cluster/feature-level", token: admin, body: .object(["level": value]))
            #expect(answer.status == 422, "\(value)")
        }
        let empty = try house.send(
            "POST", "/v1/cluster/feature-level", token: admin,
            body: .object([JSONMember]()))
        #expect(empty.status == 422)
        #expect(house.commands.count == count)
    }

    @Test("a comparison shows each member's word as it comes, and who differs from a quorum")
    func compares() throws {
        let (house, admin) = try open()
        let none = try house.send("GET", "/v1/cluster/verify", token: admin)
        #expect(none.status == 200 && none["state"] == "none")
        let begun = try house.send("POST", "/v1/cluster/verify", token: admin, to: 2)
        #expect(begun.status == 202 && begun["state"] == "pending")
        let index = try #require(begun.json["index"]?.unsigned)
        let digest = try #require(try house.meta().checkpoint.digest)
        let other = StateHash(low: 1, high: 0x0102_0304_0506_0708)
        try house.attest(other, LogIndex(index), by: 3)
        try house.attest(digest, LogIndex(index), by: 1)
        try house.attest(digest, LogIndex(index), by: 2)
        let told = try house.send("GET", "/v1/cluster/verify", token: admin)
        #expect(told["state"] == "agreed" && told.json["index"] == .unsigned(index))
        let members = told.json["members"]?.array ?? []
        #expect(members.map { $0["id"]?.string } == ["n1", "n2", "n3"])
        #expect(members.map { $0["agrees"] } == [.bool(true), .bool(true), .bool(false)])
        #expect(members[0]["hash"]?.string == told["hash"])
        #expect(members[2]["hash"]?.string == "01020304050607080000000000000001")
        try house.leader.flush()
        try house.nodes[1].flush()
        let trail = try house.send("GET", "/v1/audit?action=cluster.verify", token: admin)
        #expect(trail.json["items"]?.array?.count == 1)
    }

    @Test("who may only read sees comparisons and tokens, and changes nothing")
    func permissions() throws {
        let (house, admin) = try open()
        _ = try house.makeUser("reader", permissions: ["cluster:read"], by: admin)
        let reader = try house.logIn("reader", "password of a user")
        _ = try house.makeUser("nobody", by: admin)
        let nobody = try house.logIn("nobody", "password of a user")
        let count = house.commands.count
        #expect(try raise(house, reader, to: Self.nextLevel).status == 403)
        for (method, path) in [
            ("POST", "/v1/cluster/verify"), ("DELETE", "/v1/cluster/join-tokens/n4"),
        ] { #expect(try house.send(method, path, token: reader).status == 403, "\(path)") }
        for path in ["/v1/cluster/verify", "/v1/cluster/join-tokens"] {
            #expect(try house.send("GET", path, token: reader).status == 200)
            #expect(try house.send("GET", path, token: nobody).status == 403)
        }
        #expect(
            house.commands[count...].allSatisfy { command in
                if case .beginCheckpoint = command.operation { false } else { true }
            })
    }
}

extension House {
    /// The state's own row on the node that was asked.
    fileprivate func meta() throws -> StateMeta {
        try nodes[1].withView { try StateMeta.read($0) }
    }

    /// A node's word about its state, whatever its state is.
    fileprivate func attest(_ digest: StateHash, _ index: LogIndex, by number: Int) throws {
        try propose(
            Command(
                .attestCheckpoint(.init(index: index, digest: digest)),
                header: CommandHeader(actor: .node)), by: nodes[number - 1], appliedOn: leader)
    }
}
