import ByteCodec
import RaftCore
import Testing

@testable import AuthCore

@Suite("who may become a member, and what is to become of those who are")
struct MembershipTests {
    /// A house of three members.
    private func open() throws -> House {
        var house = try House.open()
        try house.configure(ConfState(voters: [NodeID(1), NodeID(2), NodeID(3)]))
        for node in 1...UInt64(3) {
            let outcome = try house.apply(.registerMember(registration(node)), by: .node)
            #expect(outcome.refusal == nil)
        }
        return house
    }

    private func registration(_ node: UInt64, incarnation: UInt64 = 7) -> Command.RegisterMember {
        .init(
            node: NodeID(node), incarnation: Incarnation(incarnation), url: Text("u\(node)"),
            peer: Text("p\(node)"), version: "v", featureLevel: StateMachine.featureLevel)
    }

    private func invite(
        _ house: inout House, _ secret: UInt8 = 1, role: JoinRole = .voter,
        replaces: NodeID? = nil, by actor: Actor? = nil
    ) throws -> Outcome {
        try house.apply(
            .createJoinToken(
                .init(
                    digest: digest(secret), role: role, replaces: replaces,
                    timeToLiveMilliseconds: 60_000)), by: actor ?? house.admin)
    }

    private func redeem(
        _ node: UInt64, _ secret: UInt8 = 1, key: UInt8 = 9, peer: Text? = nil,
        level: UInt32 = StateMachine.featureLevel
    ) -> Command.Operation {
        .redeemJoinToken(
            .init(
                node: NodeID(node), digest: digest(secret), publicKey: digest(key), url: "u",
                peer: peer ?? Text("p\(node)"), version: "v", featureLevel: level))
    }

    private func order(_ node: UInt64, _ change: Command.MemberOrder) -> Command.Operation {
        .orderChange(.init(node: NodeID(node), change: change))
    }

    private func settle(
        _ house: inout House, _ node: UInt64, refusal: PlanRefusal? = nil
    ) throws -> Outcome {
        let order = try #require(try MemberPlanRow.read(NodeID(node), house.tables)).order
        return try house.apply(
            .settlePlan(.init(node: NodeID(node), order: order, refusal: refusal)), by: .node)
    }

    @Test("A token keeps a number that nobody had, and is spent by the first key that comes")
    func joins() throws {
        var house = try open()
        guard case .joinToken(let token) = try invite(&house).result else {
            Issue.record("no token")
            return
        }
        #expect(token.node == NodeID(4))
        let joined = try house.apply(redeem(4), by: .anonymous)
        guard case .joined(let member) = joined.result else {
            Issue.record("\(joined)")
            return
        }
        #expect(member.isExpected)
        #expect(try MemberPlanRow.read(NodeID(4), house.tables)?.plan == .join(.voter))
        let audit = try house.meta.nextAudit
        #expect(try house.apply(redeem(4), by: .anonymous).result == joined.result, "asked again")
        #expect(try house.meta.nextAudit == audit, "and nothing new to tell")
        let other = try house.apply(redeem(4, key: 8), by: .anonymous)
        #expect(other.refusal == .joinTokenInvalid)
        #expect(try house.lastAudit()?.outcome == .denied)
        #expect(try invite(&house).result != .joinToken(token), "the next one has another number")
    }

