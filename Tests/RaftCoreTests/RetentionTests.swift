import RaftCore
import Testing

/// What is kept of the log for others, and what is taken in while the state lags behind.
@Suite struct RetentionTests {
    /// A leader with n2's help, and n3, which has the first entry only; 33 bytes an entry.
    private func bench(_ configure: (inout RaftOptions) -> Void) throws -> Bench {
        var options = RaftOptions()
        options.retainedBytesMax = 0
        configure(&options)
        var bench = Bench(options: options)
        bench.winAndCommit()
        bench.receive(.appendReply(.accepted(match: LogIndex(1))), from: n3, term: 1)
        try write(5, &bench)
        return bench
    }

    private func write(_ count: Int, _ bench: inout Bench) throws {
        for _ in 0..<count {
            try bench.propose("x")
            bench.receive(.appendReply(.accepted(match: bench.core.status.last.index)), term: 1)
        }
        bench.step(.compacted(upTo: bench.core.status.applied))
    }

    @Test("a follower that answers keeps the log from being cut, within the grace")
    func grace() throws {
        var bench = try bench { $0.graceBytesMax = 200 }
        #expect(bench.core.retainedLog.first == LogIndex(2), "all that n3 lacks")
        #expect(bench.core.retainedLog.bytes == 5 * 33)
        try write(2, &bench)
        #expect(bench.core.retainedLog.first == LogIndex(3), "200 bytes are six entries")
        bench.receive(.appendReply(.accepted(match: LogIndex(6))), from: n3, term: 1)
        try write(1, &bench)
        #expect(bench.core.retainedLog.first == LogIndex(7), "what all have goes at once")
        #expect(bench.core.status.logBytes == 3 * 33)
        bench.core.checkInvariants()
    }

    @Test("a follower that is gone does not hold the log, and an idle leader lets go of it too")
    func gone() throws {
        var bench = try bench {
            $0.graceBytesMax = 10_000
            $0.graceMilliseconds = 100
        }
        #expect(bench.core.retainedLog.first == LogIndex(2))
        for _ in 0..<4 {
            bench.advance(30)
            bench.fire()
            bench.receive(.heartbeatReply(sequence: 0), term: 1)
        }
        bench.fire()
        #expect(bench.core.status.role == .leader)
        #expect(bench.core.retainedLog.first == LogIndex(7))
    }

    @Test("what lies behind a snapshot on its way is kept, so that it is of use when it arrives")
    func behindSnapshot() throws {
        var bench = try bench { $0.graceBytesMax = 100 }
        // Too slow for the grace: entry 2 is cut, and n3 needs the state.
        bench.receive(
            .appendReply(.rejected(previous: LogIndex(6), hint: .zero)), from: n3, term: 1)
        #expect(bench.snapshotsToSend == [n3])
        try write(3, &bench)
        #expect(bench.core.retainedLog.first == LogIndex(7), "from the snapshot on")
        let last = EntryID(6, 1)
        bench.step(
            .snapshotSent(
                to: n3, metadata: SnapshotMetadata(last: last, configuration: .voters(1...3)),
                succeeded: true))
        bench.sent = []
        bench.receive(.heartbeatReply(sequence: 0), from: n3, term: 1)
        bench.receive(.appendReply(.accepted(match: LogIndex(6))), from: n3, term: 1)
        #expect(bench.peer(n3).state == .replicate)
        bench.receive(.appendReply(.accepted(match: LogIndex(9))), from: n3, term: 1)
        #expect(bench.snapshotsToSend == [n3], "one was enough")
    }

    @Test("what lies behind a snapshot that seemed to fail is kept: it may have arrived")
    func behindFailedSnapshot() throws {
        var bench = try bench { $0.graceBytesMax = 100 }
        bench.receive(
            .appendReply(.rejected(previous: LogIndex(6), hint: .zero)), from: n3, term: 1)
        #expect(bench.snapshotsToSend == [n3])
        try write(2, &bench)
        let metadata = SnapshotMetadata(last: EntryID(6, 1), configuration: .voters(1...3))
        bench.step(.snapshotSent(to: n3, metadata: metadata, succeeded: false))
        try write(1, &bench)
        #expect(bench.core.retainedLog.first == LogIndex(7), "from the snapshot on")
        bench.receive(.appendReply(.accepted(match: LogIndex(6))), from: n3, term: 1)
        #expect(bench.peer(n3).state == .replicate)
        bench.receive(.appendReply(.accepted(match: LogIndex(9))), from: n3, term: 1)
        #expect(bench.snapshotsToSend == [n3], "one was enough")
    }

