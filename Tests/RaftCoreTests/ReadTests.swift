import RaftCore
import Testing

@Suite("Read index (dissertation §6.4)")
struct ReadTests {
    private func leader() -> Bench {
        var bench = Bench()
        bench.winAndCommit()
        return bench
    }

    @Test("is confirmed by a quorum's answers to heartbeats sent after it was asked for")
    func confirmed() {
        var bench = leader()
        bench.core.readIndex(context: 7, now: bench.now)
        bench.collect()
        #expect(bench.take(to: n2) == [.heartbeat(commit: LogIndex(1), sequence: 1)])
        #expect(bench.readStates.isEmpty)
        bench.receive(.heartbeatReply(sequence: 0), term: 1)
        #expect(bench.readStates.isEmpty, "an answer to an earlier heartbeat")
        bench.receive(.heartbeatReply(sequence: 1), term: 1)
        #expect(bench.readStates == [ReadState(context: 7, index: LogIndex(1))])
    }

    @Test("shares one round with all that come before it begins; later ones wait for the next")
    func batched() {
        var bench = leader()
        for context in [UInt64(1), 2, 3] {
            bench.core.readIndex(context: context, now: bench.now)
        }
        bench.collect()
        #expect(bench.take(to: n3) == [.heartbeat(commit: .zero, sequence: 1)])
        bench.core.readIndex(context: 4, now: bench.now)
        bench.collect()
        #expect(bench.take(to: n3).isEmpty, "one round at a time")
        bench.receive(.heartbeatReply(sequence: 1), term: 1)
        #expect(bench.readStates.map(\.context) == [1, 2, 3])
        #expect(bench.take(to: n3) == [.heartbeat(commit: .zero, sequence: 2)])
        bench.receive(.heartbeatReply(sequence: 1), from: n3, term: 1)
        #expect(bench.readStates.count == 3)
        bench.receive(.heartbeatReply(sequence: 2), from: n3, term: 1)
        #expect(bench.readStates.map(\.context) == [1, 2, 3, 4])
    }

    @Test("waits until an entry of the own term is committed (etcd #7331)")
    func ownTermFirst() {
        var bench = Bench(.log([1, 1], commit: 1))
        bench.win()
        bench.core.readIndex(context: 1, now: bench.now)
        bench.collect()
        bench.receive(.heartbeatReply(sequence: 0), term: 2)
        bench.receive(.heartbeatReply(sequence: 1), term: 2)
        #expect(bench.readStates.isEmpty)
        #expect(bench.core.status.pendingReads == 1)
        bench.receive(.appendReply(.accepted(match: LogIndex(3))), term: 2)
        bench.receive(.heartbeatReply(sequence: 1), term: 2)
        #expect(bench.readStates == [ReadState(context: 1, index: LogIndex(3))])
    }

    @Test("is dropped where nobody leads, and when leadership ends")
    func dropped() {
        var bench = Bench()
        bench.core.readIndex(context: 1, now: bench.now)
        bench.collect()
        #expect(bench.droppedReads == [1])
        bench = leader()
        bench.core.readIndex(context: 2, now: bench.now)
        bench.collect()
        bench.core.readIndex(context: 3, now: bench.now)
        bench.receive(.heartbeat(commit: .zero, sequence: 0), from: n3, term: 2)
        #expect(bench.droppedReads == [2, 3])
        #expect(bench.readStates.isEmpty)
    }

    @Test("is not confirmed for a leader that is cut off (Jepsen 2014)")
    func deposed() throws {
        var cluster = Cluster(3)
        cluster.elect(n1)
        cluster.partition([n1], [n2, n3])
        cluster.elect(n2)
        #expect(cluster[n2].core.status.role == .leader)
        try cluster.propose(n2, "newer")
        cluster.settle()
        cluster.read(n1, context: 1)
        cluster.advance(1_000)
        #expect(cluster[n1].readStates.isEmpty)
        #expect(cluster[n1].droppedReads == [1])
    }

    @Test("is asked again after a pause: answers as old as the pause do not count (etcd #20418)")
    func pause() {
        var bench = leader()
        bench.core.readIndex(context: 1, now: bench.now)
        bench.collect()
        bench.advance(400)
        bench.receive(.heartbeatReply(sequence: 1), term: 1)
        #expect(bench.readStates.isEmpty)
        bench.receive(.heartbeatReply(sequence: 2), term: 1)
        #expect(bench.readStates.map(\.context) == [1])
    }

    @Test("is refused beyond the limit of reads that wait")
    func limit() {
        var options = RaftOptions()
        options.pendingReadsMax = 2
        var bench = Bench(options: options)
        bench.winAndCommit()
        for context in 1...UInt64(3) { bench.core.readIndex(context: context, now: bench.now) }
        bench.collect()
        #expect(bench.droppedReads == [3])
        #expect(bench.core.status.pendingReads == 2)
    }

    @Test("ignores answers to rounds that were never asked, and strangers")
    func lies() {
        var bench = leader()
        bench.core.readIndex(context: 1, now: bench.now)
        bench.collect()
        bench.receive(.heartbeatReply(sequence: 99), term: 1)
        bench.receive(.heartbeatReply(sequence: 1), from: NodeID(9), term: 1)
        #expect(bench.readStates.isEmpty)
    }

    @Test("survives the loss of its heartbeats: answers to later ones say as much")
    func lostRound() {
        var bench = leader()
        bench.core.readIndex(context: 1, now: bench.now)
        bench.collect()
        bench.sent = []
        bench.fire()
        #expect(bench.take(to: n2) == [.heartbeat(commit: LogIndex(1), sequence: 2)])
        bench.receive(.heartbeatReply(sequence: 2), term: 1)
        #expect(bench.readStates.map(\.context) == [1])
    }

    @Test("needs a quorum of both halves of a joint configuration")
    func joint() {
        let configuration = ConfState(voters: [n1, n2, n3], votersOutgoing: [n1, n4, n5])
        var bench = Bench(.log([], configuration: configuration))
        bench.fire()
        for voter in [n2, n4] {
            bench.receive(.preVoteReply(granted: true), from: voter, term: 1)
        }
        for voter in [n2, n4] { bench.receive(.voteReply(granted: true), from: voter, term: 1) }
        for voter in [n2, n4] {
            bench.receive(.appendReply(.accepted(match: LogIndex(1))), from: voter, term: 1)
        }
        #expect(bench.core.status.hasCommittedInTerm)
        bench.core.readIndex(context: 1, now: bench.now)
        bench.collect()
        for voter in [n2, n3] { bench.receive(.heartbeatReply(sequence: 1), from: voter, term: 1) }
        #expect(bench.readStates.isEmpty)
        bench.receive(.heartbeatReply(sequence: 1), from: n5, term: 1)
        #expect(bench.readStates.count == 1)
    }
}
