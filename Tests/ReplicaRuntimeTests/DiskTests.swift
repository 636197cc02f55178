import AuthCore
import Dispatch
import Foundation
import Logging
import RaftCore
import Replica
import StateStore
import Synchronization
import Testing
import WriteAheadLog

@testable import ReplicaRuntime

@Suite("A node and its data directory")
struct DiskTests {
    private let path = FileManager.default.temporaryDirectory
        .appendingPathComponent("disk-\(UUID().uuidString)").path

    private func disk(_ path: String? = nil) throws -> NodeDisk {
        var options = RuntimeOptions()
        options.logSegmentBytes = 1 << 20
        options.storeMapBytes = 64 << 20
        options.replica.raft.retainedBytesMax = 1 << 16
        options.replica.raft.graceBytesMax = 1 << 16
        return try NodeDisk(
            path: path ?? self.path, clusterID: [UInt8](repeating: 1, count: 16), node: NodeID(1),
            voters: [NodeID(1)], options: options,
            machine: StateMachine(sha256: { _ in .init(repeating: 0, count: 32) }),
            newIncarnation: Incarnation(5),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test("a directory that a process on its way out still has is waited for")
    func lock() throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        // A call of C with a path; the descriptor is closed below.
        let descriptor = unsafe open("\(path)/LOCK", O_RDWR | O_CREAT, 0o600)
        #expect(flock(descriptor, LOCK_EX) == 0)
        let thread = Thread {
            Thread.sleep(forTimeInterval: 0.2)
            close(descriptor)
        }
        thread.start()
        let opened = try disk()
        #expect(opened.node == NodeID(1))
        try FileManager.default.removeItem(atPath: path)
    }

    @Test("what waits for the log is called when all before it is durable, and no sooner")
    func whenSynced() throws {
        let opened = try disk()
        let owned = opened.takeLog(DiskSpace { _ in })
        let fatal = FatalError { fatalError($0) }
        while owned.extendReserve(fatal: fatal) == .preparing {}
        let entry = Entry(index: LogIndex(1), term: Term(1), kind: .empty, payload: [])
        let request = PersistRequest(
            token: StorageToken(
                generation: 0, term: Term(1), lastIndex: entry.index, sequence: 1),
            hardState: HardState(term: Term(1), vote: nil, commit: .zero), entries: [entry])
        let seen = Mutex<[String]>([])
        owned.carryOut(
            [.persist(request), .whenSynced { seen.withLock { $0.append("called") } }],
            report: { _ in seen.withLock { $0.append("durable") } }, fatal: fatal,
            synced: { _, _ in })
        #expect(seen.withLock { $0 } == ["durable", "called"])
        owned.close(fatal)
        try FileManager.default.removeItem(atPath: path)
    }

    @Test("a log of more files than it may have gives back those that the state covers")
    func files() throws {
        let opened = try disk()
        let owned = try fill(opened)
        #expect(owned.log.status.segments <= 5)
        owned.close(FatalError { fatalError($0) })
        try FileManager.default.removeItem(atPath: path)
    }

    /// What is missing may be the state's, or the log's: then the log might hold what was never
    /// committed. Only with what was committed known could the state be given up.
    @Test("a node whose state is older than the log's beginning does not start, nor changes either")
    func stateBehindLog() throws {
        let files = FileManager.default
        let opened = try disk()
        try opened.store.synchronize()
        // The state as it was then, beside the log as it is at the end, in another directory.
        let (state, copy) = (path + "-state", path + "-copy")
        try files.copyItem(atPath: path + "/state.0000000000000001", toPath: state)
        let owned = try fill(opened)
        owned.close(FatalError { fatalError($0) })
        try files.copyItem(atPath: path, toPath: copy)
        try files.removeItem(atPath: copy + "/state.0000000000000001")
        try files.moveItem(atPath: state, toPath: copy + "/state.0000000000000001")
        let error = try #require(throws: WALError.self) { try disk(copy) }
        guard case .beginsBehindState = error else { throw error }
        #expect(!files.fileExists(atPath: copy + "/state.0000000000000001/DAMAGED"))
        try files.removeItem(atPath: path)
        try files.removeItem(atPath: copy)
    }

    /// Applies more than the log may hold, syncs the state behind each entry, and answers the log.
    private func fill(_ opened: NodeDisk) throws -> OwnedLog {
        let owned = opened.takeLog(DiskSpace { _ in })
        var index = LogIndex.zero
        let fatal = FatalError { fatalError($0) }
        for sequence in 1...40 as ClosedRange<UInt64> {
            let entry = Entry(
                index: index.next, term: Term(1), kind: .command,
                payload: [UInt8](repeating: 7, count: 400_000))
            index = entry.index
            let token = StorageToken(
                generation: 0, term: Term(1), lastIndex: index, sequence: sequence)
            let request = PersistRequest(
                token: token, hardState: HardState(term: Term(1), vote: nil, commit: .zero),
                entries: [entry])
            while owned.extendReserve(fatal: fatal) == .preparing {}
            owned.carryOut(
                [.persist(request)], report: { _ in }, fatal: fatal, synced: { _, _ in })
            _ = try opened.store.apply([entry])
            try opened.store.synchronize()
        }
        return owned
    }
}
