import Dispatch
import Foundation
import PeerTransport
import RaftCore
import Replica
import StateStore
import Synchronization
import Testing

@testable import ReplicaRuntime

@Suite("The threads of a node") struct ReplicaRuntimeTests {
    @Test("what many threads propose is applied once each, and a view shows it before the answer")
    func manyProposers() throws {
        let node = try TestRuntime()
        try #require(node.awaitLeadership())
        let threads = 4
        let each = 100
        let indices = Mutex<[LogIndex]>([])
        let ended = DispatchGroup()
        for _ in 0..<threads {
            ended.enter()
            Thread {
                for _ in 0..<each {
                    let completion = node.propose()
                    guard case .applied(let index, _)? = completion else {
                        Issue.record("\(String(describing: completion))")
                        continue
                    }
                    #expect(node.runtime.store.appliedIndex >= index)
                    indices.withLock { $0.append(index) }
                }
                ended.leave()
            }.start()
        }
        #expect(ended.wait(timeout: .now() + .seconds(120)) == .success)
        #expect(Set(indices.withLock { $0 }).count == threads * each)
        #expect(node.runtime.applyStatistics.entries >= UInt64(threads * each))
        #expect(node.runtime.logStatistics.requests > 0)
        try node.stop()
    }

    @Test("a node that has ended refuses, also what came while it was ending")
    func refusesAfterItsEnd() throws {
        let node = try TestRuntime()
        try #require(node.awaitLeadership())
        let isOver = Atomic(false)
        let unanswered = Atomic(0)
        let ended = DispatchGroup()
        for _ in 0..<2 {
            ended.enter()
            Thread {
                while !isOver.load(ordering: .acquiring) {
                    if node.propose() == nil { unanswered.add(1, ordering: .relaxed) }
                }
                ended.leave()
            }.start()
        }
        try node.stop()
        isOver.store(true, ordering: .releasing)
        #expect(ended.wait(timeout: .now() + .seconds(120)) == .success)
        #expect(unanswered.load(ordering: .relaxed) == 0)
        let late = node.propose()
        guard case .notProposed? = late else {
            Issue.record("\(String(describing: late))")
            return
        }
    }

    @Test("nothing of a node is left in memory when it has ended")
    func nothingStays() throws {
        weak var runtime: ReplicaRuntime?
        weak var transport: PeerTransport?
        do {
            let node = try TestRuntime()
            try #require(node.awaitLeadership())
            runtime = node.runtime
            transport = node.transport
            try node.stop()
        }
        // The threads let go of it a moment after they have said that they end.
        let deadline = DispatchTime.now() + .seconds(60)
        while runtime != nil || transport != nil, DispatchTime.now() < deadline { sched_yield() }
        #expect(runtime == nil)
        #expect(transport == nil)
    }
}