    @Test("a follower is asked for a snapshot that seemed to fail, before it is offered another")
    func asksBehindFailedSnapshot() throws {
        var bench = try bench { $0.graceBytesMax = 100 }
        bench.receive(
            .appendReply(.rejected(previous: LogIndex(6), hint: .zero)), from: n3, term: 1)
        let metadata = SnapshotMetadata(last: EntryID(6, 1), configuration: .voters(1...3))
        bench.sent = []
        func questions() -> [Message.Body] {
            bench.take(to: n3).filter { if case .append = $0 { true } else { false } }
        }
        bench.receive(.heartbeatReply(sequence: 0), from: n3, term: 1)
        #expect(questions().isEmpty, "one is on its way")
        bench.step(.snapshotSent(to: n3, metadata: metadata, succeeded: false))
        let question = Message.Body.append(
            previous: EntryID(6, 1), entries: [], commit: LogIndex(6))
        #expect(questions() == [question])
        #expect(questions().isEmpty, "once for each sign of life")
        bench.receive(.heartbeatReply(sequence: 0), from: n3, term: 1)
        #expect(questions() == [question])
        bench.receive(
            .appendReply(.rejected(previous: LogIndex(6), hint: .zero)), from: n3, term: 1)
        #expect(bench.peer(n3).state == .snapshot, "it has not come")
        bench.receive(.appendReply(.accepted(match: LogIndex(6))), from: n3, term: 1)
        #expect(bench.peer(n3).state == .replicate)
        #expect(bench.snapshotsToSend == [n3], "one was enough")
    }

    @Test("a follower is not offered another snapshot before it had time to answer the question")
    func answerBeforeOffer() throws {
        var bench = try failedSnapshot()
        // Long over due, but nothing was heard of it yet.
        bench.advance(5_000)
        bench.receive(.heartbeatReply(sequence: 0), from: n3, term: 1)
        #expect(bench.snapshotsToSend == [n3], "it was asked just now")
        bench.receive(.heartbeatReply(sequence: 0), from: n3, term: 1)
        #expect(bench.snapshotsToSend == [n3], "a second question changes nothing")
        bench.advance(2 * RaftOptions().electionTimeoutMilliseconds)
        bench.receive(.heartbeatReply(sequence: 0), from: n3, term: 1)
        #expect(bench.snapshotsToSend == [n3, n3])
    }

    @Test("who refuses an append and says where its log ends is believed, if that is not cut off")
    func refusalBehindTheLog() throws {
        var bench = try bench { $0.graceBytesMax = 100 }
        #expect(bench.core.retainedLog.first == LogIndex(4), "n3 is known to have the first only")
        bench.receive(
            .appendReply(.rejected(previous: LogIndex(6), hint: EntryID(4, 1))), from: n3, term: 1)
        #expect(bench.peer(n3).state == .probe)
        #expect(bench.peer(n3).next == LogIndex(5))
        #expect(bench.snapshotsToSend.isEmpty)
    }

    @Test("who says that it has come to where the log can go on needs no snapshot")
    func hintInReach() throws {
        var bench = try failedSnapshot()
        try write(2, &bench)
        bench.receive(
            .appendReply(.rejected(previous: LogIndex(8), hint: EntryID(7, 9))), from: n3, term: 1)
        #expect(bench.peer(n3).state == .snapshot, "an entry of another leader's")
        bench.receive(
            .appendReply(.rejected(previous: LogIndex(8), hint: EntryID(7, 1))), from: n3, term: 1)
        #expect(bench.peer(n3).state == .probe)
        #expect(bench.peer(n3).next == LogIndex(8))
    }

    @Test("a snapshot that arrives too late is followed by another at once")
    func lateSnapshot() throws {
        var bench = try bench { $0.graceBytesMax = 100 }
        bench.receive(
            .appendReply(.rejected(previous: LogIndex(6), hint: .zero)), from: n3, term: 1)
        let metadata = SnapshotMetadata(last: EntryID(1, 1), configuration: .voters(1...3))
        bench.step(.snapshotSent(to: n3, metadata: metadata, succeeded: true))
        bench.receive(.heartbeatReply(sequence: 0), from: n3, term: 1)
        #expect(bench.snapshotsToSend == [n3, n3])
        // One that is late again waits as one that failed.
        bench.step(.snapshotSent(to: n3, metadata: metadata, succeeded: true))
        bench.receive(.heartbeatReply(sequence: 0), from: n3, term: 1)
        #expect(bench.snapshotsToSend == [n3, n3])
    }

