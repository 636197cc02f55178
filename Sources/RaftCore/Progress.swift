/// What a leader knows of one follower, and how it sends to it (etcd/raft `tracker`).
///
/// - `probe`: where the logs part is not known; one append at a time, answered or retried with a
///   heartbeat.
/// - `replicate`: the follower takes everything; appends are pipelined, `next` runs ahead.
/// - `snapshot`: the entries that it needs are gone; nothing is sent until a snapshot has arrived.
struct Progress: Equatable, Sendable {
    /// How appends are sent.
    enum State: UInt8, Equatable, Sendable {
        case probe, replicate, snapshot
    }

    /// The last entry that the follower has durably, as far as is known. Goes back only when the
    /// follower says that its log was damaged.
    private(set) var match: LogIndex
    /// The next entry to be sent; always behind `match` (etcd/raft #149).
    private(set) var next: LogIndex
    /// How appends are sent now.
    private(set) var state: State
    /// Appends on their way, in `replicate` only.
    private(set) var inflights: Inflights
    /// In `probe`: whether an append is on its way, so that the next one waits for an answer or
    /// for the answer to a heartbeat.
    var isProbeSent = false
    /// In `probe`: whether an append with these very entries was sent before, so that the next one
    /// only asks.
    private(set) var isProbeRepeated = false
    /// Whether a heartbeat was answered, so that an empty append asks what has arrived: in
    /// `replicate` while entries were unacknowledged, because some may be lost (etcd #14633); in
    /// `snapshot` when one seemed to fail, because it may have arrived all the same.
    var isCheckWanted = false
    /// When something of the present term last came from the follower; nil if nothing did.
    var lastContact: SteadyTime?
    /// The newest round of heartbeats that the follower has answered.
    var acknowledgedSequence: UInt64 = 0
    /// The newest commit index that was sent to the follower.
    var sentCommit: LogIndex = .zero
    /// How far the leader's log went when the follower said that its own was damaged; nil when it
    /// was not, or has come so far again.
    private(set) var revertedUntil: LogIndex?
    /// In `snapshot`: when the follower is offered a snapshot (again); nil while one is on its way.
    private(set) var snapshotDue: SteadyTime?
    /// How many snapshots it was offered since it last acknowledged anything: each one is offered
    /// later after the one before.
    private(set) var snapshotOffers = 0
    /// In `snapshot`: an entry that every snapshot holds for certain which is on its way, or seemed
    /// to fail and would still be of use: it may have arrived all the same.
    private(set) var snapshotIndex: LogIndex?
    /// In `snapshot`: whether the follower was asked for the one that seemed to fail last.
    private(set) var isSnapshotAskedFor = false

    /// A follower of which nothing is known.
    init(next: LogIndex, options: RaftOptions) {
        precondition(next > .zero, "entries are counted from 1")
        match = .zero
        self.next = next
        state = .probe
        inflights = Inflights(
            countMax: options.inflightMessagesMax, bytesMax: options.inflightBytesMax)
    }

    /// Whether entries may be sent now.
    var mayAppend: Bool {
        switch state {
        case .probe: !isProbeSent
        case .replicate: !inflights.isFull
        case .snapshot: false
        }
    }

    /// Notes that an append behind `next` was sent, with `entries` and the commit index.
    mutating func sentAppend(entries: [Entry], commit: LogIndex) {
        sentCommit = max(sentCommit, commit)
        isCheckWanted = false
        switch state {
        case .probe:
            isProbeSent = true
            isProbeRepeated = true
        case .replicate:
            guard let last = entries.last else { return }
            precondition(last.index >= next, "\(last.index.rawValue) sent again")
            inflights.add(last: last.index, bytes: entries.reduce(0) { $0 + $1.sizeBytes })
            next = last.index.next
        case .snapshot:
            preconditionFailure("an append to a follower that waits for a snapshot")
        }
    }

    /// Notes that the follower has everything up to and with `index`. False if that was known.
    mutating func acknowledge(_ index: LogIndex) -> Bool {
        inflights.free(upTo: index)
        next = max(next, index.next)
        guard index > match else { return false }
        match = index
        if let end = revertedUntil, match >= end { revertedUntil = nil }
        return true
    }

    /// Takes a refusal of an append behind `rejected`, where `hint` is the last entry that may
    /// match. False if the refusal is stale (Raft §5.3; etcd/raft `MaybeDecrTo`).
    ///
    /// - Parameter isInReach: whether `hint` does match, and what lies behind is here.
    /// - Parameter start: where the leader's log begins.
    mutating func reject(
        _ rejected: LogIndex, hint: LogIndex, isInReach: Bool, logStart start: LogIndex
    ) -> Bool {
        switch state {
        case .replicate:
            // What is acknowledged cannot be missing: the refusal is older.
            guard rejected > match else { return false }
            // Every entry on its way may be refused too: begin again behind what is known; or,
            // where that is cut off, behind what the follower says.
            reset(to: .probe)
            next = match >= start ? match.next : max(match.next, min(rejected, hint.next))
            return true
        case .probe:
            // Only the one append on its way can be refused.
            guard next.previous == rejected else { return false }
            next = max(match.next, min(rejected, hint.next))
            isProbeSent = false
            isProbeRepeated = false
            return true
        case .snapshot:
            // Whatever helped it, it has come to where the log can go on.
            guard isInReach else { return false }
            reset(to: .probe)
            next = max(match.next, hint.next)
            return true
        }
    }

