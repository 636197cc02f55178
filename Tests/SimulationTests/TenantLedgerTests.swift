import ByteCodec
import RaftCore
import Testing

@testable import AuthCore
@testable import SimulationKit

@Suite("The ledger of tenants rejects what must not be")
struct TenantLedgerTests {
    private static let acme = TenantID(bits: 0xAC)
    private var ledger = TenantLedger()
    private var row: SessionRow

    init() throws {
        row = try LedgerFixtures.session(
            SessionID(number: CredentialNumber(1), nonce: 7), of: UserID(bits: 9), endsAt: 60_000)
        commit(.createTenant(.init(id: Self.acme, name: RoleName(builtIn: "acme"))), .active, 1)
        let begun = SessionRow(
            id: row.id, tenant: Self.acme, user: row.user, kind: row.kind, method: row.method,
            verifier: row.verifier, hasRefreshFamily: false, epoch: 1, createdAt: row.createdAt,
            expiresAt: row.expiresAt, idleExpiresAt: row.idleExpiresAt,
            idleMilliseconds: row.idleMilliseconds, lastSeenAt: row.lastSeenAt, accessCount: 0,
            expiryMinute: 0, version: 1, label: row.label, address: row.address)
        row = begun
        #expect(begin(2) == nil)
        ledger.issued(1, at: 10)
    }

    private mutating func commit(
        _ operation: Command.Operation, _ state: TenantState, _ index: UInt64
    ) {
        let tenant = TenantRow(
            id: Self.acme, name: RoleName(builtIn: "acme"), createdAt: .zero, state: state)
        let isDone = state == .deleting
        let violation = ledger.committed(
            Command(operation, header: CommandHeader(actor: .node)),
            Outcome(
                result: isDone ? .done : .tenant(tenant), index: LogIndex(index), stamp: .zero))
        #expect(violation == nil)
    }

    private mutating func begin(_ index: UInt64) -> Violation? {
        let start = Command.StartSession(
            user: row.user, nonce: 7, verifier: row.verifier, idleMilliseconds: 1,
            absoluteMilliseconds: 1, method: .password)
        return ledger.committed(
            Command(
                .startSession(start), header: CommandHeader(tenant: Self.acme, actor: .anonymous)),
            Outcome(result: .session(row), index: LogIndex(index), stamp: .zero))
    }

    private mutating func set(_ suspended: Bool, _ index: UInt64) {
        commit(
            .updateTenant(.init(id: Self.acme, suspended: suspended)),
            suspended ? .suspended : .active, index)
    }

    private func refused(_ arrived: UInt64) -> Bool {
        ledger.refused(1, arrived: arrived, clock: .zero) != nil
    }

    @Test("Nobody of a suspended tenant is let in once that was told, and none begins anything")
    mutating func suspended() {
        #expect(ledger.allowed(1, arrived: 20) == nil)
        set(true, 3)
        #expect(ledger.allowed(1, arrived: 30) == nil, "told to nobody")
        ledger.acknowledgedClosing(Self.acme, upTo: LogIndex(2), at: 40)
        #expect(ledger.allowed(1, arrived: 50) == nil, "of before")
        ledger.acknowledgedClosing(Self.acme, upTo: LogIndex(3), at: 40)
        #expect(ledger.allowed(1, arrived: 40) == nil)
        #expect(ledger.allowed(1, arrived: 41) != nil)
        #expect(begin(4) != nil)
        #expect(ledger.allowed(2, arrived: 1) != nil, "which never began")
    }

    @Test("Nobody is refused while the tenant is open, but while it may be suspended")
    mutating func resumed() {
        #expect(refused(20) && !refused(10))
        set(true, 3)
        #expect(!refused(30))
        set(false, 4)
        #expect(!refused(30), "told to nobody")
        #expect(ledger.allowed(1, arrived: 41) == nil)
        ledger.acknowledgedClosing(Self.acme, upTo: LogIndex(3), at: 45)
        #expect(ledger.allowed(1, arrived: 50) == nil, "it was resumed by then")
        ledger.acknowledgedOpening(Self.acme, at: 50)
        #expect(!refused(50) && refused(51))
        #expect(ledger.refused(1, arrived: 51, clock: .max) == nil, "it has ended")
    }

    @Test("A deleted tenant is closed for good")
    mutating func deleted() {
        commit(.deleteTenant(.init(id: Self.acme)), .deleting, 3)
        #expect(!refused(30))
        ledger.acknowledgedClosing(Self.acme, upTo: LogIndex(3), at: 40)
        #expect(ledger.allowed(1, arrived: 41) != nil)
        ledger.acknowledgedOpening(Self.acme, at: 50)
        #expect(!refused(60))
        #expect(begin(4) != nil)
    }
}
