import AuthCore
import ByteCodec
import RaftCore
import StateStore
import Testing
import WriteAheadLog

@testable import Recovery
@testable import SimulationKit

@Suite("Recovery from one survivor")
struct RecoveryTests {
    private static let alone = ConfState(voters: [Survivor.node])

    /// What must be true once the recovery has ended, however it came to its end.
    private func expectRecovered(_ survivor: Survivor, _ comment: Comment) throws {
        let meta = try survivor.store.read { $0.meta }
        let count = survivor.entries.count
        let directory = try survivor.openDirectory()
        let (log, recovered) = try survivor.openLog()
        #expect(Array(recovered.entries.prefix(count)) == survivor.entries, comment)
        #expect(recovered.entries.count == count + 2, comment)
        #expect(recovered.entries[count].kind == .configuration, comment)
        let end = Term(1 << 32)
        #expect(recovered.hardState.term == end && recovered.hardState.vote == nil, comment)
        #expect(recovered.hardState.commit == recovered.last.index, comment)
        #expect(meta.applied == recovered.last && meta.configuration == Self.alone, comment)
        try survivor.store.read { view in
            #expect(try Listing.members(view).map(\.node) == [Survivor.node], comment)
            let next = try NodeNumbers.next(in: meta.configuration, view)
            #expect(next >= 104, comment)
            #expect(try AuditRow.read(meta.nextAudit - 1, view)?.action == .clusterRecover, comment)
        }
        try log.close()
        try directory.close()
    }

    @Test("A plan tells what the node has, and changes nothing")
    func plan() throws {
        let survivor = try Survivor()
        let plan = try survivor.recovery().plan()
        #expect(plan.node == Survivor.node && plan.clusterID == Survivor.identity.clusterID)
        #expect(plan.last == EntryID(index: LogIndex(7), term: Term(2)))
        #expect(plan.applied == EntryID(index: LogIndex(5), term: Term(1)))
        #expect(plan.committed == LogIndex(5) && plan.uncommitted == 2, "applied is committed")
        #expect(plan.term == Term(2) && plan.configuration == Survivor.three)
        #expect(plan.promised == .zero && plan.logDamage.isEmpty && plan.stateDamage == nil)
        #expect(!plan.isBegun && plan.obstacle(supporting: StateMachine.featureLevel) == nil)
        #expect(try survivor.recovery().plan() == plan)
        let (_, recovered) = try survivor.openLog()
        #expect(recovered.entries == survivor.entries)
    }

    @Test("The node becomes the only member, and leads by itself from its next start on")
    func recovers() throws {
        let survivor = try Survivor()
        let result = try survivor.recovery().apply()
        #expect(result.base == LogIndex(7) && result.last.index == LogIndex(9))
        #expect(result.forgotten == [NodeID(1), NodeID(2)])
        survivor.kill()
        try expectRecovered(survivor, "at once")
        survivor.kill()
        let (_, recovered) = try survivor.openLog()
        let meta = try survivor.store.read { $0.meta }
        var core = RaftCore(
            id: Survivor.node, options: RaftOptions(),
            restored: RestoredState(
                hardState: recovered.hardState,
                snapshot: SnapshotMetadata(
                    last: meta.applied, configuration: meta.configuration),
                logStart: recovered.logStart, entries: recovered.entries,
                promised: recovered.promised), seed: 1, now: .zero)
        var now = SteadyTime.zero
        for _ in 0..<20 where core.status.role != .leader || !core.status.hasCommittedInTerm {
            now = now.advanced(milliseconds: 200)
            core.step(.timer, now: now)
            let ready = core.takeReady()
            #expect(ready.messages.isEmpty, "it has nobody to talk to")
            if let persist = ready.persist { core.step(.persisted(persist.token), now: now) }
        }
        #expect(core.status.role == .leader && core.status.hasCommittedInTerm)
        #expect(core.status.term == Term(1 << 32 + 1))
    }

    @Test("Nothing is lost or done twice when the process is killed at any call")
    func kill() throws {
        var calls = 1
        while try recoverWithCrash(at: calls, crash: { $0.kill() }) { calls += 1 }
        #expect(calls > 60, "\(calls)")
    }

    @Test("Nothing is lost or done twice when the power goes at any call")
    func powerLoss() throws {
        var random = RandomSource(seed: 11)
        for _ in 0..<4 {
            var calls = 1
            while try recoverWithCrash(at: calls, crash: { $0.losePower(&random) }) { calls += 1 }
        }
    }

