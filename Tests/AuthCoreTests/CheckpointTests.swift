import ByteCodec
import RaftCore
import Testing

@testable import AuthCore

/// How nodes find out by the log that one of them has another state.
@Suite struct CheckpointTests {
    private static let voters = ConfState(voters: [NodeID(1), NodeID(2), NodeID(3)])

    /// A bootstrapped cluster of three as one node sees it.
    private static func house() throws -> House {
        var house = try House.open()
        try house.configure(voters)
        return house
    }

    @Test("The hash of the rows is that of the rows as they are, however they came about")
    func setHash() throws {
        var house = try Self.house()
        for number in 0..<20 as Range<UInt128> { try house.makeUser(0x100 + number) }
        _ = try house.apply(.deleteUser(.init(id: UserID(bits: 0x105))), by: .node)
        var hash = StateHash.empty
        for table in Table.allCases.reversed() {
            for (key, value) in house.tables.rows(table) {
                hash.add(StateHash.row(table, key, value))
            }
        }
        #expect(try house.meta.rowsHash == hash)
    }

    @Test("Sums of hashes carry over, and taking out is the opposite of taking in")
    func arithmetic() {
        var hash = StateHash(low: .max, high: 1)
        hash.add(StateHash(low: 2, high: .max))
        #expect(hash == StateHash(low: 1, high: 1))
        hash.subtract(StateHash(low: 2, high: .max))
        #expect(hash == StateHash(low: .max, high: 1))
    }

    @Test("The configuration is part of the hash of a state")
    func configuration() {
        let other = ConfState(voters: [NodeID(1), NodeID(2)])
        let one = StateMeta(initial: Self.voters)
        #expect(one.digest != StateMeta(initial: other).digest)
        var noted = one
        noted.checkpoint = Checkpoint(index: LogIndex(1), digest: nil)
        #expect(one.digest == noted.digest, "what was noted of it is not part of a state")
    }

    @Test("Nodes that agree go on; their words are kept in the order of the nodes")
    func agreement() throws {
        var house = try Self.house()
        _ = try house.apply(.beginCheckpoint, by: .node)
        let checkpoint = try house.meta.checkpoint
        let digest = try #require(checkpoint.digest)
        #expect(checkpoint.index == LogIndex(UInt64(house.log.count)))
        for node: UInt64 in [3, 1, 2, 1] {
            try house.attest(digest, at: checkpoint.index, by: node)
        }
        let told = try house.meta.checkpoint
        #expect(told.attestations.map(\.node) == [NodeID(1), NodeID(2), NodeID(3)])
        #expect(told.verdict(Self.voters) == digest && !told.isUndecidable(Self.voters))
    }

    @Test("Who differs from a quorum stops, whoever leads, and keeps the state of before")
    func divergence() throws {
        var house = try Self.house()
        _ = try house.apply(.beginCheckpoint, by: .node)
        let index = try house.meta.checkpoint.index
        let other = StateHash(low: 1, high: 2)
        try house.attest(other, at: index, by: 2)
        #expect(throws: StateDamage.self) { try house.attest(other, at: index, by: 3) }
    }

    @Test("One node alone convinces nobody")
    func minority() throws {
        var house = try Self.house()
        _ = try house.apply(.beginCheckpoint, by: .node)
        let checkpoint = try house.meta.checkpoint
        let digest = try #require(checkpoint.digest)
        try house.attest(StateHash(low: 1, high: 2), at: checkpoint.index, by: 1)
        try house.attest(digest, at: checkpoint.index, by: 2)
        try house.attest(StateHash(low: 3, high: 4), at: checkpoint.index, by: 3)
        #expect(try house.meta.checkpoint.verdict(Self.voters) == nil)
        #expect(try house.meta.checkpoint.isUndecidable(Self.voters))
        #expect(CheckpointReport(try house.meta).verdict == .undecidable)
    }

