import AuthCore
import Dispatch
import Logging
import RaftCore
import Replica
import StateStore
import Synchronization
import Testing

@testable import ReplicaRuntime

/// What the threads report to the loop.
private final class Reports: Sendable {
    private let inputs = Mutex<[ReplicaInput]>([])
    private let arrival = DispatchSemaphore(value: 0)

    var all: [ReplicaInput] { inputs.withLock { $0 } }

    func add(_ input: ReplicaInput) {
        inputs.withLock { $0.append(input) }
        arrival.signal()
    }

    /// Waits for so many more reports; false when they do not come.
    func wait(_ count: Int) -> Bool {
        (0..<count).allSatisfy { _ in arrival.wait(timeout: .now() + .seconds(20)) == .success }
    }
}

@Suite("Room on the disk") struct DiskSpaceTests {
    @Test("is short while log or state is short of it, and that is said once")
    func either() {
        let reports = Reports()
        let space = DiskSpace { reports.add($0) }
        space.note(.log, isShort: false)
        space.note(.state, isShort: true)
        space.note(.log, isShort: true)
        space.note(.state, isShort: false)
        space.note(.log, isShort: true)
        space.note(.log, isShort: false)
        space.note(.state, isShort: false)
        #expect(reports.all == [.storageFull(true), .storageFull(false)])
    }

    @Test("is asked for by the applier, after each batch and then until there is some")
    func applier() {
        let reports = Reports()
        let store = MemoryStateStore(
            machine: StateMachine(sha256: { _ in [UInt8](repeating: 0, count: 32) }),
            configuration: ConfState(voters: [NodeID(1)]))
        let syncer = StateSyncer(
            store: store, report: { _ in }, fatal: FatalError { fatalError($0) })
        let applier = Applier(
            store: store, syncer: syncer,
            snapshots: SnapshotExchange(
                store: store,
                scrubber: StateScrubber(store: store, logger: Logger(label: "test")),
                report: { reports.add($0) }, logger: Logger(label: "test")),
            node: NodeID(1), run: 1, space: DiskSpace { reports.add($0) },
            report: { for input in $0 { reports.add(input) } }, fatal: FatalError { fatalError($0) }
        )
        store.setShortOfSpace(true)
        applier.put(
            .apply([Entry(index: LogIndex(1), term: Term(1), kind: .empty, payload: [])]))
        applier.start()
        #expect(reports.wait(2))
        // What is committed is applied all the same.
        #expect(store.appliedIndex == LogIndex(1))
        #expect(reports.all.contains(.storageFull(true)))
        store.setShortOfSpace(false)
        #expect(reports.wait(1))
        #expect(reports.all.last == .storageFull(false))
        #expect(applier.stop())
    }
}
