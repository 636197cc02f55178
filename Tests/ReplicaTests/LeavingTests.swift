import ByteCodec
import RaftCore
import RaftWire
import Replica
import Testing

private func isTimeoutNow(_ message: PeerMessage) -> Bool {
    guard case .raft(let inner) = message, case .timeoutNow = inner.body else { return false }
    return true
}

@Suite struct LeavingTests {
    @Test("a leader that is told to stop hands over first, and parked proposals succeed")
    func shutdown() {
        let cluster = Cluster()
        cluster.elect()
        let old = cluster.leader!
        let deadline = cluster.now.advanced(milliseconds: 5_000)
        cluster.give(
            .shutdown, .propose(Ticket(1), command: [1], isNarrowing: false, deadline: deadline),
            to: old.replica.id)
        cluster.run(milliseconds: 200)
        #expect(old.isStopped)
        #expect(cluster.leader.map { $0 !== old } == true)
        guard case .applied? = old.completions[Ticket(1)] else {
            Issue.record("\(String(describing: old.completions[Ticket(1)]))")
            return
        }
    }

    @Test("a leader whom nobody can follow stops within its time, and says that it does")
    func shutdownAlone() {
        let cluster = Cluster()
        cluster.elect()
        let old = cluster.leader!
        cluster.passes = { message, _, _ in
            !isTimeoutNow(message)
        }
        cluster.give(.shutdown, to: old.replica.id)
        cluster.run(milliseconds: 3_900)
        #expect(!old.isStopped)
        cluster.run(milliseconds: 200)
        #expect(old.isStopped)
        #expect(old.others.last == .stopped)
    }

    @Test("a follower that is told to stop does so at once, and answers nothing any more")
    func shutdownFollower() {
        let cluster = Cluster()
        cluster.elect()
        let node = cluster.follower
        cluster.give(.shutdown, to: node.replica.id)
        #expect(node.isStopped)
        cluster.give(
            .propose(
                Ticket(1), command: [1], isNarrowing: false,
                deadline: cluster.now.advanced(milliseconds: 1_000)),
            to: node.replica.id)
        #expect(
            node.completions[Ticket(1)]
                == .notProposed(.draining, leader: cluster.leader?.replica.id))
    }

    @Test("leadership goes to the node that was named")
    func transfer() {
        let cluster = Cluster()
        cluster.elect()
        let old = cluster.leader!
        let heir = cluster.follower.replica.id
        cluster.give(.transfer(Ticket(1), to: heir), to: old.replica.id)
        cluster.run(milliseconds: 100)
        #expect(old.transfers[Ticket(1)] == .done(leader: heir))
        cluster.give(.transfer(Ticket(2), to: heir), to: old.replica.id)
        #expect(old.transfers[Ticket(2)] == .notLeader(leader: heir))
    }

    @Test("a hand-over that does not happen is given up, and the leader goes on (L6)")
    func transferFails() {
        let cluster = Cluster()
        cluster.elect()
        let old = cluster.leader!
        let heir = cluster.follower.replica.id
        cluster.passes = { message, _, _ in
            !isTimeoutNow(message)
        }
        cluster.give(.transfer(Ticket(1), to: heir), to: old.replica.id)
        cluster.give(
            .propose(
                Ticket(2), command: [2], isNarrowing: false,
                deadline: cluster.now.advanced(milliseconds: 3_000)),
            to: heir)
        cluster.run(milliseconds: 1_000)
        #expect(old.transfers[Ticket(1)] == .failed)
        #expect(cluster.leader === old)
        guard let completion = cluster[heir.rawValue].completions[Ticket(2)] else {
            Issue.record("not answered")
            return
        }
        // The park time and the hand-over both take 500 ms: either end is true.
        switch completion {
        case .applied, .notProposed: break
        case .unknown: Issue.record("it was refused, and nobody has it")
        }
    }
}

@Suite struct StampTests {
    @Test("stamps never go back, and follow the wall clock of the leader")
    func ascending() {
        let cluster = Cluster()
        cluster.elect()
        for ticket in 1...5 as ClosedRange<UInt64> {
            cluster.give(
                .propose(
                    Ticket(ticket), command: [1], isNarrowing: false,
                    deadline: cluster.now.advanced(milliseconds: 1_000)),
                to: cluster.ids[Int(ticket) % 3])
            cluster.run(milliseconds: 1_000)
        }
        let stamps = cluster[1].stamps
        #expect(stamps.count == 5)
        #expect(stamps == stamps.sorted())
        #expect(stamps[4].milliseconds(since: stamps[0]) == 4_000)
    }

