import AuthCore
import RaftCore
import Testing

@testable import AuthService

@Suite("Denials in the audit trail")
struct DenialTallyTests {
    private let begin = SteadyTime(nanoseconds: 600_000_000_000)

    private func denial(
        of user: UInt128, in tenant: TenantID = .platform, _ session: UInt64 = 1
    ) -> AuditEvent {
        let actor = UserActor(
            tenant: tenant, user: UserID(bits: user),
            credential: .session(SessionID(number: CredentialNumber(session), nonce: 7)))
        return AuditEvent(
            tenant: tenant, actor: .user(actor), action: .requestDenied, outcome: .denied,
            requestID: "r", details: [.permission(.usersRead)])
    }

    @Test("Ten of a user in a minute are recorded, and then how many more there were")
    func perUser() {
        var tally = DenialTally()
        for number in 0..<5_000 {
            let isFirst = tally.admits(
                denial(of: 1), at: begin.advanced(milliseconds: UInt64(number)))
            #expect(isFirst == (number < DenialTally.perUser))
        }
        let other = tally.admits(denial(of: 2), at: begin)
        #expect(other)
        let early = tally.takeCounted(at: begin.advanced(milliseconds: 59_999))
        #expect(early.isEmpty)
        let counted = tally.takeCounted(at: begin.advanced(milliseconds: 60_000))
        #expect(counted.count == 1)
        #expect(counted.first?.details == [.reason(.insufficientPermissions), .count(4_990)])
        #expect(counted.first?.actor == denial(of: 1).actor && counted.first?.requestID == .empty)
        let again = tally.takeCounted(at: begin.advanced(milliseconds: 60_000))
        #expect(again.isEmpty)
        // A new minute, a new beginning; what is counted in it is not lost when the node stops.
        for _ in 0...DenialTally.perUser {
            _ = tally.admits(denial(of: 1), at: begin.advanced(milliseconds: 60_001))
        }
        let last = tally.takeCounted(at: begin.advanced(milliseconds: 60_002), isLast: true)
        #expect(last.map(\.details) == [[.reason(.insufficientPermissions), .count(1)]])
        #expect(tally.dropped == 0)
    }

    @Test("Nothing is lost when a minute ends by the next denial")
    func rolledByDenial() {
        var tally = DenialTally()
        for _ in 0..<15 { _ = tally.admits(denial(of: 1), at: begin) }
        let next = tally.admits(denial(of: 1), at: begin.advanced(milliseconds: 120_000))
        #expect(next)
        let counted = tally.takeCounted(at: begin.advanced(milliseconds: 120_001))
        #expect(counted.map(\.details) == [[.reason(.insufficientPermissions), .count(5)]])
    }

    @Test("Users of one tenant do not take what others' denials are recorded by")
    func perTenant() {
        var tally = DenialTally()
        let other = TenantID(bits: 9)
        var recorded = 0
        for user in UInt128(0)..<100 {
            for _ in 0..<2 where tally.admits(denial(of: user, in: other), at: begin) {
                recorded += 1
            }
        }
        #expect(recorded == DenialTally.perTenant)
        let elsewhere = tally.admits(denial(of: 1), at: begin)
        #expect(elsewhere)
        // Thirty were recorded, thirty more are counted, and the other forty are not.
        let counted = tally.takeCounted(at: begin, isLast: true)
        #expect(counted.count == DenialTally.perTenant - recorded / 2)
        #expect(counted.allSatisfy { $0.tenant == other && $0.details.contains(.count(2)) })
        #expect(tally.dropped == 80)
    }

    @Test("However many tenants have denials, what is kept is bounded")
    func bounded() {
        var tally = DenialTally()
        for tenant in 0..<UInt128(DenialTally.tenantsMax + 5) {
            for _ in 0...DenialTally.perUser {
                _ = tally.admits(denial(of: 1, in: TenantID(bits: 100 + tenant)), at: begin)
            }
        }
        #expect(tally.dropped == UInt64(5 * (DenialTally.perUser + 1)))
        let counted = tally.takeCounted(at: begin, isLast: true)
        #expect(counted.count == DenialTally.tenantsMax)
        #expect(counted.map(\.tenant) == counted.map(\.tenant).sorted())
    }
}
