import AuthCore
import RaftCore
import StateStore
import WriteAheadLog

// States that were given up, as the onlooker sees them.

extension Oracle {
    /// A node has started with its log and no state.
    func startedWithoutState(_ node: Int, recovered: RecoveredLog) {
        checkRecoveredLog(node, recovered, isDamaged: false)
        var view = NodeView()
        view.isUp = true
        view.isStateLost = true
        view.term = recovered.hardState.term
        view.log = TermLog(base: recovered.logStart, terms: recovered.entries.map(\.term))
        view.durableLog = view.log
        view.durableHard = recovered.hardState
        view.commit = recovered.logStart.index
        view.trimmed = recovered.logStart.index
        views[node] = view
        begin(
            node, StateMeta(initial: ConfState(voters: [])), recovered.entries,
            from: recovered.logStart.index)
    }

    /// What a node has applied up to here outlives its process.
    func stateSynced(_ node: Int, upTo index: LogIndex) {
        if index < views[node].durableApplied {
            fail("S9", "the state of n\(node + 1) is durable up to less than before")
        }
        views[node].durableApplied = index
    }

    /// Says whether a node's state was harmed and nobody has noticed.
    func setHurt(_ node: Int, _ isHurt: Bool) { views[node].isHurt = isHurt }

    /// A node without a state begins to put a snapshot in its place, under its log.
    func replacesState(_ node: Int, _ metadata: SnapshotMetadata) {
        guard entry(at: metadata.last.index) == metadata.last else {
            return fail("S13", "n\(node + 1) installs \(metadata.last), which is not committed")
        }
        if !views[node].isStateLost {
            fail("S13", "n\(node + 1) replaces a state that it has, under its log")
        }
        if views[node].log.term(at: metadata.last.index) != metadata.last.term {
            fail("S13", "the log of n\(node + 1) does not go on behind \(metadata.last)")
        }
    }

    /// The state was replaced, and the log goes on behind it.
    func stateReplaced(_ node: Int, _ last: EntryID, state: StateMeta, behind: [Entry]) {
        views[node].isStateLost = false
        views[node].applied = last.index
        views[node].durableApplied = last.index
        views[node].commit = max(views[node].commit, last.index)
        begin(node, state, behind)
        checkState(node, state)
    }

    /// Compares what a state says of itself with what it must be.
    func checkState(_ node: Int, _ state: StateMeta) {
        if views[node].isHurt { return }
        guard let expected = reference.hash(at: state.applied.index) else {
            return fail("S5", "n\(node + 1) applied \(state.applied), not committed")
        }
        // Who joins knows no configuration until the log has told it.
        let isEqual =
            state.configuration.isEmpty
            ? expected.rows == state.rowsHash : expected.digest == state.digest
        if !isEqual {
            fail("S15", "the state of n\(node + 1) differs at \(state.applied)")
        }
    }

    /// Compares a whole state with what it must be, row by row.
    func compare(_ node: Int, _ store: MemoryStateStore) {
        do {
            // Who joins knows nobody until the log has told it: the one row that differs.
            if views[node].isHurt { return }
            let meta = try store.read { $0.meta }
            if meta.configuration.isEmpty { return }
            // Nor could it note anything at a checkpoint before.
            if meta.checkpoint.index > .zero, meta.checkpoint.digest == nil { return }
            if try reference.differs(from: store) {
                fail("S16", "rows of n\(node + 1) do not belong to index \(store.applied)")
            }
        } catch {
            fail("S16", "the state of n\(node + 1) cannot be read: \(error)")
        }
    }
}
