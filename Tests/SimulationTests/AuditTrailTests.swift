import ByteCodec
import RaftCore
import Testing

@testable import AuthCore
@testable import SimulationKit

@Suite("the audit trail: complete, chained, in order") struct AuditTrailTests {
    private let hash: @Sendable ([UInt8]) -> [UInt8] = { World.chain($0) }

    /// A trail as apply writes it, with the head of its chain.
    private func trail() throws -> (rows: [AuditRow], head: Digest256) {
        let tables = InMemoryTables()
        _ = try LedgerFixtures.apply(
            (1...4).map {
                .createUser(.init(id: UserID(bits: 10 + $0), username: UserName("user\($0)")!))
            }, tables, sha256: hash)
        let meta = try StateMeta.read(tables)
        let rows = try (meta.firstAudit..<meta.nextAudit).map { sequence in
            try #require(try AuditRow.read(sequence, tables))
        }
        return (rows, meta.auditHead)
    }

    private func rule(_ rows: [AuditRow], _ head: Digest256) -> String? {
        AuditTrail(rows).checkChain(from: 1, head: head, hash: hash)?.rule
    }

    @Test("a trail as apply writes it is whole")
    func whole() throws {
        let (rows, head) = try trail()
        #expect(rows.count == 5)
        #expect(rule(rows, head) == nil)
    }

    @Test("a row that is missing, exchanged or behind the head is found")
    func broken() throws {
        let (rows, head) = try trail()
        for gap in rows.indices {
            var fewer = rows
            fewer.remove(at: gap)
            #expect(rule(fewer, head) == "audit", "without row \(gap + 1)")
        }
        var exchanged = rows
        exchanged.swapAt(1, 2)
        #expect(rule(exchanged, head) == "audit")
        #expect(rule(rows, .zero) == "audit")
    }

    @Test("a row with other contents than the next one has hashed is found")
    func changed() throws {
        let (rows, head) = try trail()
        for place in rows.indices {
            let row = rows[place]
            var changed = rows
            changed[place] = AuditRow(
                sequence: row.sequence, index: row.index, at: row.at, tenant: row.tenant,
                actor: row.actor, action: row.action, target: row.target,
                outcome: row.outcome, requestID: "another", address: row.address,
                node: row.node, details: row.details, previous: row.previous)
            #expect(rule(changed, head) == "audit", "row \(place + 1)")
        }
    }

    @Test("an acknowledged request without a record is found, and so is one with two")
    func expectations() throws {
        let rows = AuditTrail(try trail().rows)
        func rule(_ ids: [String], _ action: AuditAction, _ rowsMin: Int, _ rowsMax: Int)
            -> String?
        {
            rows.check(
                .init(requestIDs: ids, action: action, rowsMin: rowsMin, rowsMax: rowsMax))?.rule
        }
        #expect(rule(["request-2"], .userCreate, 1, 1) == nil)
        #expect(rule(["request-9"], .userCreate, 1, 1) == "audit")
        #expect(rule(["request-2"], .userDelete, 1, 1) == "audit")
        #expect(rule(["request-2", "request-3"], .userCreate, 1, 1) == "audit")
        #expect(rule(["request-9"], .userCreate, 0, 0) == nil)
        #expect(rule(["request-2"], .userCreate, 0, 0) == "audit")
    }
}
