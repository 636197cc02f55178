import AuthCore
import ByteCodec
import RaftCore
import Testing

@testable import SimulationKit

@Suite("what was committed and acknowledged, held against answers") struct LedgerTests {
    private let user = UserID(bits: 5)
    private let role = RoleName("executor")!

    private func digest(_ number: UInt8) -> Digest256 {
        Digest256(bytes: [UInt8](repeating: number, count: 32))!
    }

    private func session(_ number: UInt64) -> SessionID {
        SessionID(number: CredentialNumber(number), nonce: 1)
    }

    /// The outcome of a command at an index, as apply gives it.
    private func outcome(_ result: Outcome.Result, _ index: UInt64, _ stamp: UInt64 = 1_000)
        -> Outcome
    {
        Outcome(
            result: result, index: LogIndex(index), stamp: Timestamp(milliseconds: stamp))
    }

    /// A ledger of one user with one session, issued at 100.
    private func ledger() throws -> AccessLedger {
        var ledger = AccessLedger()
        try begin(1, &ledger)
        ledger.issued(1, at: 100)
        return ledger
    }

    private func begin(_ number: UInt64, _ ledger: inout AccessLedger) throws {
        let row = try LedgerFixtures.session(session(number), of: user, endsAt: 50_000)
        ledger.committed(
            .startSession(
                .init(
                    user: user, nonce: 1, verifier: digest(1), idleMilliseconds: 1,
                    absoluteMilliseconds: 1, method: .password)),
            actor: .anonymous, outcome(.session(row), number), at: 90)
    }

    private let early = Timestamp(milliseconds: 2_000)

    // MARK: Revocation is final

    @Test("an allow after an acknowledged revocation is found, and one before it is not")
    func revoked() throws {
        var ledger = try ledger()
        ledger.committed(
            .revokeSession(.init(session: session(1))), actor: .node,
            outcome(.revoked(removed: 1), 7), at: 200)
        // Committed, and not told to anybody yet.
        #expect(ledger.allowed(1, role: nil, arrived: 250, clock: early) == nil)
        ledger.acknowledgedEnd(1, at: 300)
        #expect(ledger.allowed(1, role: nil, arrived: 299, clock: early) == nil)
        #expect(ledger.allowed(1, role: nil, arrived: 301, clock: early)?.rule == "final")
    }

    @Test("the end of all sessions counts for those that began before it, and for no other")
    func allRevoked() throws {
        var ledger = try ledger()
        ledger.committed(
            .revokeSessions(.init(user: user)), actor: .node, outcome(.revoked(removed: 0), 7),
            at: 200)
        try begin(9, &ledger)
        ledger.acknowledgedEnds(of: user, upTo: LogIndex(7), at: 300)
        #expect(ledger.allowed(1, role: nil, arrived: 301, clock: early)?.rule == "final")
        #expect(ledger.allowed(9, role: nil, arrived: 301, clock: early) == nil)
    }

    @Test("a password that somebody changed for themselves leaves them their session")
    func ownPassword() throws {
        var ledger = try ledger()
        try begin(2, &ledger)
        let row = try LedgerFixtures.user(user)
        ledger.committed(
            .setPassword(.init(user: user, password: PasswordHash(phc: "$"), authVersionSeen: 1)),
            actor: .user(UserActor(tenant: .platform, user: user, session: session(2))),
            outcome(.user(row), 7), at: 200)
        ledger.acknowledgedEnds(of: user, upTo: LogIndex(7), at: 300)
        #expect(ledger.allowed(1, role: nil, arrived: 301, clock: early)?.rule == "final")
        #expect(ledger.allowed(2, role: nil, arrived: 301, clock: early) == nil)
    }

    @Test("an allow for a role that was taken back is found, unless it was granted again")
    func roleTakenBack() throws {
        var ledger = try ledger()
        let row = try LedgerFixtures.user(user)
        func change(_ operation: Command.Operation, at now: UInt64) {
            ledger.committed(operation, actor: .node, outcome(.user(row), now), at: now)
        }
        change(.grantRole(.init(user: user, role: role)), at: 200)
        change(.revokeRole(.init(user: user, role: role)), at: 300)
        ledger.acknowledgedLoss(role, of: user, at: 310)
        #expect(ledger.allowed(1, role: role, arrived: 320, clock: early)?.rule == "final")
        #expect(ledger.allowed(1, role: nil, arrived: 320, clock: early) == nil)
        change(.grantRole(.init(user: user, role: role)), at: 400)
        #expect(ledger.allowed(1, role: role, arrived: 420, clock: early) == nil)
    }

    @Test("what is told of an earlier loss is no word about a later one")
    func roleTakenBackTwice() throws {
        var ledger = try ledger()
        var row = try LedgerFixtures.user(user)
        func change(_ operation: Command.Operation, _ index: UInt64) {
            ledger.committed(operation, actor: .node, outcome(.user(row), index), at: index)
        }
        change(.grantRole(.init(user: user, role: role)), 200)
        change(.revokeRole(.init(user: user, role: role)), 300)
        // Told late: meanwhile it was granted, and taken back by an entry that nobody was told of.
        change(.grantRole(.init(user: user, role: role)), 400)
        change(.revokeRole(.init(user: user, role: role)), 500)
        ledger.acknowledgedLoss(role, of: user, upTo: LogIndex(300), at: 510)
        #expect(ledger.allowed(1, role: role, arrived: 520, clock: early) == nil)
        ledger.acknowledgedLoss(role, of: user, upTo: LogIndex(500), at: 530)
        #expect(ledger.allowed(1, role: role, arrived: 540, clock: early)?.rule == "final")

        row.disabled = true
        change(.updateUser(.init(id: user, disabled: true)), 600)
        ledger.acknowledgedDisabling(user, upTo: LogIndex(590), at: 610)
        #expect(ledger.standing(of: user)?.finalSince == nil)
        ledger.acknowledgedDisabling(user, upTo: LogIndex(600), at: 620)
        #expect(ledger.standing(of: user)?.finalSince == 620)
    }

