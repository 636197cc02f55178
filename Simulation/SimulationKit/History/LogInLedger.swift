import AuthCore
import ByteCodec

/// Guesses at passwords: follows the failures of each user from what is committed, and foretells
/// by the rule alone which log-in is held back (docs/guessing.md).
struct LogInLedger {
    /// Failures that count together.
    private struct Count {
        var failures: UInt64 = 0
        var heldUntil: Timestamp = .zero
        var forgottenAt: Timestamp = .zero

        mutating func fail(at stamp: Timestamp) {
            if stamp >= forgottenAt { failures = 0 }
            failures = min(failures + 1, 100)
            let day: UInt64 = 86_400
            forgottenAt = stamp.advanced(milliseconds: min(failures * 5_400, day) * 1_000)
            let delay = failures < 5 ? 0 : UInt64(1) << min(failures - 5, 10)
            heldUntil =
                failures == 100 ? forgottenAt : stamp.advanced(milliseconds: delay * 1_000)
        }
    }

    private struct Account {
        var strangers = Count()
        /// By the network from which they logged in; looked up, never iterated.
        var known: [[UInt8]: Count] = [:]
        /// The latest end of a time in which it was held back anywhere.
        var latestEnd: Timestamp = .zero

        subscript(network: [UInt8]) -> Count {
            get { known[network] ?? strangers }
            set {
                if known[network] == nil { strangers = newValue } else { known[network] = newValue }
            }
        }
    }

    // Looked up, never iterated.
    private var accounts: [UserID: Account] = [:]
    /// From feature level 2 on failures count.
    private var level: UInt32 = 1

    /// A command was committed.
    mutating func committed(_ command: Command, _ outcome: Outcome) -> Violation? {
        let network = Self.network(command.header.address)
        switch command.operation {
        case .bootstrap(let body):
            if outcome.refusal == nil { level = body.featureLevel }
        case .raiseFeatureLevel(let body):
            if outcome.refusal == nil { level = max(level, body.level) }
        case .failLogIn(let body):
            guard level >= 2 else {
                return outcome.refusal == nil
                    ? Violation("guess", "a failure counts below its level") : nil
            }
            guard case .user(let user) = body.subject else { return nil }
            if let violation = judge(user, network, outcome) { return violation }
            guard outcome.refusal == nil else { return nil }
            var account = accounts[user] ?? Account()
            account[network].fail(at: outcome.stamp)
            account.latestEnd = max(account.latestEnd, account[network].heldUntil)
            accounts[user] = account
        case .startSession(let body):
            guard level >= 2, command.header.actor == .anonymous else { return nil }
            if let violation = judge(body.user, network, outcome) { return violation }
            guard outcome.refusal == nil else { return nil }
            accounts[body.user, default: Account()].known[network] = Count()
        case .setPassword(let body):
            guard level >= 2, outcome.refusal == nil else { return nil }
            let latest = accounts[body.user]?.latestEnd ?? .zero
            accounts[body.user] = Account(latestEnd: latest)
            if body.authVersionSeen != nil {
                accounts[body.user, default: Account()].known[network] = Count()
            }
        case .deleteUser(let body):
            if outcome.refusal == nil { accounts[body.id] = nil }
        default: break
        }
        return nil
    }

    /// Whether an outcome says of the name's being held back what the rule says.
    private func judge(
        _ user: UserID, _ network: [UInt8], _ outcome: Outcome
    ) -> Violation? {
        let end = (accounts[user] ?? Account())[network].heldUntil
        let isHeld = outcome.stamp < end
        if case .heldBack(let told) = outcome.refusal {
            return isHeld && told == end
                ? nil : Violation("held", "user \(user) is held back until \(told), not \(end)")
        }
        guard isHeld, outcome.refusal == nil else { return nil }
        return Violation("guess", "a guess at \(user) counts although it is held back until \(end)")
    }

    /// A node answered that a name is held back, to a request that arrived when its state had
    /// reached `clock`.
    func refused(_ user: UserID?, clock: Timestamp) -> Violation? {
        let end = user.flatMap { accounts[$0]?.latestEnd } ?? .zero
        return clock < end
            ? nil : Violation("held", "a log-in is held back, and nothing has held it since \(end)")
    }

    /// What addresses have in common that count as one place; the simulator knows IPv4 alone.
    private static func network(_ address: Text) -> [UInt8] {
        Array(
            address.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
                .prefix(3).joined(separator: [UInt8(ascii: ".")]))
    }
}