    /// Recovers with a crash at one call, and once more.
    ///
    /// - Returns: false when there were not so many calls.
    private func recoverWithCrash(at call: Int, crash: (Survivor) -> Void) throws -> Bool {
        let survivor = try Survivor()
        survivor.disk.callsUntilCrash = call
        var error: (any Error)?
        do { _ = try survivor.recovery().apply() } catch let caught { error = caught }
        guard survivor.disk.isCrashed else {
            #expect(error == nil)
            survivor.kill()
            try expectRecovered(survivor, "no crash")
            return false
        }
        crash(survivor)
        let comment: Comment = "crash at call \(call)"
        do {
            let directory = try survivor.openDirectory()
            try directory.close()
            // The node would start: then nothing has begun, or everything has ended.
            let present = try survivor.store.read { $0.meta }
            if present.configuration == Self.alone { return try ended(survivor, comment) }
            let (log, recovered) = try survivor.openLog()
            #expect(recovered.entries == survivor.entries, comment)
            #expect(recovered.hardState.term == Term(2), comment)
            try log.close()
        } catch DataDirectoryError.recoveryUnfinished {
            #expect(try survivor.recovery().plan().isBegun, comment)
        }
        _ = try survivor.recovery().apply()
        survivor.kill()
        return try ended(survivor, comment)
    }

    private func ended(_ survivor: Survivor, _ comment: Comment) throws -> Bool {
        try expectRecovered(survivor, comment)
        return true
    }

    @Test("A node that runs, and one that needs no recovery, are left alone")
    func refused() throws {
        let survivor = try Survivor()
        let running = try survivor.openDirectory()
        #expect(throws: DataDirectoryError.locked(path: Survivor.directory)) {
            try survivor.recovery().apply()
        }
        try running.close()
        _ = try survivor.recovery().apply()
        #expect(throws: RecoveryError.self) { try survivor.recovery().apply() }
        survivor.kill()
        try expectRecovered(survivor, "a second time")
    }

    @Test("A node whose state was given up, is too new, or that was removed, is not taken")
    func obstacles() throws {
        let lost = try Survivor()
        try lost.store.giveUp()
        lost.kill()
        #expect(try lost.recovery().plan().stateDamage != nil)
        #expect(throws: RecoveryError.self) { try lost.recovery().apply() }
        let newer = try Survivor()
        #expect(throws: RecoveryError.self) { try newer.recovery(level: 0).apply() }
        let others = ConfState(voters: [NodeID(1), NodeID(2)])
        let removed = try Survivor(tail: [
            Entry(
                index: LogIndex(8), term: Term(2), kind: .configuration, payload: others.encoded())
        ])
        #expect(try removed.recovery().plan().configuration == others)
        #expect(throws: RecoveryError.self) { try removed.recovery().apply() }
        for survivor in [lost, newer, removed] {
            let directory = try survivor.openDirectory()
            #expect(try !directory.isRecovering, "nothing was begun")
            try directory.close()
        }
    }

    @Test("A change of members that was under way ends with the survivor alone")
    func joint() throws {
        let joint = ConfState(
            voters: [NodeID(2), NodeID(3)], votersOutgoing: [NodeID(1), NodeID(3)],
            learners: [NodeID(4)])
        let survivor = try Survivor(tail: [
            Entry(
                index: LogIndex(8), term: Term(2), kind: .configuration, payload: joint.encoded())
        ])
        let result = try survivor.recovery().apply()
        #expect(result.forgotten == [NodeID(1), NodeID(2), NodeID(4)])
        survivor.kill()
        try expectRecovered(survivor, "joint")
    }

    @Test("What is not known to be committed takes effect")
    func uncommitted() throws {
        let survivor = try Survivor()
        _ = try survivor.recovery().apply()
        let row = try survivor.store.read { try MemberRow.read(Survivor.node, $0) }
        #expect(row?.peer == "n3:2", "as the last entry had it")
    }

    @Test("A second loss goes on in a history of its own")
    func histories() {
        #expect(Recovery.nextHistory(Term(7)) == Term(1 << 32))
        #expect(Recovery.nextHistory(Term(1 << 32)) == Term(2 << 32))
        #expect(Recovery.nextHistory(Term(1 << 32 + 5)) == Term(2 << 32))
    }
}
