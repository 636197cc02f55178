internal import ByteCodec
public import RaftCore

/// What a leader remembers of the leases that are out, to know when what narrows access may be
/// acknowledged (docs/lease.md, rules 1, 5 and 6). Lives as long as the leadership.
public struct LeaseBook: Equatable, Sendable {
    /// What is known of one member other than the leader.
    package struct Member: Equatable, Sendable {
        package let id: NodeID
        /// When every lease of it, whoever granted it, has ended, by the leader's clock.
        package var bookedUntil: SteadyTime
        /// It has reported that its views show this.
        package var applied: LogIndex = .zero
        /// What somebody there waits for; zero when nobody does.
        var awaited: LogIndex = .zero
        /// What it was last told to be released.
        var told: LogIndex = .zero
    }

    /// Narrowing commands that were appended while the same leases were out.
    package struct Group: Equatable, Sendable {
        /// The last of them.
        var last: LogIndex
        /// When the leases that were out had all ended, for each member.
        package let ends: [(id: NodeID, end: SteadyTime)]

        package static func == (a: Group, b: Group) -> Bool {
            a.last == b.last && a.ends.map(\.id) == b.ends.map(\.id)
                && a.ends.map(\.end) == b.ends.map(\.end)
        }
    }

    private let options: LeaseOptions
    /// When every lease of former leaders has ended (rule 6).
    private let waitEnd: SteadyTime
    package private(set) var members: [Member]
    package private(set) var groups: [Group] = []
    /// Whether a booking changed since the last group began.
    package private(set) var isChanged = true
    /// The newest narrowing command that was released.
    private var releasedNarrowing: LogIndex = .zero
    /// Everything up to and with this index may be acknowledged. Never goes back.
    public private(set) var released: LogIndex = .zero

    /// The book of a new leader, who knows nothing of what former leaders granted (rule 6).
    ///
    /// - Parameters:
    ///   - others: everybody whom its configuration names, but itself.
    ///   - inherited: the last narrowing command in its log; zero if there can be none that is not
    ///     applied everywhere.
    ///   - now: a reading made after it had received the vote that elected it.
    public init(
        others: [NodeID], inherited: LogIndex, now: SteadyTime, options: LeaseOptions
    ) {
        self.options = options
        let wait =
            Planted.leaderWithoutLeaseWait.isOn
            ? 0 : options.wait(forNanoseconds: options.nanoseconds)
        let end = now.advanced(nanoseconds: wait)
        waitEnd = end
        members = others.map { Member(id: $0, bookedUntil: end) }
        if inherited > .zero { append(narrowing: inherited) }
    }

    /// The members are these now. Who is new held no lease of a leader before (rule 7).
    public mutating func update(others: [NodeID]) {
        guard !others.elementsEqual(members.lazy.map(\.id)) else { return }
        members = others.map { id in
            members.first { $0.id == id } ?? Member(id: id, bookedUntil: .zero)
        }
        isChanged = true
    }

    /// A narrowing command was appended: the leases that are out now delay it, later ones do not,
    /// because they serve only views that show it (rule 5).
    public mutating func append(narrowing index: LogIndex) {
        precondition(groups.last.map { $0.last < index } ?? true, "out of order")
        if !isChanged, !groups.isEmpty {
            groups[groups.count - 1].last = index
            return
        }
        isChanged = false
        groups.append(Group(last: index, ends: members.map { ($0.id, $0.bookedUntil) }))
    }

    /// A member reports how far its views reach, and what somebody there waits for. Reports only
    /// raise what is known, so they may be late, repeated, or from before a restart (rule 5).
    public mutating func reported(_ id: NodeID, applied: LogIndex, awaited: LogIndex) {
        guard let position = members.firstIndex(where: { $0.id == id }) else { return }
        members[position].applied = max(members[position].applied, applied)
        members[position].awaited = max(members[position].awaited, awaited)
    }

