import ByteCodec
import RaftCore
import Testing

@testable import AuthCore

@Suite("One-time codes in apply (RFC 6238 §5.2, security A11)")
struct SecondFactorTests {
    private let codes = (1...UInt8(Limits.recoveryCodes)).map(digest)
    private var step: UInt64 { House.start.rawValue / Limits.codeStepMilliseconds }

    private func totp(_ step: UInt64, enrolment: UInt64 = 7) -> ShownCode {
        .totp(enrolment: enrolment, step: step)
    }

    private func enrol(
        _ house: inout House, _ user: UserID, by actor: Actor, enrolment: UInt64 = 7
    ) throws -> Refusal? {
        try house.apply(
            .enrolFactor(
                .init(
                    user: user, authVersionSeen: 1, enrolment: enrolment,
                    secret: SealedBlob(term: 1, bytes: [1]))), by: actor
        ).refusal
    }

    private func confirm(
        _ house: inout House, _ user: UserID, _ shown: ShownCode, by actor: Actor,
        authVersion: UInt64? = nil
    ) throws -> Refusal? {
        try house.apply(
            .confirmFactor(
                .init(
                    user: user, authVersionSeen: authVersion, shown: shown,
                    recoveryCodes: codes)), by: actor
        ).refusal
    }

    private func logIn(
        _ house: inout House, _ user: UserID, _ code: ShownCode?, authVersion: UInt64 = 1
    ) throws -> Refusal? {
        guard case .startSession(var body) = house.start(user, authVersion: authVersion) else {
            return .undecodable
        }
        body.code = code
        return try house.apply(.startSession(body), by: .anonymous).refusal
    }

    /// A user whose log-ins need a code, on a session, with the step that is spent.
    private func active(_ house: inout House) throws -> (user: UserID, actor: Actor) {
        let user = try house.makeUser(9)
        let actor = try house.logIn(user)
        #expect(try enrol(&house, user, by: actor) == nil)
        #expect(try logIn(&house, user, nil) == nil, "not before a code was shown")
        #expect(try confirm(&house, user, totp(step - 1), by: actor) == nil)
        return (user, actor)
    }

    @Test("A log-in needs a code from the first one that was shown on, and spends it")
    func spent() throws {
        var house = try House.open()
        let (user, _) = try active(&house)
        #expect(try logIn(&house, user, nil) == .codeRequired)
        #expect(try house.lastAudit()?.details.contains(.reason(.codeRequired)) == true)
        #expect(try logIn(&house, user, totp(step - 1)) == .codeSpent, "it confirmed")
        #expect(try logIn(&house, user, totp(step, enrolment: 8)) == .codeSpent)
        #expect(try logIn(&house, user, totp(step)) == nil)
        #expect(try logIn(&house, user, totp(step)) == .codeSpent)
        #expect(try logIn(&house, user, totp(step - 2)) == .codeSpent, "older ones with it")
        #expect(try logIn(&house, user, totp(step + 1)) == nil)
        #expect(try logIn(&house, user, totp(step + 1_000)) == .codeSpent, "none of far ahead")
        #expect(try logIn(&house, user, totp(step + 2), authVersion: 2) == .credentialsChanged)
        #expect(try logIn(&house, user, totp(step + 2)) == nil, "a refused log-in spends none")
    }

    @Test("Each recovery code is spent once, and new ones take the place of all")
    func recovery() throws {
        var house = try House.open()
        let (user, actor) = try active(&house)
        for code in codes.prefix(2) {
            let shown = ShownCode.recovery(enrolment: 7, code)
            #expect(try logIn(&house, user, shown) == nil)
            #expect(try logIn(&house, user, shown) == .codeSpent)
        }
        let row = try SecondFactorRow.read(.platform, user, house.tables)
        #expect(row?.recoveryCodes == Array(codes.dropFirst(2)))
        #expect(try confirm(&house, user, totp(step), by: actor) == .exists(.secondFactor))
        #expect(
            try confirm(&house, user, totp(step), by: actor, authVersion: 2)
                == .credentialsChanged)
        #expect(try confirm(&house, user, totp(step), by: actor, authVersion: 1) == nil)
        #expect(try house.lastAudit()?.action == .recoveryCodesRenew)
        #expect(try logIn(&house, user, .recovery(enrolment: 7, codes[0])) == nil)
    }

    @Test("Only oneself enrols; others remove with the power to set the password")
    func rights() throws {
        var house = try House.open()
        let (user, actor) = try active(&house)
        #expect(try enrol(&house, user, by: house.admin) == .insufficientPermissions)
        #expect(try enrol(&house, user, by: actor) == .exists(.secondFactor))
        #expect(
            try confirm(&house, user, totp(step), by: house.admin, authVersion: 1)
                == .insufficientPermissions)
        let remove = Command.Operation.removeFactor(.init(user: user))
        #expect(try house.apply(remove, by: actor).refusal == .insufficientPermissions)
        let reader = try house.makeActor(20, ["users:read"])
        #expect(try house.apply(remove, by: reader).refusal == .insufficientPermissions)
        try house.makeRole("strong", ["roles:grant"])
        _ = try house.apply(.grantRole(.init(user: user, role: role("strong"))), by: .node)
        let writer = try house.makeActor(21, ["users:write"])
        #expect(try house.apply(remove, by: writer).refusal == .insufficientPermissions)
        #expect(try house.apply(remove, by: house.admin).refusal == nil)
        #expect(try house.apply(remove, by: house.admin).refusal == .notFound(.secondFactor))
        #expect(try logIn(&house, user, nil) == nil)
    }

    @Test("One's own is removed with password and a code that was not spent")
    func removing() throws {
        var house = try House.open()
        let (user, actor) = try active(&house)
        func remove(_ seen: UInt64, _ shown: ShownCode?) throws -> Refusal? {
            try house.apply(
                .removeFactor(
                    .init(user: user, proof: .init(authVersionSeen: seen, shown: shown))),
                by: actor
            ).refusal
        }
        #expect(try remove(2, totp(step)) == .credentialsChanged)
        #expect(try remove(1, nil) == .codeRequired)
        #expect(try remove(1, totp(step - 1)) == .codeSpent)
        #expect(try remove(1, totp(step)) == nil)
        #expect(try SecondFactorRow.read(.platform, user, house.tables) == nil)
        // The next enrolment knows nothing of codes of this one.
        #expect(try enrol(&house, user, by: actor, enrolment: 8) == nil)
        #expect(try confirm(&house, user, totp(step), by: actor) == .codeSpent)
        #expect(try confirm(&house, user, totp(step, enrolment: 8), by: actor) == nil)
        #expect(try house.apply(.deleteUser(.init(id: user)), by: .node).refusal == nil)
        #expect(house.tables.count(.secondFactors) == 0)
    }

    @Test("A name that is held back spends no code, and is told nothing of one")
    func held() throws {
        var house = try House.open()
        let (user, _) = try active(&house)
        for _ in 0..<5 {
            _ = try house.apply(
                .failLogIn(.init(subject: .user(user), reason: .wrongCode)), by: .anonymous)
        }
        for code in [nil, totp(step), totp(step - 1)] {
            guard case .heldBack? = try logIn(&house, user, code) else {
                Issue.record("\(String(describing: code)) is judged")
                continue
            }
        }
        house.now = house.now.advanced(milliseconds: 1_000)
        #expect(try logIn(&house, user, totp(step)) == nil)
    }
}
