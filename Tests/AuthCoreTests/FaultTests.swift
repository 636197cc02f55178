import ByteCodec
import RaftCore
import Testing

@testable import AuthCore

@Suite struct FaultTests {
    @Test(
        "Whichever call on the tables fails, the batch fails with it, and a second try is as the first"
    )
    func everyCall() throws {
        var house = try House.open()
        let before = InMemoryTables(copying: house.tables)
        let first = house.log.count
        try house.makeRole("r", ["invoke"])
        let session = try house.startSession(house.makeUser(1, ["r"]), refresh: digest(1))
        _ = try house.apply(
            .rotateRefresh(
                .init(
                    number: session.id.number, presented: digest(1), successor: digest(2),
                    sealedSuccessor: [1])), by: .anonymous)
        _ = try house.apply(
            .putSecret(
                .init(path: path("a"), version: 1, value: SealedBlob(term: 1, bytes: [1]))),
            by: house.admin,
            key: RequestKey(
                scope: digest(1), subject: 1, body: digest(1), timeToLiveMilliseconds: 1000))
        _ = try house.apply(.deleteUser(.init(id: UserID(bits: 1))), by: house.admin)
        house.now = house.now.advanced(milliseconds: 3_600_000)
        _ = try house.apply(.sweep(.init(limit: 10)), by: .node)
        let batch = Array(house.log[first...])

        var failAt = 0
        var succeeded = false
        while !succeeded {
            let tables = InMemoryTables(copying: before)
            do throws(FailingTables.Failure) {
                try apply(batch, FailingTables(tables, failAt: failAt))
                succeeded = true
            } catch {
                #expect(error == FailingTables.Failure(call: failAt))
                // The store drops the transaction; the next one begins from what was before.
                guard failAt % 10 == 0 else {
                    failAt += 1
                    continue
                }
                let again = InMemoryTables(copying: before)
                _ = try House.apply(batch, to: again)
                #expect(try StateMeta.read(again) == house.meta)
            }
            failAt += 1
        }
        #expect(failAt > 100, "only \(failAt) calls")
    }

    private func apply(
        _ batch: [Entry], _ tables: FailingTables
    ) throws(FailingTables.Failure) {
        do {
            var session = try StateMachine(sha256: House.hash).begin(tables)
            for entry in batch { _ = try session.apply(entry, tables) }
            try session.finish(tables)
        } catch let failure as FailingTables.Failure {
            throw failure
        } catch {
            Issue.record("another error came of it: \(error)")
        }
    }
}

/// Tables of which one call fails, counted over all kinds of calls.
final class FailingTables: TableWriter {
    struct Failure: Error, Equatable { let call: Int }

    private let base: InMemoryTables
    private let failAt: Int
    private var calls = 0

    init(_ base: InMemoryTables, failAt: Int) {
        self.base = base
        self.failAt = failAt
    }

    private func count() throws {
        defer { calls += 1 }
        if calls == failAt { throw Failure(call: calls) }
    }

    func get(_ table: Table, _ key: [UInt8]) throws -> [UInt8]? {
        try count()
        return try base.get(table, key)
    }

    func scan(
        _ table: Table, from: [UInt8], upTo: [UInt8]?,
        _ body: (_ key: [UInt8], _ value: [UInt8]) throws -> Bool
    ) throws {
        try count()
        try base.scan(table, from: from, upTo: upTo, body)
    }

    func scanReverse(
        _ table: Table, from: [UInt8], upTo: [UInt8]?,
        _ body: (_ key: [UInt8], _ value: [UInt8]) throws -> Bool
    ) throws {
        try count()
        try base.scanReverse(table, from: from, upTo: upTo, body)
    }

    func put(_ table: Table, _ key: [UInt8], _ value: [UInt8]) throws {
        try count()
        try base.put(table, key, value)
    }

    func delete(_ table: Table, _ key: [UInt8]) throws {
        try count()
        try base.delete(table, key)
    }
}