    /// Forgets what the follower had: its log was damaged. The leader's log then went up to `end`.
    mutating func revert(from rejected: LogIndex, until end: LogIndex) {
        match = .zero
        revertedUntil = max(end, revertedUntil ?? .zero)
        // A snapshot on its way helps; else it is found out anew where the logs part.
        guard state != .snapshot else { return }
        reset(to: .probe)
        next = max(LogIndex(1), min(next, rejected.next))
        isProbeSent = true
    }

    /// Goes from `replicate` to `probe` because the connection was lost: behind what is known to
    /// match; or, where that is cut off, behind the beginning of the leader's log. What was on its
    /// way may well have arrived, and then no snapshot is needed.
    ///
    /// - Parameter start: where the leader's log begins.
    mutating func becomeProbe(logStart start: LogIndex) {
        precondition(state == .replicate, "back to probe from \(state)")
        reset(to: .probe)
        next = max(match.next, min(next, start.next))
    }

    /// In `probe`: forgets the append on its way, which was most likely lost. Where it stood is
    /// kept: from a follower that has not answered yet nothing is known to match, and behind
    /// nothing there may be only a snapshot.
    mutating func probeAgain() {
        precondition(state == .probe, "a probe in \(state)")
        isProbeSent = false
        isProbeRepeated = false
    }

    /// Goes to `replicate`, behind what is known to match.
    mutating func becomeReplicate() {
        reset(to: .replicate)
        snapshotOffers = 0
        next = match.next
    }

    /// Goes to `snapshot`; one is due at `moment`.
    mutating func becomeSnapshot(dueAt moment: SteadyTime) {
        reset(to: .snapshot)
        snapshotDue = moment
    }

    /// A new connection stands: what failed before may have been another process.
    mutating func forgetSnapshotOffers() { snapshotOffers = 0 }

    /// Notes that a snapshot is on its way, of a state that had applied `index` at least.
    ///
    /// - Parameter start: where the leader's log begins. An earlier snapshot is of no use any more.
    mutating func snapshotOffered(at index: LogIndex, logStart start: LogIndex) {
        precondition(state == .snapshot, "a snapshot that is not needed")
        snapshotDue = nil
        if snapshotIndex.map({ $0 < start }) ?? true { snapshotIndex = index }
        snapshotOffers += 1
    }

    /// In `snapshot`: the entry behind which the follower can be asked whether it has come so far;
    /// nil while nothing says that a snapshot failed, or when the one that did is of no use.
    ///
    /// - Parameter start: where the leader's log begins.
    func snapshotInQuestion(logStart start: LogIndex) -> LogIndex? {
        guard snapshotDue != nil, let index = snapshotIndex else { return nil }
        return index >= start ? index : nil
    }

    /// Notes that the follower was asked. Another snapshot is not due before `moment`, by when the
    /// answer to the first question should be here.
    mutating func askedForSnapshot(answerBy moment: SteadyTime) {
        precondition(snapshotDue != nil, "asked for a snapshot that did not fail")
        isCheckWanted = false
        guard !isSnapshotAskedFor else { return }
        isSnapshotAskedFor = true
        snapshotDue = snapshotDue.map { max($0, moment) }
    }

    /// Notes that the snapshot did not arrive, as far as is known; another one is due at `moment`.
    mutating func snapshotFailed(dueAt moment: SteadyTime) {
        precondition(state == .snapshot, "no snapshot was on its way")
        snapshotDue = moment
        isSnapshotAskedFor = false
    }

    /// The entry behind which the follower needs the log, as far as is known.
    var wantedBehind: LogIndex {
        switch state {
        case .probe: next.previous
        case .replicate: match
        // Before one is on its way nothing that is here would help.
        case .snapshot: snapshotIndex ?? LogIndex(.max)
        }
    }

    /// Goes on behind a snapshot that has arrived: first with a probe, and only after a sign of
    /// life, because the follower may still be installing it.
    mutating func snapshotArrived(at index: LogIndex) {
        precondition(state == .snapshot, "no snapshot was on its way")
        reset(to: .probe)
        next = max(match.next, index.next)
        isProbeSent = true
    }

    private mutating func reset(to state: State) {
        self.state = state
        isProbeSent = false
        isProbeRepeated = false
        isCheckWanted = false
        snapshotDue = nil
        snapshotIndex = nil
        isSnapshotAskedFor = false
        inflights.reset()
    }

    /// Checks the follower against a log that ends at `last`.
    func checkInvariants(last: LogIndex) {
        precondition(match < next, "next \(next.rawValue) at or before match \(match.rawValue)")
        precondition(next <= last.next, "next \(next.rawValue) past the end \(last.rawValue)")
        precondition(state == .replicate || inflights.count == 0, "inflights in \(state)")
        precondition(state == .snapshot || snapshotDue == nil, "snapshot due in \(state)")
        precondition(state == .snapshot || snapshotIndex == nil, "snapshot sent in \(state)")
        inflights.checkInvariants()
    }
}
