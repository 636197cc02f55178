import ByteCodec
import RaftCore
import Testing

@testable import AuthCore

extension TenantTests {
    private mutating func fail(_ count: Int, in place: TenantID) throws {
        for number in 0..<count {
            let digest = try #require(Digest256(bytes: House.hash(Key.of(UInt64(number)))))
            let body = Command.FailLogIn(subject: .name(digest), reason: .unknownUser)
            let outcome = try house.apply(.failLogIn(body), by: .anonymous, in: place)
            #expect(outcome.result == .done)
        }
    }

    /// The failures in a tenant's trail, each a count of one, and the sums.
    private func told(in place: TenantID) throws -> [UInt64] {
        try house.tables.rows(.audit).compactMap {
            let row = try AuditRow(key: $0.key, value: $0.value)
            guard row.tenant == place else { return nil }
            return switch (row.action, row.details.first) {
            case (.logIn, _) where row.outcome == .denied: 1
            case (.logInFailures, .count(let count)): count
            default: nil
            }
        }
    }

    private var minuteRows: Int {
        house.tables.rows(.logInFailures).count { [4, 6].contains($0.key[0]) }
    }

    private mutating func sweep() throws -> Bool? {
        guard
            case .swept(_, let due) = try house.apply(.sweep(.init(limit: 1)), by: .node).result
        else { return nil }
        return due
    }

    @Test("A flood in one tenant hides nothing of another, and its sum is in its own trail")
    mutating func floods() throws {
        let ones = [UInt64](repeating: 1, count: 60)
        let other = TenantID(bits: 0xBB)
        #expect(try create(other, "other").refusal == nil)
        try fail(300, in: Self.acme)
        try fail(70, in: .platform)
        try fail(2, in: other)
        #expect(try told(in: Self.acme) == ones && told(in: .platform) == ones)
        #expect(try told(in: other) == [1, 1])
        #expect(minuteRows == 6)
        house.now = house.now.advanced(milliseconds: 60_000)
        // A failure of the next minute closes the one of its own tenant, and no other.
        try fail(1, in: Self.acme)
        #expect(try told(in: Self.acme) == ones + [240, 1] && told(in: .platform) == ones)
        // The others are closed by sweeps, in bounded steps.
        #expect(try sweep() == true && minuteRows == 4)
        #expect(try sweep() == true && minuteRows == 2)
        #expect(try sweep() == false)
        #expect(try told(in: .platform) == ones + [10])
        #expect(try told(in: other) == [1, 1] && told(in: Self.acme) == ones + [240, 1])
        house.now = house.now.advanced(milliseconds: 60_000)
        _ = try sweep()
        #expect(minuteRows == 0)
        #expect(try told(in: Self.acme) == ones + [240, 1])
    }

    @Test("Who deletes a tenant closes its minute: the sum is told, and no row is left")
    mutating func floodBeforeTheEnd() throws {
        try fail(65, in: Self.acme)
        try fail(1, in: .platform)
        let delete = Command.Operation.deleteTenant(.init(id: Self.acme))
        #expect(try house.apply(delete, by: house.admin).refusal == nil)
        #expect(try told(in: Self.acme).last == 5)
        #expect(minuteRows == 2)
        #expect(try LogInAuditRow.read(Self.acme, house.tables) == nil)
        #expect(try LogInAuditRow.read(.platform, house.tables) != nil)
    }
}
