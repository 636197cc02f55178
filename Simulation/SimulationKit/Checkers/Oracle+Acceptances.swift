import RaftCore

extension Oracle {
    /// A node says that it has its leader's entries up to here: the disk must hold just these, and
    /// not others with the same indexes that they are to replace.
    func checkAcceptance(_ node: Int, upTo match: LogIndex) {
        let (log, durable) = (views[node].log, views[node].durableLog)
        guard match <= durable.lastIndex else {
            return fail(
                "S11",
                "n\(node + 1) accepts \(match.rawValue), durable \(durable.lastIndex.rawValue)")
        }
        guard let wanted = log.term(at: match), let held = durable.term(at: match),
            wanted != held
        else { return }
        fail(
            "S11",
            "n\(node + 1) accepts \(match.rawValue) of term \(wanted.rawValue), and its disk has "
                + "one of \(held.rawValue)")
    }
}
