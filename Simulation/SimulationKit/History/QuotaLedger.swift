import AuthCore
import AuthService

/// How often a key with a quota was let through by all nodes together, held against the quota, and
/// what the log has recorded of it, held against what was let through
/// (docs/decisions/0013-quotas-are-counted-in-the-log.md).
///
/// It knows of requests and answers, and how many processes began: nothing of who has told what.
struct QuotaLedger {
    /// The key, as those who use it know it.
    struct Key {
        let token: String
        let id: KeyID
        /// Requests in a day.
        let quota: UInt64
        var sent: UInt64 = 0
        var passed: UInt64 = 0
        var refused: UInt64 = 0
        /// Processes that had begun when it was made.
        let startsBefore: UInt64
    }

    private(set) var key: Key?
    private var starts: UInt64 = 0
    private let nodes: Int

    init(nodes: Int) { self.nodes = nodes }

    mutating func began() { starts += 1 }

    /// Somebody was given a key with a quota.
    mutating func learn(_ token: String, _ id: KeyID, quota: UInt64) {
        key = Key(token: token, id: id, quota: quota, startsBefore: starts)
    }

    mutating func sent() { key?.sent += 1 }
    mutating func refused() { key?.refused += 1 }

    /// A node let the key through.
    mutating func passed() -> Violation? {
        guard var key else { return nil }
        key.passed += 1
        self.key = key
        let most = bound(key)
        guard key.passed > most else { return nil }
        return Violation(
            "quota", "\(key.passed) requests pass, where \(key.quota) may: at most \(most)")
    }

    /// The state of a node says that so many were let through.
    ///
    /// - Parameters:
    ///   - untold: what living nodes let through, and do not know to be recorded.
    ///   - gone: nodes whose process is gone, and that have begun no other one.
    func recorded(_ count: UInt64, untold: UInt64, gone: Int) -> Violation? {
        guard let key else { return nil }
        // What was sent and got no answer may have been let through by a process that is gone.
        let most = key.sent - key.refused
        if count > most {
            return Violation(
                "usage", "\(count) requests are recorded, where at most \(most) were let through")
        }
        let lost = allowance(key) * (starts - key.startsBefore + UInt64(gone))
        guard count + untold + lost < key.passed else { return nil }
        return Violation(
            "usage",
            "\(count) requests are recorded and \(untold) known, where \(key.passed) were let "
                + "through and processes that are gone knew at most \(lost)")
    }

    /// The quota, two batches of each other node that one does not know of yet, and what each
    /// process that is gone may not have told.
    private func bound(_ key: Key) -> UInt64 {
        let batches = 2 * UInt64(nodes) + starts - key.startsBefore
        return key.quota + allowance(key) * batches
    }

    private func allowance(_ key: Key) -> UInt64 {
        UsageTill.allowance(of: key.quota, recorded: 0, members: 1)
    }
}
