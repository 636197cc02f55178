import Foundation
import Glibc
import Synchronization
import Testing

@testable import LMDB

@Suite("The file")
struct FileTests {
    private func size(_ path: String) throws -> Int {
        try #require(
            try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
    }

    @Test("the file is its owner's alone (G1)")
    func mode() throws {
        let directory = try TemporaryDirectory()
        let environment = try makeEnvironment(directory)
        let attributes = try FileManager.default.attributesOfItem(
            atPath: directory.path + "/data.mdb")
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        _ = environment
    }

    @Test("a value that one transaction has made shorter is whole, on the pages of the longer one")
    func shortened() throws {
        let directory = try TemporaryDirectory()
        let environment = try makeEnvironment(directory)
        let sizes = [20_000, 9_000, 5_000, 3_000, 100, 0]
        for last in sizes.indices {
            try environment.write { transaction in
                for size in sizes[...last] {
                    try transaction.put(
                        environment.a, bigEndian(last), .init(repeating: UInt8(last), count: size))
                }
            }
        }
        // The pages behind a shortened value are its own still, and free with it.
        _ = try environment.write { try $0.delete(environment.a, bigEndian(2)) }
        try environment.synchronize()
        let check = try FileCheck(path: directory.path + "/data.mdb", databases: ["a", "b"])
        let read = try #require(try check.run { RowSizes() })
        #expect(read.visitors.map(\.sizes) == [[20_000, 9_000, 3_000, 100, 0]])
    }

    @Test("the file is grown ahead in slices, and what lies ahead is used before it grows again")
    func growth() throws {
        let directory = try TemporaryDirectory()
        let environment = try makeEnvironment(
            directory,
            options: EnvironmentOptions(
                mapSizeBytes: 64 << 20, growthStepBytes: 1 << 20, growthReserveBytes: 512 << 10,
                growthSliceBytes: 256 << 10))
        try environment.growToReserve()
        #expect(environment.reserveBytes >= 512 << 10)
        let path = directory.path + "/data.mdb"
        var sizes: [Int] = [try size(path)]
        for index in 0..<200 {
            try environment.write {
                try $0.put(environment.a, bigEndian(index), .init(repeating: 1, count: 20_000))
            }
            let now = try size(path)
            #expect(now - sizes[sizes.count - 1] <= 256 << 10)
            if now != sizes[sizes.count - 1] { sizes.append(now) }
            #expect(environment.reserveBytes >= 256 << 10)
        }
        #expect(sizes.count < 40, "grew \(sizes.count) times")
        #expect(try environment.read { try $0.count(environment.a) } == 200)
    }

    @Test("a disk that is full when the file should grow stops no commit, and is reported")
    func growthFails() throws {
        let isFull = Flag()
        let directory = try TemporaryDirectory()
        var options = EnvironmentOptions(
            mapSizeBytes: 64 << 20, growthStepBytes: 256 << 10, growthReserveBytes: 256 << 10)
        let write = options.writeZeros
        options.writeZeros = { descriptor, offset, count in
            isFull.value.load(ordering: .relaxed)
                ? ENOSPC : write(descriptor, offset, count)
        }
        let environment = try makeEnvironment(directory, options: options)
        try environment.growToReserve()
        #expect(environment.growthFailure == nil)
        isFull.value.store(true, ordering: .relaxed)
        for index in 0..<10 {
            try environment.write {
                try $0.put(environment.a, bigEndian(index), .init(repeating: 1, count: 10_000))
            }
        }
        #expect(environment.growthFailure == ENOSPC)
        #expect(try environment.statistics().growthFailure == ENOSPC)
        isFull.value.store(false, ordering: .relaxed)
        try environment.growToReserve()
        #expect(environment.growthFailure == nil)
        #expect(environment.reserveBytes >= 256 << 10)
        #expect(try environment.read { try $0.count(environment.a) } == 10)
    }

    @Test("a full disk is tried again even when what was grown before suffices")
    func growthIsTriedAgain() throws {
        let isFull = Flag()
        let directory = try TemporaryDirectory()
        var options = EnvironmentOptions(
            mapSizeBytes: 64 << 20, growthStepBytes: 256 << 10, growthReserveBytes: 256 << 10,
            growthSliceBytes: 64 << 10)
        let write = options.writeZeros
        options.writeZeros = { descriptor, offset, count in
            isFull.value.load(ordering: .relaxed)
                ? ENOSPC : write(descriptor, offset, count)
        }
        let environment = try makeEnvironment(directory, options: options)
        try environment.growToReserve()
        try environment.put(environment.a, "key", "value")
        // The first slice makes the reserve whole again, the next one finds no room.
        try environment.beginWrite().abort()
        isFull.value.store(true, ordering: .relaxed)
        try environment.beginWrite().abort()
        #expect(environment.growthFailure == ENOSPC)
        #expect(environment.reserveBytes >= 256 << 10)
        isFull.value.store(false, ordering: .relaxed)
        try environment.growToReserve()
        #expect(environment.growthFailure == nil)
    }