    @Test("a jump of the leader's wall clock by a year moves the time in the log by seconds")
    func jumpForward() {
        let cluster = Cluster()
        cluster.elect()
        let leader = cluster.leader!
        func write(_ ticket: UInt64) {
            cluster.give(
                .propose(
                    Ticket(ticket), command: [1], isNarrowing: false,
                    deadline: cluster.now.advanced(milliseconds: 1_000)), to: leader.replica.id)
        }
        write(1)
        cluster.run(milliseconds: 100)
        cluster.wall = cluster.wall.advanced(milliseconds: 365 * 86_400_000)
        for ticket in 2...100 as ClosedRange<UInt64> {
            write(ticket)
            cluster.run(milliseconds: 10)
        }
        let passed = leader.stamps.last!.milliseconds(since: leader.stamps[0])
        #expect(passed >= 1_000 && passed <= 2_200, "\(passed) ms")
    }

    @Test("a jump back by a day does not stop the time in the log")
    func jumpBack() {
        let cluster = Cluster()
        cluster.elect()
        let leader = cluster.leader!
        func write(_ ticket: UInt64) {
            cluster.give(
                .propose(
                    Ticket(ticket), command: [1], isNarrowing: false,
                    deadline: cluster.now.advanced(milliseconds: 1_000)), to: leader.replica.id)
        }
        write(1)
        cluster.wall = Timestamp(milliseconds: cluster.wall.rawValue - 86_400_000)
        cluster.run(milliseconds: 60_000)
        write(2)
        #expect(leader.stamps[1].milliseconds(since: leader.stamps[0]) == 30_000)
    }

    @Test("a follower whose clock was stepped becomes leader, and the time in the log goes on")
    func steppedHeir() {
        let cluster = Cluster()
        cluster.elect()
        let old = cluster.leader!
        cluster.give(
            .propose(
                Ticket(1), command: [1], isNarrowing: false,
                deadline: cluster.now.advanced(milliseconds: 1_000)),
            to: old.replica.id)
        cluster.run(milliseconds: 1_000)
        cluster.wall = cluster.wall.advanced(milliseconds: 86_400_000)
        cluster.kill(old.replica.id)
        cluster.elect()
        let heir = cluster.leader!
        cluster.give(
            .propose(
                Ticket(2), command: [1], isNarrowing: false,
                deadline: cluster.now.advanced(milliseconds: 1_000)),
            to: heir.replica.id)
        let passed = heir.stamps[1].milliseconds(since: heir.stamps[0])
        #expect(passed >= 1_000 && passed <= 7_000, "\(passed) ms")
    }
}

extension StampTests {
    @Test(
        "nodes that start with wall clocks hours ahead take the time of their leader",
        arguments: [[1], [2], [3], [1, 2], [2, 3], [1, 3]] as [[UInt64]])
    func wrongFromTheStart(ahead: [UInt64]) {
        let cluster = Cluster(
            skews: Dictionary(uniqueKeysWithValues: ahead.map { ($0, 7_200_000) }))
        cluster.elect()
        // Whoever leads first, its time holds, also for the others.
        let old = cluster.leader!
        func write(_ ticket: UInt64, _ node: Cluster.Node) {
            cluster.give(
                .propose(
                    Ticket(ticket), command: [1], isNarrowing: false,
                    deadline: cluster.now.advanced(milliseconds: 1_000)), to: node.replica.id)
        }
        write(1, old)
        cluster.run(milliseconds: 1_000)
        cluster.kill(old.replica.id)
        cluster.elect()
        let heir = cluster.leader!
        write(2, heir)
        let passed = heir.stamps[1].milliseconds(since: heir.stamps[0])
        #expect(passed >= 500 && passed <= 7_000, "\(passed) ms")
    }
}

@Suite struct TrimTests {
    @Test("the log on the disk is trimmed by the durable applied index, in steps")
    func trims() {
        let cluster = Cluster(options: {
            $0.raft.retainedBytesMax = 0
            $0.raft.graceBytesMax = 0
            $0.trimStepEntries = 10
        })
        cluster.elect()
        let leader = cluster.leader!
        for ticket in 1...25 as ClosedRange<UInt64> {
            cluster.give(
                .propose(
                    Ticket(ticket), command: [1], isNarrowing: false,
                    deadline: cluster.now.advanced(milliseconds: 1_000)), to: leader.replica.id)
        }
        #expect(leader.others == [.trimLog(upTo: LogIndex(10)), .trimLog(upTo: LogIndex(20))])
    }

    @Test("large entries are trimmed in smaller steps")
    func trimsBytes() {
        let cluster = Cluster(options: {
            $0.raft.retainedBytesMax = 0
            $0.raft.graceBytesMax = 0
            $0.trimStepBytes = 1_000
        })
        cluster.elect()
        let leader = cluster.leader!
        for ticket in 1...4 as ClosedRange<UInt64> {
            cluster.give(
                .propose(
                    Ticket(ticket), command: [UInt8](repeating: 1, count: 500), isNarrowing: false,
                    deadline: cluster.now.advanced(milliseconds: 1_000)), to: leader.replica.id)
        }
        #expect(leader.others == [.trimLog(upTo: LogIndex(3)), .trimLog(upTo: LogIndex(5))])
    }
}
