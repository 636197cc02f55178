import Glibc
import Testing

@testable import LMDB

@Suite("Transactions")
struct TransactionTests {
    @Test("what was committed is read, and is there after reopening")
    func committed() throws {
        let directory = try TemporaryDirectory()
        do {
            let environment = try makeEnvironment(directory)
            try environment.put(environment.a, "key", "value")
            try environment.put(environment.b, "key", "other")
            #expect(try environment.get(environment.a, "key") == "value")
            #expect(try environment.get(environment.b, "key") == "other")
            #expect(try environment.get(environment.a, "none") == nil)
        }
        let again = try makeEnvironment(directory)
        #expect(try again.get(again.a, "key") == "value")
    }

    @Test("a transaction whose body throws leaves nothing behind")
    func dropped() throws {
        struct Stop: Error {}
        let directory = try TemporaryDirectory()
        let environment = try makeEnvironment(directory)
        #expect(throws: Stop.self) {
            try environment.write { transaction in
                try transaction.put(environment.a, [1], [1])
                throw Stop()
            }
        }
        #expect(try environment.read { try $0.get(environment.a, [1]) } == nil)
        try environment.put(environment.a, "next", "works")
        #expect(try environment.get(environment.a, "next") == "works")
    }

    @Test("a transaction reads its own changes, and deletes")
    func ownChanges() throws {
        let directory = try TemporaryDirectory()
        let environment = try makeEnvironment(directory)
        try environment.write { transaction in
            try transaction.put(environment.a, [1], [10])
            try transaction.put(environment.a, [2], [])
            let read = try transaction.get(environment.a, [1])
            #expect(read == [10])
            let empty = try transaction.get(environment.a, [2])
            #expect(empty == [])
            let wasThere = try transaction.delete(environment.a, [1])
            #expect(wasThere)
            let again = try transaction.delete(environment.a, [1])
            #expect(!again)
        }
        #expect(try environment.read { try $0.count(environment.a) } == 1)
    }

    @Test("a view does not see commits that came after it")
    func isolation() throws {
        let directory = try TemporaryDirectory()
        let environment = try makeEnvironment(directory)
        try environment.put(environment.a, "key", "old")
        try environment.read { view in
            try environment.put(environment.a, "key", "new")
            let seen = try view.get(environment.a, Array("key".utf8))
            #expect(seen == Array("old".utf8))
            let inner = try environment.beginRead()
            #expect(inner.id == view.id + 1)
        }
        #expect(try environment.get(environment.a, "key") == "new")
    }

    @Test("keys are 1 to 511 bytes; a change that failed can only be dropped")
    func keyLimits() throws {
        let directory = try TemporaryDirectory()
        let environment = try makeEnvironment(directory)
        for key in [[], [UInt8](repeating: 7, count: 512)] {
            let result = try code {
                try environment.write { transaction in
                    try transaction.put(environment.a, [1], [1])
                    #expect(throws: LMDBError.self) {
                        try transaction.put(environment.a, key, [1])
                    }
                }
            }
            #expect(result == .badValueSize)
        }
        #expect(try environment.read { try $0.count(environment.a) } == 0)
        try environment.write { try $0.put(environment.a, .init(repeating: 7, count: 511), [1]) }
    }

    @Test("values larger than a page come back whole, copied or lent")
    func largeValues() throws {
        let directory = try TemporaryDirectory()
        let environment = try makeEnvironment(directory)
        let large = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try environment.write { try $0.put(environment.a, [9], large) }
        try environment.read { view in
            let copied = try view.get(environment.a, [9])
            #expect(copied == large)
            let lent = try view.withValue(environment.a, [9]) { $0.array }
            #expect(lent == large)
            let absent = try view.withValue(environment.a, [8]) { $0.byteCount }
            #expect(absent == nil)
        }
    }

    @Test("a full map ends the transaction and nothing else")
    func mapFull() throws {
        let directory = try TemporaryDirectory()
        let environment = try makeEnvironment(
            directory, options: smallOptions(mapSizeBytes: 1 << 20))
        try environment.put(environment.a, "kept", "yes")
        let result = try code {
            try environment.write { transaction in
                for index in 0..<100 {
                    try transaction.put(
                        environment.a, bigEndian(index), .init(repeating: 1, count: 40_000))
                }
            }
        }
        #expect(result == .mapFull)
        #expect(environment.failure == nil)
        try environment.put(environment.a, "after", "works")
        #expect(try environment.get(environment.a, "kept") == "yes")
        #expect(try environment.get(environment.a, "after") == "works")
    }

    @Test("a failed commit is final: reads, writes, syncs and copies are refused (fsyncgate)")
    func failedCommit() throws {
        let directory = try TemporaryDirectory()
        let environment = try makeEnvironment(directory)
        try environment.put(environment.a, "key", "value")
        let full = unsafe open("/dev/full", O_RDWR)
        #expect(dup2(full, environment.dataDescriptor) >= 0)
        close(full)
        #expect(
            try code { try environment.put(environment.a, "key", "lost") }
                == LMDBError.Code(rawValue: ENOSPC))
        #expect(environment.failure?.operation == "mdb_txn_commit")
        #expect(
            try code { try environment.put(environment.a, "key", "no") } == .environmentFailed)
        #expect(try code { _ = try environment.beginRead() } == .environmentFailed)
        #expect(try code { try environment.synchronize() } == .environmentFailed)
        #expect(
            try code { try environment.copy(toDirectory: directory.path) } == .environmentFailed)
    }

    @Test("a failed sync is final")
    func failedSync() throws {
        let directory = try TemporaryDirectory()
        let environment = try makeEnvironment(directory)
        let pipeEnd = unsafe open("/dev/null", O_RDWR)
        #expect(dup2(pipeEnd, environment.dataDescriptor) >= 0)
        close(pipeEnd)
        #expect(try code { try environment.synchronize() } == LMDBError.Code(rawValue: EINVAL))
        #expect(try code { _ = try environment.beginRead() } == .environmentFailed)
    }

    @Test("rows in ascending order fill their pages (measured: 30 times the commits)")
    func ascendingFill() throws {
        let directory = try TemporaryDirectory()
        let environment = try makeEnvironment(directory)
        for batch in 0..<20 {
            try environment.write { transaction in
                for index in 0..<100 {
                    try transaction.put(
                        environment.a, bigEndian(batch * 100 + index),
                        .init(repeating: 1, count: 200))
                }
            }
        }
        let tree = try environment.statistics().databases[0]
        #expect(tree.entries == 2000)
        // A node takes 8 + 8 + 200 bytes and a 2-byte pointer of a page's 4080: 18 to a page.
        #expect(tree.leafPages <= 2000 / 18 + 2)
    }
}