    private final class Flag: Sendable {
        let value = Atomic<Bool>(false)
    }

    @Test("a grown file opens again, and a copy of it leaves out what was grown ahead")
    func copy() throws {
        let directory = try TemporaryDirectory()
        let target = try directory.make("copy")
        let options = EnvironmentOptions(
            mapSizeBytes: 64 << 20, growthStepBytes: 4 << 20, growthReserveBytes: 4 << 20)
        do {
            let environment = try makeEnvironment(directory, options: options)
            try environment.growToReserve()
            try environment.put(environment.a, "key", "value")
            try environment.synchronize()
        }
        let environment = try makeEnvironment(directory, options: options)
        #expect(try environment.get(environment.a, "key") == "value")
        try environment.copy(toDirectory: target)
        try environment.put(environment.a, "key", "later")
        #expect(try size(target + "/data.mdb") < 1 << 20)
        var readOnly = smallOptions()
        readOnly.isReadOnly = true
        let copied = try Environment(path: target, databases: ["a", "b"], options: readOnly)
        #expect(try copied.get(copied.a, "key") == "value")
        #expect(
            try code { try environment.copy(toDirectory: target) }
                == LMDBError.Code(rawValue: EEXIST))
    }

    @Test("a copy made under a writer is of one commit", .timeLimit(.minutes(5)))
    func copyWhileWriting() async throws {
        let directory = try TemporaryDirectory()
        let environment = try makeEnvironment(directory)
        let isDone = Flag()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                var number = 0
                repeat {
                    number += 1
                    try environment.write { transaction in
                        try transaction.put(environment.a, [1], bigEndian(number))
                        try transaction.put(
                            environment.a, bigEndian(number % 500), .init(repeating: 3, count: 500)
                        )
                        try transaction.put(environment.b, [1], bigEndian(number))
                    }
                } while !isDone.value.load(ordering: .acquiring)
            }
            for round in 0..<10 {
                let target = try directory.make("copy\(round)")
                try environment.copy(toDirectory: target)
                var readOnly = smallOptions()
                readOnly.isReadOnly = true
                let copied = try Environment(
                    path: target, databases: ["a", "b"], options: readOnly)
                try copied.read { view in
                    let a = try view.get(copied.a, [1])
                    let b = try view.get(copied.b, [1])
                    #expect(a == b)
                    try view.scan(copied.a, from: [], upTo: nil) { _, _ in true }
                }
            }
            isDone.value.store(true, ordering: .releasing)
            try await group.waitForAll()
        }
    }

    @Test("a file that is none of the library's is refused, not made anew")
    func foreign() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/data.mdb"
        #expect(FileManager.default.createFile(atPath: path, contents: Data(count: 8192)))
        let result = try code { _ = try makeEnvironment(directory) }
        #expect(result == .invalid)
        #expect(try size(path) == 8192)
        #expect(result?.isDamage == true)
    }

    @Test("a missing tree is reported when nothing may be written")
    func missingDatabase() throws {
        let directory = try TemporaryDirectory()
        do { _ = try makeEnvironment(directory) }
        var readOnly = smallOptions()
        readOnly.isReadOnly = true
        #expect(
            try code {
                _ = try Environment(
                    path: directory.path, databases: ["a", "c"], options: readOnly)
            } == .databaseMissing)
    }

    @Test("codes that nobody knows are kept, and every code has words")
    func codes() {
        #expect(LMDBError.Code(rawValue: -12345).description.contains("-12345"))
        #expect(LMDBError.Code.mapFull.description.contains("MDB_MAP_FULL"))
        #expect(LMDBError.Code(rawValue: ENOSPC).description.contains("space"))
        let error = LMDBError(.mapFull, operation: "mdb_put", path: "/x")
        #expect("\(error)".hasPrefix("mdb_put: "))
        #expect(!LMDBError.Code.mapFull.isDamage)
    }
}

/// Notes the sizes of values.
struct RowSizes: FileCheck.Visitor {
    var sizes: [Int] = []
    mutating func visit(database: Int, key: Span<UInt8>, value: Span<UInt8>) {
        sizes.append(value.count)
    }
}
