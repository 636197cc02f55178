import AuthCore
import RaftCore
import Testing

@testable import LMDB
@testable import StateStore

/// The same script of rows on both kinds of transaction, which must answer the same.
@Suite("Transactions of the disk and of the model")
struct TransactionConformanceTests {
    private final class Pair {
        let directory: TemporaryDirectory
        let generation: Generation
        var image = MemoryImage()

        init() throws {
            directory = try TemporaryDirectory()
            generation = try Generation(
                1, path: directory.path, synced: nil, files: StoreFiles(),
                options: smallOptions().environment)
            _ = try generation.environment.makeDatabases(DiskTables.later.sorted())
        }

        func begin() throws -> (DiskTransaction, MemoryTransaction) {
            let disk = DiskTransaction(
                try generation.environment.beginWrite(), generation.tables)
            return (disk, MemoryTransaction(image) { self.image = $0 })
        }

        func views() throws -> (DiskRows, MemoryRows) {
            let disk = DiskRows(try generation.environment.beginRead(), generation.tables)
            return (disk, MemoryRows(image: image))
        }
    }

    private func answer(_ body: () throws -> String) -> String {
        do {
            return try body()
        } catch let error as StateStoreError {
            return "\(error.code)"
        } catch {
            return "\(error)"
        }
    }

    private func look(
        _ tables: some TableReader, _ table: Table, _ key: [UInt8], _ upTo: [UInt8]?, limit: Int
    ) -> String {
        answer {
            var found = "\(digest(try tables.get(table, key) ?? [0xAB, 0xCD]))|"
            var count = 0
            try tables.scan(table, from: key, upTo: upTo) { key, value in
                found += "\(key)=\(digest(value)),"
                count += 1
                return count < limit
            }
            count = 0
            try tables.scanReverse(table, from: key, upTo: upTo) { key, value in
                found += "\(key)=\(digest(value));"
                count += 1
                return count < limit
            }
            return found
        }
    }

    @Test("random scripts answer the same, row by row", arguments: 1...8)
    func scripts(seed: Int) throws {
        var random = RandomSource(seed: UInt64(seed))
        let pair = try Pair()
        let tables: [Table] = [.users, .sessions, .audit]
        func key() -> [UInt8] {
            let length = Int(random.next(below: 40) == 0 ? 600 : random.next(below: 4))
            return (0..<length).map { _ in UInt8(random.next(below: 4)) * 80 }
        }
        for _ in 0..<30 {
            let (disk, memory) = try pair.begin()
            for _ in 0..<random.next(below: 20) {
                let table = tables[Int(random.next(below: 3))]
                let row = key()
                let value = [UInt8](
                    repeating: UInt8(truncatingIfNeeded: random.next()),
                    count: Int(random.next(below: random.chance(1, in: 5) ? 6000 : 50)))
                let isPut = random.chance(3, in: 4)
                let answers = [disk as any StoreTransaction, memory].map { transaction in
                    answer {
                        if isPut {
                            try transaction.put(table, row, value)
                        } else {
                            try transaction.delete(table, row)
                        }
                        return "done"
                    }
                }
                #expect(answers[0] == answers[1], "seed \(seed)")
                let end = random.chance(1, in: 3) ? nil : key()
                let start = key()
                #expect(
                    look(disk, table, start, end, limit: 7)
                        == look(memory, table, start, end, limit: 7), "seed \(seed)")
            }
            if random.chance(3, in: 4) {
                try disk.commit()
                try memory.commit()
            } else {
                disk.abort()
                memory.abort()
            }
            let (diskView, memoryView) = try pair.views()
            for table in tables {
                #expect(
                    look(diskView, table, [0], nil, limit: .max)
                        == look(memoryView, table, [0], nil, limit: .max), "seed \(seed)")
            }
            diskView.close()
        }
    }
}