    @Test("an acknowledgement from before what is cut off does not end a probe")
    func lateAcknowledgement() throws {
        var bench = try bench { $0.graceBytesMax = 100 }
        bench.step(.connectionLost(n3, .closed))
        bench.step(.connected(n3))
        let start = bench.core.retainedLog.first
        #expect(start > LogIndex(2))
        bench.receive(.appendReply(.accepted(match: LogIndex(1))), from: n3, term: 1)
        #expect(bench.peer(n3).state == .probe)
        #expect(bench.snapshotsToSend.isEmpty)
        bench.receive(.appendReply(.accepted(match: start)), from: n3, term: 1)
        #expect(bench.peer(n3).state == .replicate)
    }

    /// A leader of six entries, whose snapshot for n3 failed as far as it knows.
    private func failedSnapshot() throws -> Bench {
        var bench = try bench { $0.graceBytesMax = 100 }
        bench.receive(
            .appendReply(.rejected(previous: LogIndex(6), hint: .zero)), from: n3, term: 1)
        let metadata = SnapshotMetadata(last: EntryID(6, 1), configuration: .voters(1...3))
        bench.step(.snapshotSent(to: n3, metadata: metadata, succeeded: false))
        return bench
    }

    @Test("who may have had what is cut off is asked, before it is sent the whole state")
    func connectionLostBehindTheLog() throws {
        var bench = try bench { $0.graceBytesMax = 10_000 }
        // Six entries are on their way to n3, of which it has acknowledged one.
        bench.receive(.heartbeatReply(sequence: 0), from: n3, term: 1)
        try write(1, &bench)
        #expect(bench.peer(n3).next == LogIndex(8))
        for _ in 0..<400 where bench.core.retainedLog.first < LogIndex(8) {
            bench.advance(30)
            bench.fire()
            bench.receive(.heartbeatReply(sequence: 0), term: 1)
        }
        #expect(bench.core.retainedLog.first == LogIndex(8), "it was silent for too long")
        bench.step(.connectionLost(n3, .closed))
        bench.step(.connected(n3))
        bench.receive(.heartbeatReply(sequence: 0), from: n3, term: 1)
        #expect(bench.peer(n3).state == .probe)
        #expect(bench.snapshotsToSend.isEmpty)
        bench.receive(.appendReply(.accepted(match: LogIndex(7))), from: n3, term: 1)
        #expect(bench.peer(n3).state == .replicate)
        #expect(bench.snapshotsToSend.isEmpty)
    }

    @Test("a leader that applies too slowly refuses proposals until it has caught up")
    func slowLeader() throws {
        var options = RaftOptions()
        options.unappliedBytesMax = 100
        var cluster = Cluster(3, options: options)
        cluster.elect(n1)
        cluster.isApplyFast = false
        for _ in 0..<4 {
            try cluster.propose(n1, "x")
            cluster.settle()
        }
        #expect(cluster[n1].core.status.unappliedBytes == 4 * 33)
        #expect(throws: ProposalRefusal.tooManyUncommittedBytes) { try cluster.propose(n1, "y") }
        for node in [n1, n2, n3] { cluster.apply(node) }
        #expect(cluster[n1].core.status.unappliedBytes == 0)
        try cluster.propose(n1, "y")
    }

    @Test("a follower that applies too slowly takes in nothing more, silently, and then goes on")
    func slowFollower() {
        var options = RaftOptions()
        options.unappliedBytesMax = 40
        var core = RaftCore(
            id: n1, options: options, restored: .log([]), seed: 1, now: .zero)
        func receive(_ previous: EntryID, _ entries: [Entry], commit: UInt64) -> [Message.Body] {
            core.step(
                .message(
                    Message(
                        from: n2, to: n1, term: Term(1),
                        body: .append(
                            previous: previous, entries: entries, commit: LogIndex(commit)))),
                now: .zero)
            var bodies: [Message.Body] = []
            for _ in 0..<3 {
                let ready = core.takeReady()
                bodies += ready.messages.map(\.body)
                if let request = ready.persist { core.step(.persisted(request.token), now: .zero) }
            }
            core.checkInvariants()
            return bodies
        }
        #expect(
            receive(.zero, [.at(1, 1), .at(2, 1)], commit: 2)
                == [.appendReply(.accepted(match: LogIndex(2)))])
        #expect(core.status.unappliedBytes == 64)
        #expect(receive(EntryID(2, 1), [.at(3, 1)], commit: 2).isEmpty)
        #expect(receive(EntryID(3, 1), [], commit: 2).isEmpty, "nothing that would bring it again")
        #expect(core.status.last.index == LogIndex(2))
        // What it has it says, or the leader could not tell it from one that is gone.
        #expect(
            receive(EntryID(2, 1), [], commit: 2)
                == [.appendReply(.accepted(match: LogIndex(2)))])
        core.step(.applied(LogIndex(2)), now: .zero)
        #expect(
            receive(EntryID(2, 1), [.at(3, 1)], commit: 3)
                == [.appendReply(.accepted(match: LogIndex(3)))])
    }
}
