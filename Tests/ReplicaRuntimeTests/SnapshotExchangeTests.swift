import AuthCore
import Foundation
import Logging
import PeerTransport
import RaftCore
import Replica
import StateStore
import Synchronization
import Testing

@testable import ReplicaRuntime

@Suite("Copies of the state that come in") struct SnapshotExchangeTests {
    /// A store in a folder of its own.
    private final class Home {
        let path: String
        let store: LMDBStateStore

        init() throws {
            path =
                FileManager.default.temporaryDirectory
                .appendingPathComponent("exchange-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
            var options = LMDBStateStoreOptions()
            options.mapSizeBytes = 64 << 20
            store = try LMDBStateStore(
                directory: path,
                machine: StateMachine(sha256: { _ in .init(repeating: 0, count: 32) }),
                configuration: ConfState(voters: [NodeID(1)]), options: options)
        }

        /// Applies empty entries up to and with this one.
        func apply(upTo last: UInt64) throws {
            let first = store.appliedIndex.rawValue + 1
            _ = try store.apply(
                (first...last).map {
                    Entry(index: LogIndex($0), term: Term(1), kind: .empty, payload: [])
                })
        }

        deinit {
            do { try FileManager.default.removeItem(atPath: path) } catch { print("\(error)") }
        }
    }

    private func offer(_ manifest: SnapshotManifest) -> SnapshotOffer {
        SnapshotOffer(
            id: SnapshotID(high: manifest.stateHash.high, low: manifest.stateHash.low),
            metadata: manifest.metadata, sizeBytes: manifest.sizeBytes,
            checksum: manifest.checksum)
    }

    @Test("one that is here whole is not replaced before the replica has had its word")
    func notReplaced() throws {
        let (sender, receiver) = (try Home(), try Home())
        let reports = Mutex<[ReplicaInput]>([])
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let exchange = SnapshotExchange(
            store: receiver.store, scrubber: StateScrubber(store: receiver.store, logger: logger),
            report: { input in reports.withLock { $0.append(input) } }, logger: logger)
        try sender.apply(upTo: 5)
        let first = try sender.store.exportSnapshot()
        try sender.apply(upTo: 9)
        let second = try sender.store.exportSnapshot()
        var begin = try exchange.offered(offer(first.manifest), from: NodeID(2))
        #expect(reports.withLock { $0 } == [.receivingSnapshot(true)])
        try exchange.write(
            try first.read(offset: begin, count: Int(first.manifest.sizeBytes)), at: begin)
        try exchange.finish(offer(first.manifest))
        #expect(
            reports.withLock { $0 } == [.receivingSnapshot(true), .receivingSnapshot(false)])
        #expect(throws: SnapshotStreamBusy.self) {
            _ = try exchange.offered(offer(second.manifest), from: NodeID(3))
        }
        // The same one may be offered again: whoever sent it did not hear that it is here.
        begin = try exchange.offered(offer(first.manifest), from: NodeID(2))
        #expect(begin == first.manifest.sizeBytes)
        exchange.interrupted()
        exchange.interrupted()
        #expect(
            reports.withLock { $0.filter { $0 == .receivingSnapshot(false) }.count } == 2)
        // What is not here is not installed; what is, once.
        #expect(try exchange.install(second.manifest.metadata) == nil)
        let installed = try #require(try exchange.install(first.manifest.metadata))
        #expect(installed.applied == first.manifest.last)
        #expect(try exchange.install(first.manifest.metadata) == nil)
        #expect(try exchange.offered(offer(second.manifest), from: NodeID(3)) == 0)
        first.close()
        second.close()
    }

    @Test("while one is made for a peer or sent to it, no other is made for it")
    func oneAtATime() async throws {
        let home = try Home()
        try home.apply(upTo: 5)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let (ends, continuation) = AsyncStream.makeStream(of: ReplicaInput.self)
        // Without a transport each copy that is made is told to have come to nothing.
        let exchange = SnapshotExchange(
            store: home.store, scrubber: StateScrubber(store: home.store, logger: logger),
            report: { continuation.yield($0) }, logger: logger)
        for _ in 0..<200 { exchange.send(to: NodeID(2)) }
        exchange.send(to: NodeID(3))
        var told: [NodeID] = []
        for await case .snapshotSent(let peer, _, succeeded: false) in ends {
            told.append(peer)
            if peer == NodeID(3) { break }
        }
        // Copies are made one after the other.
        #expect(told.last == NodeID(3))
        #expect((1..<100).contains(told.count - 1), "\(told.count - 1) of 200 were made")
    }
}