    @Test("A quorum of both halves of a joint configuration is needed")
    func joint() {
        let joint = ConfState(
            voters: [NodeID(1), NodeID(2), NodeID(3)],
            votersOutgoing: [NodeID(3), NodeID(4), NodeID(5)])
        var checkpoint = Checkpoint(index: LogIndex(1), digest: nil)
        let digest = StateHash(low: 1, high: 1)
        for node: UInt64 in [1, 2, 3] {
            checkpoint.attest(.init(node: NodeID(node), digest: digest), at: LogIndex(1))
        }
        #expect(checkpoint.verdict(joint) == nil)
        checkpoint.attest(.init(node: NodeID(5), digest: digest), at: LogIndex(1))
        #expect(checkpoint.verdict(joint) == digest)
    }

    @Test("A learner says what its state is too; its word counts for nothing")
    func learner() throws {
        var house = try Self.house()
        try house.configure(ConfState(voters: Self.voters.voters, learners: [NodeID(4)]))
        _ = try house.apply(.beginCheckpoint, by: .node)
        var meta = try house.meta
        var duty = CheckpointDuty()
        let digest = try #require(meta.checkpoint.digest)
        #expect(
            duty.due(
                meta, node: NodeID(4), installed: .zero, isLeading: false,
                now: SteadyTime(nanoseconds: 1))
                == .attestCheckpoint(.init(index: meta.checkpoint.index, digest: digest)))
        #expect(
            duty.due(
                meta, node: NodeID(5), installed: .zero, isLeading: false,
                now: SteadyTime(nanoseconds: 1)) == nil)
        for node: UInt64 in [1, 4] { try house.attest(digest, at: meta.checkpoint.index, by: node) }
        meta = try house.meta
        #expect(meta.checkpoint.verdict(meta.configuration) == nil)
        #expect(
            CheckpointReport(meta).words.map { $0.digest != nil } == [true, false, false, true])
    }

    @Test("The report tells each member's word, and whether a quorum says the same")
    func report() throws {
        var house = try Self.house()
        #expect(CheckpointReport(try house.meta).verdict == .none)
        _ = try house.apply(.beginCheckpoint, by: .node)
        let checkpoint = try house.meta.checkpoint
        let digest = try #require(checkpoint.digest)
        let other = StateHash(low: 1, high: 2)
        try house.attest(digest, at: checkpoint.index, by: 1)
        try house.attest(other, at: checkpoint.index, by: 3)
        var report = CheckpointReport(try house.meta)
        #expect(report.verdict == .pending && report.index == checkpoint.index)
        #expect(report.words.map(\.digest) == [digest, nil, other])
        #expect(report.words.allSatisfy { $0.agrees == nil && $0.isVoter })
        try house.attest(digest, at: checkpoint.index, by: 2)
        report = CheckpointReport(try house.meta)
        #expect(report.verdict == .agreed(digest))
        #expect(report.words.map(\.agrees) == [true, true, false])
    }

    @Test("A word about another checkpoint counts for nothing, and so does a second one")
    func stale() {
        var checkpoint = Checkpoint(index: LogIndex(5), digest: nil)
        let (one, two) = (StateHash(low: 1, high: 1), StateHash(low: 2, high: 2))
        checkpoint.attest(.init(node: NodeID(1), digest: one), at: LogIndex(4))
        #expect(checkpoint.attestations.isEmpty)
        checkpoint.attest(.init(node: NodeID(1), digest: one), at: LogIndex(5))
        checkpoint.attest(.init(node: NodeID(1), digest: two), at: LogIndex(5))
        #expect(checkpoint.attestations.map(\.digest) == [one])
    }

    @Test("A word counts also where the rows say that it was heard before: they may have diverged")
    func divergedRecords() throws {
        var house = try Self.house()
        _ = try house.apply(.beginCheckpoint, by: .node)
        let checkpoint = try house.meta.checkpoint
        let digest = try #require(checkpoint.digest)
        let word = Command(
            .attestCheckpoint(.init(index: checkpoint.index, digest: digest)),
            header: CommandHeader(actor: .node))
        let id = ProposalID(node: NodeID(2), run: 500, counter: 7)
        // What should not be there: an outcome under the id of a proposal that is still to come.
        let other = Command(.sweep(.init(limit: 1)), header: CommandHeader(actor: .node))
        _ = try house.apply(id, oldestPending: 7, other.encoded())
        _ = try house.apply(id, oldestPending: 7, word.encoded())
        #expect(try house.meta.checkpoint.isAttested(by: NodeID(2)))
        let began = Command(.beginCheckpoint, header: CommandHeader(actor: .node))
        _ = try house.apply(id, oldestPending: 7, began.encoded())
        #expect(try house.meta.checkpoint.index > checkpoint.index)
    }

    @Test("Only a node begins a checkpoint, and neither it nor a word writes a row")
    func noRows() throws {
        var house = try Self.house()
        #expect(
            try house.apply(.beginCheckpoint, by: house.admin).refusal == .insufficientPermissions)
        let written = try house.meta.written
        let audit = try house.meta.nextAudit
        _ = try house.apply(.beginCheckpoint, by: .node)
        let meta = try house.meta
        #expect(meta.written == written && meta.nextAudit == audit)
    }

    @Test("The leader begins a checkpoint by count or by time, and none when nothing was written")
    func duty() throws {
        var house = try Self.house()
        var duty = CheckpointDuty()
        func due(
            _ meta: StateMeta, leads: Bool, seconds: UInt64, installed: UInt64 = 0
        ) -> Command.Operation? {
            duty.due(
                meta, node: NodeID(1), installed: LogIndex(installed), isLeading: leads,
                now: SteadyTime(nanoseconds: seconds * 1_000_000_000))
        }
        var meta = try house.meta
        #expect(due(meta, leads: true, seconds: 1) == nil)
        #expect(due(meta, leads: false, seconds: 100) == nil)
        #expect(due(meta, leads: true, seconds: 100) == .beginCheckpoint)
        #expect(due(meta, leads: true, seconds: 101) == nil, "not twice at once")
        #expect(due(meta, leads: true, seconds: 106) == .beginCheckpoint, "it may be lost")
        _ = try house.apply(.beginCheckpoint, by: .node)
        meta = try house.meta
        let digest = try #require(meta.checkpoint.digest)
        let word = Command.Operation.attestCheckpoint(
            .init(index: meta.checkpoint.index, digest: digest))
        let here = meta.checkpoint.index.rawValue
        #expect(
            due(meta, leads: false, seconds: 107, installed: here) == nil,
            "nobody repeats what came with a copy")
        #expect(
            due(meta, leads: false, seconds: 107, installed: here - 1) == word,
            "every voter says what it has")
        #expect(due(meta, leads: true, seconds: 108) == nil)
        try house.attest(digest, at: meta.checkpoint.index, by: 1)
        #expect(due(try house.meta, leads: true, seconds: 1_000) == nil, "nothing was written")
        meta.applied = EntryID(index: meta.checkpoint.index + 2_000, term: Term(1))
        meta.written = meta.applied.index
        meta.checkpoint = try house.meta.checkpoint
        #expect(due(meta, leads: true, seconds: 1_001) == .beginCheckpoint, "many entries")
    }

    @Test("A state of another format is no damage")
    func format() throws {
        let tables = InMemoryTables()
        try tables.put(.meta, StateMeta.key, [1, 2, 3])
        #expect(throws: StateFormatUnknown(version: 1)) { try StateMeta.read(tables) }
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

    /// A node's word about its state.
    fileprivate mutating func attest(
        _ digest: StateHash, at index: LogIndex, by node: UInt64
    ) throws {
        let command = Command(
            .attestCheckpoint(.init(index: index, digest: digest)),
            header: CommandHeader(actor: .node))
        let counter = UInt64(log.count)
        _ = try apply(
            ProposalID(node: NodeID(node), run: 500, counter: counter), oldestPending: counter,
            command.encoded())
    }
}
