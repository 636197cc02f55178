import AuthCore
import RaftCore
import StateStore

// The end of a world: everything that was asked is looked at once more as a whole.

extension HTTPLayer {
    /// Looks for what shows only in whole histories and in the audit trail.
    func finish() {
        let (violation, undecided) = judge.checkObjects(accounts.map(\.name))
        world.counters[.historiesChecked] +=
            UInt64(judge.secrets.count + judge.accounts.count + judge.grants.count)
        world.counters[.historiesUndecided] += undecided
        world.oracle.fail(violation)
        for node in world.nodes
        where node.process != nil && world.oracle.configuration.members.contains(node.id) {
            do {
                world.oracle.fail(try checkTrail(node))
            } catch {
                world.oracle.fail("audit", "the trail of n\(node.index + 1): \(error)")
            }
        }
    }

    private func checkTrail(_ node: SimulatedNode) throws -> Violation? {
        try node.store.read { view in
            let meta = view.meta
            var rows: [AuditRow] = []
            for sequence in meta.firstAudit..<meta.nextAudit {
                guard let row = try AuditRow.read(sequence, view) else {
                    return Violation("audit", "row \(sequence) is missing")
                }
                rows.append(row)
            }
            world.counters[.auditRowsChecked] += UInt64(rows.count)
            let trail = AuditTrail(rows)
            let broken = trail.checkChain(
                from: meta.firstAudit, head: meta.auditHead, hash: World.chain)
            if let broken { return broken }
            if let missed = try trail.checkSearch(view) { return missed }
            for expectation in judge.expectations {
                if let missing = trail.check(expectation) { return missing }
            }
            return nil
        }
    }
}
