import Foundation
import RaftCore
import Testing

@testable import StateStore

/// A real process that is killed while it writes.
@Suite("The disk's store and kill -9")
struct KillTests {
    /// Entries that every process makes alike.
    private static func batches(seed: UInt64) -> some Sequence<[Entry]> {
        let makers = (entries: EntryMaker(seed: seed), random: RandomSource(seed: seed &* 77))
        return sequence(state: makers) { makers in
            makers.entries.batch(1 + Int(makers.random.next(below: 7)))
        }
    }

    @Test(
        "loses no transaction that it has synced, and holds each whole or not at all",
        arguments: 1...5 as ClosedRange<UInt64>)
    func killed(seed: UInt64) async throws {
        let directory = try TemporaryDirectory()
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [path = directory.path as String, seed = seed as UInt64] in
            try Self.writeUntilKilled(path, seed: seed)
        }
        let store = try diskStore(directory)
        let acknowledged = try Data(contentsOf: URL(fileURLWithPath: directory.path + "/acked"))
        let last = acknowledged.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        #expect(store.appliedIndex.rawValue >= last, "seed \(seed)")
        #expect(last > 0, "seed \(seed): killed before it wrote anything")
        // Data, applied index, request records and state hash are those of just that prefix.
        let model = memoryStore()
        var batches = Self.batches(seed: seed).makeIterator()
        while model.appliedIndex < store.appliedIndex, let batch = batches.next() {
            _ = try model.apply(batch)
        }
        #expect(try store.dump() == model.dump(), "seed \(seed)")
        // And it goes on.
        guard let next = batches.next() else { return }
        #expect(try store.apply(next).meta == model.apply(next).meta)
    }

    /// Applies batch after batch, each acknowledged in a file, until a thread ends the process.
    private static func writeUntilKilled(_ path: String, seed: UInt64) throws {
        let store = try LMDBStateStore(
            directory: path, machine: machine, configuration: threeNodes, options: smallOptions())
        guard FileManager.default.createFile(atPath: path + "/acked", contents: Data()),
            let acknowledged = FileHandle(forWritingAtPath: path + "/acked")
        else { return }
        var random = RandomSource(seed: seed)
        let microseconds = 20_000 + UInt32(random.next(below: 150_000))
        for (number, batch) in batches(seed: seed).enumerated() {
            _ = try store.apply(batch)
            if number > 0, random.next(below: 3) > 0 { continue }
            let index = try store.synchronize().rawValue
            try acknowledged.seek(toOffset: 0)
            try acknowledged.write(
                contentsOf: (0..<8).map { UInt8(truncatingIfNeeded: index >> (56 - 8 * $0)) })
            // From the first transaction on, at any moment.
            if number == 0 {
                Thread.detachNewThread {
                    usleep(microseconds)
                    kill(getpid(), SIGKILL)
                }
            }
        }
    }
}
