import AuthCore
import ByteCodec
import Dispatch
import Foundation
import Logging
import PeerTransport
import RaftCore
import Replica
import StateStore
import Synchronization

@testable import ReplicaRuntime

/// A cluster of one node in a folder of its own, with every thread of a node and no network.
final class TestRuntime: Sendable {
    let runtime: ReplicaRuntime
    let transport: PeerTransport
    private let folder: URL
    /// The data directory.
    var path: String { folder.path }

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("runtime-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let clusterID = [UInt8](repeating: 1, count: 16)
        var options = RuntimeOptions()
        options.logSegmentBytes = 1 << 20
        options.storeMapBytes = 64 << 20
        let disk = try NodeDisk(
            path: folder.path, clusterID: clusterID, node: NodeID(1), voters: [NodeID(1)],
            options: options,
            machine: StateMachine(sha256: { _ in .init(repeating: 0, count: 32) }),
            newIncarnation: Incarnation(5), logger: logger)
        transport = PeerTransport(
            local: LocalNode(
                clusterID: clusterID, node: NodeID(1), incarnation: Incarnation(5), run: disk.run),
            peers: [:], logger: logger)
        runtime = try ReplicaRuntime(
            disk: disk, seed: 1, options: options, clock: NodeClock(),
            transport: transport, logger: logger, fatal: FatalError { fatalError($0) },
            renew: FatalError { fatalError($0) }
        ) { _, _ in
            // A cluster of one has nobody to listen to.
        }
    }

    /// Ends the node, and removes what it has written, once `look` has seen it.
    func stop(_ look: () throws -> Void = {}) throws {
        runtime.shutdown()
        try transport.stop()
        try look()
        try FileManager.default.removeItem(at: folder)
    }

    var soon: SteadyTime { runtime.clock.steady.advanced(milliseconds: 30_000) }

    /// Waits until a read is confirmed, that is until the node leads. As long as it has had no
    /// leader for too long reads fail at once, so what counts is time and not their number.
    func awaitLeadership() -> Bool {
        let deadline = DispatchTime.now() + .seconds(60)
        while DispatchTime.now() < deadline {
            let answer = Answer<ReadCompletion>()
            runtime.confirmRead(deadline: soon) { answer.give($0) }
            if case .confirmed = answer.wait() { return true }
            sched_yield()
        }
        return false
    }

    /// Proposes a command and waits for what becomes of it.
    func propose() -> ProposalCompletion? {
        // Refused, for no cluster was made: a refusal is an outcome too.
        let command = Command(
            .sweep(.init(limit: 1)), header: CommandHeader(actor: .node, requestID: Text("test")))
        let answer = Answer<ProposalCompletion>()
        runtime.propose(command, deadline: soon) { answer.give($0) }
        return answer.wait()
    }
}

/// What a completion says, for a thread that waits for it.
final class Answer<Value: Sendable>: Sendable {
    private let values = Mutex<[Value]>([])
    private let arrival = DispatchSemaphore(value: 0)

    func give(_ value: Value) {
        values.withLock { $0.append(value) }
        arrival.signal()
    }

    /// The answer; nil when none came, or more than one.
    func wait() -> Value? {
        guard arrival.wait(timeout: .now() + .seconds(60)) == .success else { return nil }
        return values.withLock { $0.count == 1 ? $0[0] : nil }
    }
}
