import ByteCodec
import RaftCore
import Testing

@testable import AuthCore
@testable import SimulationKit

@Suite("The ledger of one-time codes rejects what must not be")
struct CodeLedgerTests {
    private static let user = UserID(bits: 2)
    private static let step: UInt64 = 100
    private let stamp = Timestamp(milliseconds: step * 30_000)

    private func digest(_ byte: UInt8) -> Digest256 {
        Digest256(bytes: [UInt8](repeating: byte, count: 32))!
    }

    private func command(_ operation: Command.Operation) -> Command {
        Command(operation, header: CommandHeader(actor: .anonymous))
    }

    private func outcome(_ result: Outcome.Result) -> Outcome {
        Outcome(result: result, index: LogIndex(1), stamp: stamp)
    }

    private func shown(_ step: UInt64) -> ShownCode { .totp(enrolment: 9, step: step) }

    /// A ledger of a user with a second factor and two recovery codes.
    private func ledger() -> CodeLedger {
        var ledger = CodeLedger()
        let enrol = Command.EnrolFactor(
            user: Self.user, authVersionSeen: 1, enrolment: 9,
            secret: SealedBlob(term: 1, bytes: [1]))
        let confirm = Command.ConfirmFactor(
            user: Self.user, authVersionSeen: nil, shown: shown(Self.step - 1),
            recoveryCodes: [digest(1), digest(2)])
        #expect(ledger.committed(command(.enrolFactor(enrol)), outcome(.done)) == nil)
        #expect(!ledger.isActive(Self.user))
        #expect(ledger.committed(command(.confirmFactor(confirm)), outcome(.done)) == nil)
        #expect(ledger.isActive(Self.user))
        return ledger
    }

    /// What the ledger says of a log-in with this code that ended so; nil: it began a session.
    private func logIn(
        _ code: ShownCode?, refused refusal: Refusal? = nil, _ ledger: inout CodeLedger
    ) throws -> String? {
        let row = try LedgerFixtures.session(
            SessionID(number: CredentialNumber(9), nonce: 1), of: Self.user, endsAt: 9_000)
        let start = Command.StartSession(
            user: Self.user, nonce: 1, verifier: digest(7), authVersionSeen: 1,
            idleMilliseconds: 1, absoluteMilliseconds: 1, method: .password, code: code)
        return ledger.committed(
            command(.startSession(start)),
            outcome(refusal.map { .refused($0) } ?? .session(row)))?.rule
    }

    @Test("Each code is good once, and none of a step before it any more")
    func once() throws {
        var ledger = ledger()
        #expect(try logIn(shown(Self.step + 1), &ledger) == nil)
        #expect(try logIn(shown(Self.step + 1), &ledger) == "code")
        #expect(try logIn(shown(Self.step), &ledger) == "code")
        #expect(try logIn(shown(Self.step), refused: .codeSpent, &ledger) == nil)
        #expect(try logIn(shown(Self.step + 2), refused: .codeSpent, &ledger) == "code")
    }

    @Test("A recovery code is good once, and only of this enrolment")
    func recovery() throws {
        var ledger = ledger()
        let code = ShownCode.recovery(enrolment: 9, digest(2))
        #expect(ledger.isFresh(recoveryCode: 1, of: Self.user))
        #expect(try logIn(.recovery(enrolment: 8, digest(1)), &ledger) == "code")
        #expect(try logIn(code, &ledger) == nil)
        #expect(!ledger.isFresh(recoveryCode: 1, of: Self.user))
        #expect(ledger.isFresh(recoveryCode: 0, of: Self.user))
        #expect(!ledger.isFresh(recoveryCode: 2, of: Self.user))
        #expect(try logIn(code, &ledger) == "code")
        #expect(try logIn(code, refused: .codeSpent, &ledger) == nil)
    }

    @Test("None begins without a code, nor by one from far ahead, once there is a second factor")
    func needed() throws {
        var ledger = ledger()
        #expect(try logIn(nil, &ledger) == "code")
        #expect(try logIn(shown(Self.step + 11), &ledger) == "code")
        #expect(try logIn(nil, refused: .codeRequired, &ledger) == nil)
        #expect(try logIn(shown(Self.step), refused: .codeRequired, &ledger) == "code")
        var none = CodeLedger()
        #expect(try logIn(nil, &none) == nil)
        #expect(try logIn(nil, refused: .codeRequired, &none) == "code")
    }

    @Test("What confirms a second factor is spent by it")
    func confirmation() throws {
        var ledger = ledger()
        #expect(try logIn(shown(Self.step - 1), &ledger) == "code")
        let again = Command.ConfirmFactor(
            user: Self.user, authVersionSeen: 1, shown: shown(Self.step - 1),
            recoveryCodes: [digest(3)])
        #expect(ledger.committed(command(.confirmFactor(again)), outcome(.done))?.rule == "code")
    }
}