    @Test("an allow past the session's end by the node's own time is found")
    func expired() throws {
        let ledger = try ledger()
        let end = Timestamp(milliseconds: 50_000)
        #expect(
            ledger.allowed(1, role: nil, arrived: 200, clock: end)?.rule == "expiry")
        #expect(
            ledger.allowed(1, role: nil, arrived: 200, clock: Timestamp(milliseconds: 49_999))
                == nil)
    }

    // MARK: No false refusal

    @Test("a refusal without a reason is found")
    func refused() throws {
        var ledger = try ledger()
        #expect(ledger.refused(1, arrived: 101, clock: early)?.rule == "refused")
        // Asked before anybody had the token, or past its end, or when it has ended.
        #expect(ledger.refused(1, arrived: 99, clock: early) == nil)
        #expect(ledger.refused(1, arrived: 101, clock: Timestamp(milliseconds: 50_000)) == nil)
        ledger.committed(
            .revokeSession(.init(session: session(1))), actor: .node,
            outcome(.revoked(removed: 1), 7), at: 200)
        #expect(ledger.refused(1, arrived: 101, clock: early) == nil)
    }

    @Test("a refusal for want of a role that is held is found")
    func lacking() throws {
        var ledger = try ledger()
        let row = try LedgerFixtures.user(user)
        ledger.committed(
            .grantRole(.init(user: user, role: role)), actor: .node, outcome(.user(row), 3),
            at: 200)
        #expect(ledger.lacking(1, role: role, arrived: 250) == nil)
        ledger.acknowledgedGrant(role, of: user, at: 260)
        #expect(ledger.lacking(1, role: role, arrived: 270)?.rule == "refused")
        ledger.committed(
            .revokeRole(.init(user: user, role: role)), actor: .node, outcome(.user(row), 4),
            at: 300)
        #expect(ledger.lacking(1, role: role, arrived: 270) == nil)
    }

    // MARK: Refresh tokens

    @Test("a refresh token has one successor, and its family ends when it comes back late")
    func refreshTokens() throws {
        let row = try LedgerFixtures.session(session(1), of: user, endsAt: 50_000)
        func redeem(_ presented: UInt8, _ successor: UInt8) -> Command.RotateRefresh {
            Command.RotateRefresh(
                number: CredentialNumber(1), presented: digest(presented),
                successor: digest(successor), sealedSuccessor: [])
        }
        func check(
            _ ledger: inout RefreshLedger, _ body: Command.RotateRefresh,
            _ result: Outcome.Result, _ stamp: UInt64
        ) -> String? {
            ledger.committed(body, outcome(result, 1, stamp), mayBeDead: false)?.rule
        }
        var ledger = RefreshLedger()
        ledger.began(1, digest(1))
        let again = Outcome.Result.refreshedBefore(row, generation: 2, sealedSuccessor: [])
        let fresh = Outcome.Result.refreshed(row, generation: 2)
        #expect(check(&ledger, redeem(1, 2), fresh, 1_000) == nil)
        var other = ledger
        #expect(check(&other, redeem(1, 3), fresh, 2_000) == "spent")
        #expect(check(&ledger, redeem(1, 3), again, 11_000) == nil)
        #expect(check(&ledger, redeem(1, 3), again, 11_001) == "spent")
        other = ledger
        #expect(check(&other, redeem(1, 3), .refused(.refreshUnknown), 12_000) == "spent")
        #expect(check(&ledger, redeem(1, 3), .refused(.refreshReused), 12_000) == nil)
        #expect(check(&ledger, redeem(2, 3), fresh, 12_001) == "spent")
    }

    @Test("two successors of one refresh token, and one that is good too long, are found")
    func successors() {
        func redeem(
            _ ledger: inout RefreshLedger, _ token: String, _ successor: String, at now: UInt64
        ) -> String? {
            ledger.redeemed(
                token, for: successor, arrived: now - 1, isRepeated: false, at: now)?.rule
        }
        var ledger = RefreshLedger()
        #expect(redeem(&ledger, "a", "b", at: 10) == nil)
        #expect(redeem(&ledger, "a", "b", at: 20) == nil)
        #expect(redeem(&ledger, "a", "c", at: 30) == "spent")
        #expect(redeem(&ledger, "b", "d", at: 40) == nil)
        #expect(redeem(&ledger, "a", "b", at: 50) == "spent")
    }

    // MARK: Exactly once

    @Test("what takes effect twice under one key is found, while the key is remembered")
    func exactlyOnce() {
        var ledger = EffectLedger()
        let key = RequestKey(
            scope: digest(1), subject: 1, body: digest(2), timeToLiveMilliseconds: 500,
            sealedAnswer: [])
        #expect(ledger.committed(key, outcome(.done, 1, 1_000)) == nil)
        var other = ledger
        #expect(other.committed(key, outcome(.done, 2, 1_499))?.rule == "C3")
        #expect(ledger.committed(key, outcome(.done, 2, 1_500)) == nil)
    }
}
