import RaftCore
import Testing

@testable import WriteAheadLog

@Suite("The log against the state beside it (consensus recovery R6)")
struct CrossCheckTests {
    private func log(upTo last: UInt64) throws -> FaultyFileSystem {
        let disk = FaultyFileSystem(root: root)
        let log = try openLog(disk).log
        try log.append(request((1...last).map { entry($0, 2) }, term: 2, vote: 3, commit: last))
        try log.sync()
        return disk.afterKill()
    }

    @Test("agrees with a state that has applied a part of it")
    func agrees() throws {
        let disk = try log(upTo: 5)
        let recovered = try openLog(disk, state: DurableState(applied: EntryID(4, 2))).recovered
        #expect(recovered.entries.count == 5)
    }

    @Test("is behind a state that has applied more through it: it lost what it acknowledged")
    func behind() throws {
        let disk = try log(upTo: 5)
        #expect(throws: WALError.behindState(applied: EntryID(6, 2), last: EntryID(5, 2))) {
            try openLog(disk, state: DurableState(applied: EntryID(6, 2)))
        }
        // Also when a snapshot was installed before, and entries were applied on top of it.
        let state = DurableState(applied: EntryID(9, 2), snapshot: EntryID(8, 2))
        #expect(throws: WALError.behindState(applied: EntryID(9, 2), last: EntryID(5, 2))) {
            try openLog(disk, state: state)
        }
    }

    @Test("does not go with a state that applied another entry at its index")
    func diverges() throws {
        let disk = try log(upTo: 5)
        #expect(throws: WALError.divergesFromState(applied: EntryID(4, 1), inLog: Term(2))) {
            try openLog(disk, state: DurableState(applied: EntryID(4, 1)))
        }
    }

    @Test("begins anew behind a snapshot that it does not reach (a stop inside D8)")
    func snapshotAhead() throws {
        let disk = try log(upTo: 5)
        let snapshot = EntryID(40, 7)
        let state = DurableState(applied: snapshot, snapshot: snapshot)
        let opened = try openLog(disk, state: state)
        #expect(opened.recovered.report.discardedForSnapshot)
        #expect(opened.recovered.logStart == snapshot)
        #expect(opened.recovered.entries.isEmpty)
        #expect(
            opened.recovered.hardState
                == HardState(term: Term(2), vote: NodeID(3), commit: LogIndex(5)))
        try opened.log.append(request([entry(41, 7)], term: 7))
        try opened.log.sync()
        let again = try openLog(disk.afterPowerCut(keeping: []), state: state).recovered
        #expect(again.entries == [entry(41, 7)] && !again.report.discardedForSnapshot)
    }

    @Test("begins anew when the snapshot has another term at its index, and keeps a matching log")
    func snapshotWithin() throws {
        let other = EntryID(4, 3)
        let state = DurableState(applied: other, snapshot: other)
        let recovered = try openLog(try log(upTo: 5), state: state).recovered
        #expect(recovered.logStart == other && recovered.entries.isEmpty)
        #expect(recovered.report.discardedForSnapshot)

        let same = EntryID(4, 2)
        let kept = try openLog(
            try log(upTo: 5), state: DurableState(applied: same, snapshot: same)
        ).recovered
        #expect(kept.entries.count == 5 && !kept.report.discardedForSnapshot)
    }

    @Test("a hint of the commit index never lies past the last entry")
    func commit() throws {
        let disk = FaultyFileSystem(root: root)
        let log = try openLog(disk).log
        try log.append(request([entry(1, 1)], term: 1, commit: 9))
        try log.sync()
        #expect(try openLog(disk.afterKill()).recovered.hardState.commit == LogIndex(1))
    }

    @Test("is missed where it was made before, and where the state has applied anything")
    func missing() throws {
        var options = tinyOptions
        options.mayCreate = false
        let disk = FaultyFileSystem(root: root)
        #expect(throws: WALError.missing(directory: "data/wal")) {
            try openLog(disk, options: options)
        }
        #expect(throws: WALError.behindState(applied: EntryID(3, 1), last: .zero)) {
            try openLog(disk, state: DurableState(applied: EntryID(3, 1)))
        }
    }

    @Test("is refused under another identity")
    func foreign() throws {
        let disk = try log(upTo: 2)
        for other in [
            WALIdentity(
                clusterID: [UInt8](1..<17), node: NodeID(1), incarnation: identity.incarnation),
            WALIdentity(
                clusterID: identity.clusterID, node: NodeID(2), incarnation: identity.incarnation),
            WALIdentity(
                clusterID: identity.clusterID, node: NodeID(1), incarnation: Incarnation(1)),
        ] {
            #expect(throws: WALError.foreign(file: disk.paths.last { $0.hasSuffix(".wal") }!)) {
                try WriteAheadLog.open(
                    directory: root, fileSystem: disk, identity: other, options: tinyOptions)
            }
        }
    }
}
