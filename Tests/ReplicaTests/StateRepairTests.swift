import ByteCodec
import RaftCore
import RaftWire
import Replica
import Testing

/// Decision 7: a run that begins with a log and without a state.
@Suite("A replica that has lost its state") struct StateRepairTests {
    /// One node of three, alone with the test.
    private struct Lost {
        var replica: Replica
        var now = SteadyTime(nanoseconds: 1_000_000_000)
        private(set) var asked: [NodeID] = []
        private(set) var others: [ReplicaAction] = []

        init() {
            let start = EntryID(index: LogIndex(5), term: Term(1))
            let entries = (6...9 as ClosedRange<UInt64>).map {
                Entry(index: LogIndex($0), term: Term(1), kind: .empty, payload: [])
            }
            var restored = RestoredState(
                hardState: HardState(term: Term(1), vote: nil, commit: LogIndex(7)),
                snapshot: SnapshotMetadata(last: start, configuration: ConfState(voters: [])),
                logStart: start, entries: entries)
            restored.isStateLost = true
            replica = Replica(
                id: NodeID(1), run: 7, options: ReplicaOptions(), restored: restored,
                lastStamp: .zero, seed: 1, now: ReplicaClocks(steady: now, wall: .zero))
        }

        mutating func give(_ inputs: ReplicaInput...) {
            for action in replica.handle(inputs, now: ReplicaClocks(steady: now, wall: .zero)) {
                if case .send(.stateWanted, let peer) = action { asked.append(peer) }
                others.append(action)
            }
        }

        /// Lets time pass, timer by timer; answers how often somebody was asked.
        mutating func run(milliseconds: UInt64) -> Int {
            let before = asked.count
            let end = now.advanced(milliseconds: milliseconds)
            var turns = 0
            while let due = replica.deadline, due <= end {
                now = max(due, now.advanced(nanoseconds: 1_000))
                give(.timer)
                turns += 1
                precondition(turns < 10_000, "it does not come to rest")
            }
            now = end
            return asked.count - before
        }
    }

    private let copy = SnapshotMetadata(
        last: EntryID(index: LogIndex(8), term: Term(1)),
        configuration: ConfState(voters: [NodeID(1), NodeID(2), NodeID(3)]))

    @Test("asks as soon as somebody is there, one after the other, and each time later")
    func pauses() {
        var node = Lost()
        #expect(node.run(milliseconds: 5_000) == 0)
        node.give(.connected(NodeID(2)), .connected(NodeID(3)))
        #expect(node.asked.count == 1)
        // After 1, 2, 3 and 3 seconds: a copy costs its maker a look at the whole state.
        #expect(node.run(milliseconds: 10_000) == 4)
        #expect(Set(node.asked) == [NodeID(2), NodeID(3)])
    }

    @Test("asks nobody while a copy comes in, and again some time after it came to nothing")
    func receiving() {
        var node = Lost()
        node.give(.connected(NodeID(2)), .connected(NodeID(3)))
        node.give(.receivingSnapshot(true))
        #expect(node.run(milliseconds: 60_000) == 0)
        node.give(.receivingSnapshot(false))
        #expect(node.asked.count == 1)
        #expect(node.run(milliseconds: 4_000) >= 1)
    }

    @Test("lets go of a copy that comes once more while it is installed")
    func comesTwice() {
        var node = Lost()
        node.give(.connected(NodeID(2)))
        node.give(.snapshotReceived(copy, from: NodeID(2)))
        // Its sender did not hear that it arrived. What is installed stays where it is till then.
        node.give(.snapshotReceived(copy, from: NodeID(2)))
        #expect(!node.others.contains(.discardSnapshot(copy)))
        node.give(.snapshotInstalled(copy, lastStamp: .zero))
        #expect(node.others.contains(.discardSnapshot(copy)))
    }

    @Test("is fit again when it has a state, and not if that one was found damaged meanwhile")
    func fitness() {
        for isDamaged in [false, true] {
            var node = Lost()
            node.give(.connected(NodeID(2)))
            // Of the state that was lost: the runtime says it at the beginning of a run.
            node.give(.fitness(.stateDamaged))
            node.give(.snapshotReceived(copy, from: NodeID(2)))
            #expect(node.others.contains(.replaceState(copy)))
            if isDamaged { node.give(.fitness(.stateDamaged)) }
            node.give(.snapshotInstalled(copy, lastStamp: .zero))
            #expect(node.replica.status.fitness == (isDamaged ? .stateDamaged : .fit))
            _ = node.run(milliseconds: 5_000)
            #expect(
                node.replica.status.isStopped == isDamaged, "its run ends, and a new one begins")
        }
    }
}
