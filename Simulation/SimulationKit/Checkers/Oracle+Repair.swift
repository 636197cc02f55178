import RaftCore
import WriteAheadLog

// Damaged logs, as the onlooker sees them (R8): what a node had on its disk it is bound by, until
// its log is as up to date again.

extension Oracle {
    /// What a node that starts is still bound by, beyond what it has; nil: by nothing.
    func stillPromised(_ node: Int, _ recovered: RecoveredLog) -> TermLog? {
        guard recovered.promised != .zero else { return nil }
        let before = views[node]
        // What it had before an earlier damage, unless it had come further since.
        return before.promisedLog ?? before.durableLog
    }

    /// Checks that a node whose log is shorter than what it had synced says so.
    func checkPromise(_ node: Int, _ recovered: RecoveredLog, isReplaced: Bool) {
        let before = views[node]
        // Whoever was replacing entries may find the half of it.
        guard !isReplaced, before.installing == nil else { return }
        let owed = [before.durableLog.last, before.promisedLog?.last ?? .zero]
        for last in owed
        where !recovered.last.isAtLeastAsUpToDate(as: last)
            && !recovered.promised.isAtLeastAsUpToDate(as: last)
        {
            fail(
                "R8",
                "n\(node + 1) had \(last), has \(recovered.last) and promises "
                    + "\(recovered.promised)")
        }
    }

    /// A promise is kept when the log on the disk is as up to date as it was.
    func settlePromise(_ node: Int) {
        guard let promised = views[node].promisedLog?.last,
            views[node].durableLog.last.isAtLeastAsUpToDate(as: promised)
        else { return }
        views[node].promisedLog = nil
    }

    /// A vote goes to nobody who may lack what the voter had.
    func checkVote(_ node: Int, for candidate: NodeID, in term: Term) {
        guard let promised = views[node].promisedLog?.last, let claim = claims[candidate],
            claim.term == term
        else { return }
        if !claim.last.isAtLeastAsUpToDate(as: promised) {
            fail(
                "R8",
                "n\(node + 1) had \(promised) and votes for \(candidate) with \(claim.last)")
        }
    }
}
