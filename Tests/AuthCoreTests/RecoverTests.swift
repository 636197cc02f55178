import ByteCodec
import RaftCore
import Testing

@testable import AuthCore

@Suite("A cluster goes on from one survivor")
struct RecoverTests {
    private static let last = EntryID(index: LogIndex(9), term: Term(1))

    /// Three members, an open token and an order.
    private func house() throws -> House {
        var house = try House.open()
        var meta = try house.meta
        meta.configuration = ConfState(voters: [NodeID(1), NodeID(2), NodeID(3)])
        try meta.write(house.tables)
        for number in 1...3 as ClosedRange<UInt64> {
            _ = try house.apply(
                .registerMember(
                    .init(
                        node: NodeID(number), incarnation: Incarnation(number), url: "https://n",
                        peer: Text("n\(number):1"), version: "1",
                        featureLevel: StateMachine.featureLevel)), by: .node)
        }
        _ = try house.apply(
            .createJoinToken(
                .init(digest: digest(1), role: .voter, timeToLiveMilliseconds: 60_000)),
            by: house.admin)
        _ = try house.apply(
            .orderChange(.init(node: NodeID(2), change: .demote)), by: house.admin)
        return house
    }

    private func recover(_ survivor: UInt64) -> Command.Operation {
        .recover(.init(survivor: NodeID(survivor), last: Self.last))
    }

    private func rows(_ house: House) -> [[[UInt8]]] {
        [Table.members, .memberPlans, .joinTokens].map {
            house.tables.rows($0).flatMap { [$0.key, $0.value] }
        }
    }

    @Test("It has no effect as long as anybody else is a member, nor for a user")
    func refused() throws {
        var house = try house()
        let before = rows(house)
        #expect(try house.apply(recover(3), by: .node).refusal == .invalid(.standing))
        var meta = try house.meta
        meta.configuration = ConfState(voters: [NodeID(3)])
        try meta.write(house.tables)
        #expect(
            try house.apply(recover(3), by: house.admin).refusal == .insufficientPermissions)
        #expect(try house.apply(recover(2), by: .node).refusal == .invalid(.standing))
        meta = try house.meta
        meta.configuration = ConfState(voters: [NodeID(3)], learners: [NodeID(1)])
        try meta.write(house.tables)
        #expect(try house.apply(recover(3), by: .node).refusal == .invalid(.standing))
        #expect(rows(house) == before)
    }

    @Test("It forgets the others and what was ordered, takes nothing from any user, and is audited")
    func forgets() throws {
        var house = try house()
        let user = try house.makeUser(77, ["viewer"])
        let session = try house.startSession(user)
        let next = try NodeNumbers.next(in: house.meta.configuration, house.tables)
        var meta = try house.meta
        meta.configuration = ConfState(voters: [NodeID(3)])
        try meta.write(house.tables)
        #expect(try house.apply(recover(3), by: .node).result == .done)
        #expect(try Listing.members(house.tables).map(\.node) == [NodeID(3)])
        #expect(try Listing.plans(house.tables).isEmpty)
        #expect(try Listing.joinTokens(house.tables).isEmpty)
        #expect(try house.isAllowed(session))
        let audit = try #require(try house.lastAudit())
        #expect(audit.action == .clusterRecover && audit.target == .member(NodeID(3)))
        #expect(audit.details.contains(.count(2)))
        let after = try NodeNumbers.next(in: house.meta.configuration, house.tables)
        #expect(after == next + 100, "numbers of the lost history are nobody's")
    }

    @Test("What a forgotten node had proposed has no effect when it comes late")
    func lateProposals() throws {
        var house = try house()
        var meta = try house.meta
        meta.configuration = ConfState(voters: [NodeID(3)])
        try meta.write(house.tables)
        _ = try house.apply(recover(3), by: .node)
        let late = Command(.sweep(.init(limit: 1)), header: CommandHeader(actor: .node))
        let applied = try house.apply(
            ProposalID(node: NodeID(2), run: 5, counter: 1), oldestPending: 1, late.encoded())
        #expect(try Outcome(decoding: applied.outcome).refusal == .forgotten)
    }
}
