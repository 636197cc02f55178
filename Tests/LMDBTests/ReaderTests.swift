import Synchronization
import Testing

@testable import LMDB

@Suite("Readers")
struct ReaderTests {
    @Test("a thousand views one after the other take one reader slot")
    func pooled() throws {
        let directory = try TemporaryDirectory()
        let environment = try makeEnvironment(directory)
        for index in 0..<1000 {
            if index % 100 == 0 { try environment.put(environment.a, "key", "\(index)") }
            let value = try environment.get(environment.a, "key")
            #expect(value == "\(index / 100 * 100)")
        }
        #expect(try environment.statistics().readerSlots == 1)
        #expect(environment.activeReaders == 0)
    }

    @Test("too many views at once are an ordinary error")
    func readersFull() throws {
        let directory = try TemporaryDirectory()
        var options = smallOptions()
        options.maxReaders = 2
        let environment = try makeEnvironment(directory, options: options)
        try environment.read { _ in
            try environment.read { _ in
                let result = try code { _ = try environment.beginRead() }
                #expect(result == .readersFull)
            }
        }
        #expect(try environment.get(environment.a, "key") == nil)
    }

    @Test("readers beyond the idle limit give their slots back")
    func idleLimit() throws {
        let directory = try TemporaryDirectory()
        var options = smallOptions()
        options.maxIdleReaders = 1
        let environment = try makeEnvironment(directory, options: options)
        try environment.read { _ in
            try environment.read { _ in
                try environment.read { _ in #expect(environment.activeReaders == 3) }
            }
        }
        #expect(environment.activeReaders == 0)
        try environment.read { _ in #expect(environment.activeReaders == 1) }
    }

    @Test("the age and the lag of the oldest view are measured")
    func oldest() throws {
        let clock = Clock()
        let directory = try TemporaryDirectory()
        var options = smallOptions()
        options.steadyNanoseconds = { clock.now.load(ordering: .relaxed) }
        let environment = try makeEnvironment(directory, options: options)
        #expect(environment.oldestReaderNanoseconds == 0)
        try environment.read { _ in
            clock.now.store(5_000_000, ordering: .relaxed)
            try environment.put(environment.a, "key", "1")
            try environment.put(environment.a, "key", "2")
            try environment.read { _ in
                clock.now.store(9_000_000, ordering: .relaxed)
                // The clock began at 1000, and the lowest bit says that the reader is at work.
                #expect(environment.oldestReaderNanoseconds == 9_000_000 - 1001)
                let statistics = try environment.statistics()
                #expect(statistics.oldestReaderLag == 2)
            }
        }
        #expect(environment.oldestReaderNanoseconds == 0)
    }

    private final class Clock: Sendable {
        let now = Atomic<UInt64>(1000)
    }

    @Test("views on many threads under a writer are each of one commit", .timeLimit(.minutes(5)))
    func concurrent() async throws {
        let directory = try TemporaryDirectory()
        let environment = try makeEnvironment(directory)
        try environment.write { transaction in
            try transaction.put(environment.a, [1], bigEndian(0))
            try transaction.put(environment.b, [1], bigEndian(0))
        }
        let isDone = Flag()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    var views = 0
                    var last: [UInt8] = []
                    while !isDone.value.load(ordering: .acquiring) || views == 0 {
                        let (a, b) = try environment.read { view in
                            (try view.get(environment.a, [1]), try view.get(environment.b, [1]))
                        }
                        #expect(a == b)
                        let now = try #require(a)
                        #expect(!now.lexicographicallyPrecedes(last))
                        last = now
                        views += 1
                        await Task.yield()
                    }
                    return views
                }
            }
            for number in 1...500 {
                try environment.write { transaction in
                    try transaction.put(environment.a, [1], bigEndian(number))
                    try transaction.put(environment.b, [1], bigEndian(number))
                }
                await Task.yield()
            }
            isDone.value.store(true, ordering: .releasing)
            for try await views in group { #expect(views > 0) }
        }
        #expect(environment.activeReaders == 0)
    }

    private final class Flag: Sendable {
        let value = Atomic<Bool>(false)
    }
}
