import AuthCore
import ByteCodec
import RaftCore

/// One-time codes, followed from what is committed: each is good for one log-in, and none begins
/// without one where there is a second factor (docs/decisions/0015).
struct CodeLedger {
    private struct Factor {
        let enrolment: UInt64
        var isActive = false
        var lastStep: UInt64 = 0
        /// In the order in which they were shown.
        var recoveryCodes: [Digest256] = []
        var spent: Set<Digest256> = []

        /// Whether a code is still to be spent.
        func isFresh(_ shown: ShownCode, at stamp: Timestamp) -> Bool {
            switch shown {
            case .totp(let of, let step):
                of == enrolment && step > lastStep && step <= stamp.rawValue / 30_000 + 10
            case .recovery(let of, let digest):
                of == enrolment && recoveryCodes.contains(digest) && !spent.contains(digest)
            }
        }

        mutating func spend(_ shown: ShownCode) {
            switch shown {
            case .totp(_, let step): lastStep = step
            case .recovery(_, let digest): spent.insert(digest)
            }
        }
    }

    // Looked up, never iterated.
    private var factors: [UserID: Factor] = [:]

    /// Whether log-ins of this user need a code.
    func isActive(_ user: UserID) -> Bool { factors[user]?.isActive ?? false }

    /// Whether the recovery code that was shown in this place is still to be spent.
    func isFresh(recoveryCode place: Int, of user: UserID) -> Bool {
        guard let factor = factors[user], factor.recoveryCodes.indices.contains(place) else {
            return false
        }
        return !factor.spent.contains(factor.recoveryCodes[place])
    }

    /// A command was committed.
    mutating func committed(_ command: Command, _ outcome: Outcome) -> Violation? {
        switch (command.operation, outcome.result) {
        case (.enrolFactor(let body), .done):
            factors[body.user] = Factor(enrolment: body.enrolment)
        case (.confirmFactor(let body), .done):
            guard var factor = factors[body.user],
                factor.isFresh(body.shown, at: outcome.stamp)
            else { return Violation("code", "a code confirms that is spent, or of nobody") }
            factor.spend(body.shown)
            factor.isActive = true
            factor.recoveryCodes = body.recoveryCodes
            factor.spent = []
            factors[body.user] = factor
        case (.removeFactor(let body), .done): factors[body.user] = nil
        case (.startSession(let body), .session(let row)):
            guard command.header.actor == .anonymous, var factor = factors[body.user],
                factor.isActive
            else { return nil }
            let number = row.id.number.rawValue
            guard let shown = body.code else {
                return Violation("code", "session \(number) begins without a code")
            }
            guard factor.isFresh(shown, at: outcome.stamp) else {
                return Violation("code", "session \(number) begins by a code that is spent")
            }
            factor.spend(shown)
            factors[body.user] = factor
        case (.startSession(let body), .refused(.codeSpent)):
            guard let shown = body.code, let factor = factors[body.user] else {
                return Violation("code", "a code is spent that was not shown")
            }
            return factor.isFresh(shown, at: outcome.stamp)
                ? Violation("code", "a code is refused that nobody has spent") : nil
        case (.startSession(let body), .refused(.codeRequired)):
            return isActive(body.user) && body.code == nil
                ? nil : Violation("code", "a code is asked for that is not needed, or was shown")
        default: break
        }
        return nil
    }
}

/// A user who enrols in one-time codes, as those who work with it know it.
struct Coder {
    let name: String
    let password: String
    var shownID: String?
    var id: UserID?
    /// What is to be done next; nil: nothing more, or it is given up.
    var next: CoderStep? = .make
    /// Once it is enrolled.
    var isReady = false
    var readySince: UInt64 = 0
    var failures = 0
    /// The token of the session that it enrols by.
    var token = ""
    var secret: [UInt8] = []
    /// Places of its recovery codes among all codes.
    var recoveryCodes: Range<Int> = 0..<0
    /// Which of them is shown at present, and how often it was.
    var shown = 0
    var times = 0
}

/// The steps by which a user comes to have one-time codes.
enum CoderStep: Equatable {
    case make, logIn, enrol
    /// With the code of a time step.
    case confirm(UInt64)

    /// What the audit trail calls it.
    var action: AuditAction {
        switch self {
        case .make: .userCreate
        case .logIn: .logIn
        case .enrol: .factorEnrol
        case .confirm: .factorConfirm
        }
    }
}

/// A code that was shown, or will be.
struct KnownCode {
    let coder: Int
    let text: String
    /// Which of the recovery codes it is; nil for one of a time step.
    let recovery: Int?
    /// The session that it was good for.
    var granted: UInt64?
}