    /// Books a lease and says how long it is (rules 1 and 2); 0: there is none.
    ///
    /// A member that has not applied what was released long ago gets none: it could not use it, and
    /// its booking would delay everything that narrows access until it has caught up.
    ///
    /// - Parameters:
    ///   - contact: a moment before the heartbeats left that a quorum has answered.
    ///   - now: a reading made after the member's request had arrived.
    public mutating func grant(
        to id: NodeID, contact: SteadyTime, now: SteadyTime
    ) -> UInt64 {
        let age = Planted.leaseOfAnyAge.isOn ? 0 : now.nanoseconds(since: contact)
        guard age < options.nanoseconds,
            let position = members.firstIndex(where: { $0.id == id }),
            members[position].applied >= releasedNarrowing
        else { return 0 }
        let duration = options.nanoseconds - age
        let end = now.advanced(nanoseconds: options.wait(forNanoseconds: duration))
        if end > members[position].bookedUntil {
            members[position].bookedUntil = end
            isChanged = true
        }
        return duration
    }

    /// Finds out what may be acknowledged (rule 5).
    ///
    /// - Parameters:
    ///   - committed: the leader's commit index.
    ///   - applied: what the leader's own views show.
    public mutating func release(committed: LogIndex, applied: LogIndex, now: SteadyTime) {
        var limit = min(committed, applied)
        var done = 0
        for group in groups {
            let reached = self.reached(group, now: now)
            guard reached >= group.last else {
                // Who holds a later lease does not delay what came before it: that lease serves
                // only views that show it.
                limit = min(limit, max(reached, releasedNarrowing))
                break
            }
            guard limit >= group.last else { break }
            releasedNarrowing = group.last
            done += 1
        }
        groups.removeFirst(done)
        released = max(released, limit)
    }

    /// What all who may hold a lease from before the group have reported.
    private func reached(_ group: Group, now: SteadyTime) -> LogIndex {
        if Planted.acknowledgedAtQuorum.isOn { return group.last }
        return group.ends.reduce(group.last) { least, holder in
            guard now < delayEnd(of: holder.id, noted: holder.end) else { return least }
            let applied = members.first { $0.id == holder.id }?.applied ?? .zero
            return min(least, applied)
        }
    }

    /// Until when the leases of a member delay a group that has noted their end.
    private func delayEnd(of id: NodeID, noted end: SteadyTime) -> SteadyTime {
        guard Planted.bookingNotFrozen.isOn || Planted.leaseIndexAtElection.isOn else {
            return end
        }
        return members.first { $0.id == id }?.bookedUntil ?? end
    }

    /// The index of a lease (rule 3): the last narrowing entry of the leader's log, which is given.
    ///
    /// - Parameters:
    ///   - committed: the leader's commit index, for a planted defect.
    ///   - begun: the entry with which its term began, for another.
    func index(lastNarrowing: LogIndex, committed: LogIndex, begun: LogIndex) -> LogIndex {
        if Planted.leaseWithoutIndex.isOn { return .zero }
        if Planted.leaseIndexAcknowledged.isOn { return min(lastNarrowing, released) }
        if Planted.leaseIndexCommitted.isOn { return min(lastNarrowing, committed) }
        if Planted.leaseIndexAtElection.isOn { return min(lastNarrowing, max(begun, released)) }
        return lastNarrowing
    }

    /// When time alone may release more, after `now`.
    public func deadline(after now: SteadyTime) -> SteadyTime? {
        groups.first.flatMap { group in group.ends.map(\.end).filter { $0 > now }.min() }
    }

    /// Members at whom somebody waits, and for whom more is released than they were told.
    public mutating func takeReleasedWaiters() -> [NodeID] {
        var ids: [NodeID] = []
        for position in members.indices
        where members[position].awaited > members[position].told
            && released > members[position].told
        {
            members[position].told = released
            ids.append(members[position].id)
        }
        return ids
    }

    /// From when on these may be dropped: the wait for former leaders' leases is over, and every
    /// lease that they were granted has ended (rule 7). Meanwhile they must be granted none.
    public func droppable(_ ids: [NodeID]) -> SteadyTime {
        ids.reduce(Planted.droppedOnOwnBookings.isOn ? .zero : waitEnd) { end, id in
            guard let member = members.first(where: { $0.id == id }) else {
                preconditionFailure("\(id) leaves, and is no member")
            }
            // Who was granted nothing here is booked until the wait is over.
            if Planted.droppedOnOwnBookings.isOn, member.bookedUntil == waitEnd { return end }
            return max(end, member.bookedUntil)
        }
    }
}