    @Test("A token that is wrong, run out, or of a number that nobody kept is refused")
    func refused() throws {
        var house = try open()
        _ = try invite(&house)
        #expect(try house.apply(redeem(4, 2), by: .anonymous).refusal == .joinTokenInvalid)
        #expect(try house.apply(redeem(5), by: .anonymous).refusal == .joinTokenInvalid)
        #expect(
            try house.apply(redeem(4, peer: "p2"), by: .anonymous).refusal == .exists(.member))
        let tooOld = try house.apply(redeem(4, level: 0), by: .anonymous)
        #expect(tooOld.refusal == .memberTooOld(NodeID(4)))
        house.now = house.now.advanced(milliseconds: 60_000)
        #expect(try house.apply(redeem(4), by: .anonymous).refusal == .joinTokenInvalid)
    }

    @Test("Only who may manage the cluster makes tokens and orders changes")
    func permission() throws {
        var house = try open()
        let actor = try house.makeActor(77, ["cluster:read"])
        #expect(try invite(&house, by: actor).refusal == .insufficientPermissions)
        #expect(try house.apply(order(2, .remove), by: actor).refusal == .insufficientPermissions)
        let authority = Command.Operation.setPeerAuthority(
            .init(
                expectedVersion: 0, certificate: "c", sealedKey: SealedBlob(term: 1, bytes: [1])))
        #expect(try house.apply(authority, by: actor).refusal == .insufficientPermissions)
        #expect(try house.apply(authority, by: house.admin).result == .authority(version: 1))
        #expect(
            try house.apply(authority, by: house.admin).refusal == .versionMismatch(current: 1))
        let end = Command.Operation.settlePlan(.init(node: NodeID(2), order: LogIndex(1)))
        #expect(try house.apply(end, by: house.admin).refusal == .insufficientPermissions)
    }

    @Test("A plan ends when the configuration is what it wants, and not before")
    func settles() throws {
        var house = try open()
        _ = try invite(&house)
        _ = try house.apply(redeem(4), by: .anonymous)
        #expect(try settle(&house, 4).refusal == .changeUnderWay)
        try house.configure(
            ConfState(voters: [NodeID(1), NodeID(2), NodeID(3)], learners: [NodeID(4)]))
        let registered = try house.apply(
            .registerMember(registration(4, incarnation: 5)), by: .node)
        #expect(registered.refusal == nil, "its first start")
        let elsewhere = try house.apply(
            .registerMember(registration(4, incarnation: 6)), by: .node)
        #expect(elsewhere.refusal == .otherIncarnation)
        #expect(try settle(&house, 4).refusal == .changeUnderWay, "it does not vote yet")
        try house.configure(ConfState(voters: (1...4).map { NodeID($0) }))
        #expect(try settle(&house, 4).result == .done)
        #expect(try MemberPlanRow.read(NodeID(4), house.tables) == nil)
        #expect(try JoinTokenRow.read(NodeID(4), house.tables) == nil)
    }

    @Test("Who is removed is forgotten, its number is not given again, and its proposals are void")
    func forgets() throws {
        var house = try open()
        let old = ProposalID(node: NodeID(3), run: 5, counter: 1)
        let sweep = Command(.sweep(.init(limit: 1)), header: CommandHeader(actor: .node))
        _ = try house.apply(old, oldestPending: 1, sweep.encoded())
        guard case .plan = try house.apply(order(3, .remove), by: house.admin).result else {
            Issue.record("not ordered")
            return
        }
        try house.configure(ConfState(voters: [NodeID(1), NodeID(2)]))
        #expect(try settle(&house, 3).result == .done)
        #expect(try MemberRow.read(NodeID(3), house.tables) == nil)
        #expect(
            try house.apply(.registerMember(registration(3)), by: .node).refusal
                == .notFound(.member))
        guard case .joinToken(let token) = try invite(&house).result else {
            Issue.record("no token")
            return
        }
        #expect(token.node == NodeID(4))
        let late = ProposalID(node: NodeID(3), run: 5, counter: 2)
        let outcome = try house.apply(late, oldestPending: 1, sweep.encoded())
        #expect(try Outcome(decoding: outcome.outcome).refusal == .forgotten)
        _ = try house.apply(.sweep(.init(limit: 100)), by: .node)
        let prefix = Key.of(3)
        var left = 0
        try house.tables.scan(.proposals, from: prefix, upTo: Key.behind(prefix: prefix)) { _, _ in
            left += 1
            return true
        }
        #expect(left == 0)
    }

    @Test("A node that replaces another one makes it forgotten in one go")
    func replaces() throws {
        var house = try open()
        #expect(try invite(&house, replaces: NodeID(9)).refusal == .notFound(.member))
        #expect(
            try invite(&house, role: .learner, replaces: NodeID(2)).refusal == .invalid(.standing))
        _ = try invite(&house, replaces: NodeID(2))
        // On the same machine, at the same address.
        #expect(try house.apply(redeem(4, peer: "p2"), by: .anonymous).refusal == nil)
        try house.configure(ConfState(voters: [NodeID(1), NodeID(3), NodeID(4)]))
        #expect(try settle(&house, 4).result == .done)
        #expect(try Listing.members(house.tables).map(\.node) == [1, 3, 4].map { NodeID($0) })
    }

    @Test("An order says no to what cannot be, and the same one again is the same one")
    func orders() throws {
        var house = try open()
        #expect(try house.apply(order(9, .remove), by: house.admin).refusal == .notFound(.member))
        #expect(try house.apply(order(1, .promote), by: house.admin).refusal == .invalid(.standing))
        let first = try house.apply(order(1, .demote), by: house.admin).result
        #expect(try house.apply(order(1, .demote), by: house.admin).result == first)
        #expect(try settle(&house, 1, refusal: .noVoterLeft).result == .done)
        #expect(try MemberPlanRow.read(NodeID(1), house.tables)?.refusal == .noVoterLeft)
        #expect(try house.lastAudit()?.outcome == .success)
        let again = try house.apply(order(1, .demote), by: house.admin).result
        #expect(again != first, "what was given up may be ordered anew")
        let late = Command.Operation.settlePlan(.init(node: NodeID(1), order: LogIndex(1)))
        #expect(try house.apply(late, by: .node).result == .done)
        #expect(try MemberPlanRow.read(NodeID(1), house.tables)?.refusal == nil, "another plan")
        #expect(try house.apply(order(1, .remove), by: house.admin).refusal == nil, "may pass")
        #expect(try house.apply(order(1, .demote), by: house.admin).refusal == .changeUnderWay)
    }

    @Test("A number that is kept can be given up, and its token with it")
    func givesUp() throws {
        var house = try open()
        _ = try invite(&house)
        #expect(try house.apply(order(4, .remove), by: house.admin).refusal == nil)
        #expect(try house.apply(redeem(4), by: .anonymous).refusal == .joinTokenInvalid)
        #expect(try settle(&house, 4).result == .done)
        guard case .joinToken(let token) = try invite(&house, 2).result else {
            Issue.record("no token")
            return
        }
        #expect(token.node == NodeID(5))
    }

    @Test("So many tokens may be open, and those that ran out make room")
    func quota() throws {
        var house = try open()
        for secret in 0..<UInt8(Limits.joinTokens) {
            #expect(try invite(&house, secret).refusal == nil)
        }
        #expect(try invite(&house, 99).refusal == .quota(.joinToken))
        house.now = house.now.advanced(milliseconds: 60_000)
        #expect(try invite(&house, 99).refusal == nil)
        #expect(try Listing.joinTokens(house.tables).count == 1)
    }
}

extension House {
    /// Appends a configuration to the log and applies it.
    fileprivate mutating func configure(_ configuration: ConfState) throws {
        let entry = Entry(
            index: LogIndex(UInt64(log.count) + 1), term: Term(1), kind: .configuration,
            payload: configuration.encoded())
        log.append(entry)
        _ = try House.apply([entry], to: tables)
    }
}
