import RaftCore
import Replica

/// Three voters around the shipping lease code: what may happen to leases in two terms, with one
/// entry that narrows access. Everything but leases is as small as can be: votes, answers and
/// replication are single steps.
///
/// Node 0 leads term 1, node 1 may lead term 2, node 2 holds leases of both; the leaders hold their
/// own, also when they are deposed and do not know it. A tick moves each clock by its own rate.
/// Times are absolute inside, and states are compared by what is relative to each node's clock, so
/// the space closes by itself.
public struct LeaseModel {
    /// What is done wrong on purpose, to see that the exploration finds it.
    public enum Mistake: String, CaseIterable, Sendable {
        case none, noIndex, noWait, noRateBound, anyAge, fromReceipt, formerRun, atQuorum
        /// A lease serves what its leader has acknowledged, has committed, or was elected with.
        case acknowledgedIndex, committedIndex, electionIndex
        /// Booked by the clock as it was when heartbeats were sent.
        case cachedClock
        /// The holder's clock may stand still: past the promises, and no mistake in the code.
        case stillClock
        /// A view, or a look at the lease, from before the request.
        case oldView, oldVerdict
    }

    /// How the explored world is.
    public struct World: Sendable {
        /// How far each node's clock moves in a tick.
        public var rates: [UInt64]
        public var mistake: Mistake
        /// How often the holder restarts.
        public var restartsMax: UInt8
        /// Whether a second term may begin. In one term alone the stories get longer.
        public var isElecting: Bool

        public init(
            rates: [UInt64], mistake: Mistake = .none, restartsMax: UInt8 = 1,
            isElecting: Bool = true
        ) {
            self.rates = rates
            self.mistake = mistake
            self.restartsMax = restartsMax
            self.isElecting = isElecting
        }

        /// One unit of a clock, in nanoseconds; a lease lasts two.
        static let unit: UInt64 = 1_000_000

        var options: LeaseOptions {
            var options = LeaseOptions()
            options.milliseconds = 2
            options.clockRatePercent = mistake == .noRateBound ? 0 : 100
            return options
        }
    }

    struct Ask: Equatable { var reading: UInt64, incarnation: UInt8, applied: Bool }
    struct Grant: Equatable {
        var reading: UInt64, incarnation: UInt8, duration: UInt64, index: UInt64
    }
    /// A leadership, which its node may believe in after it is over.
    struct Leading: Equatable {
        var term: UInt8
        var book: LeaseBook
        var sentAt: UInt64?
        /// When the heartbeats were sent that each node has answered last.
        var answered: [UInt64?] = [nil, nil, nil]
        var isCommitKnown = false
        /// Whether it was elected with the entry.
        var isInherited = false
    }

    let world: World
    var clocks: [UInt64] = [20, 20, 20]
    var terms: [UInt8] = [1, 1, 1]
    /// The term of the entry in each log; 0: it is not there.
    var entries: [UInt8] = [0, 0, 0]
    var applied = [false, false, false]
    var committed: UInt8 = 0
    var leading: [Leading?] = [nil, nil, nil]
    var asks: [Ask?] = [nil, nil, nil]
    // On their way, in any order: at most two for each node.
    var grants: [[Grant]] = [[], [], []]
    var held = [HeldLeases(), HeldLeases(), HeldLeases()]
    var incarnations: [UInt8] = [0, 0, 0]
    var isAcknowledged = false
    /// Who had a lease in its present run.
    var wasLeased = [false, false, false]

    init(_ world: World) {
        self.world = world
        // No lease is out when the story begins, and the first leader has waited long.
        leading[0] = Leading(
            term: 1,
            book: LeaseBook(
                others: ids(besides: 0), inherited: .zero, now: SteadyTime(nanoseconds: 0),
                options: world.options))
    }

    private func id(_ node: Int) -> NodeID { NodeID(UInt64(node) + 1) }
    private func ids(besides node: Int) -> [NodeID] { (0..<3).filter { $0 != node }.map(id) }
    private func time(_ node: Int) -> SteadyTime {
        SteadyTime(nanoseconds: clocks[node] * World.unit)
    }
    private func lease(of node: Int) -> ReadLease? {
        var held = held[node]
        return held.usable(at: LogIndex(applied[node] ? 1 : 0), now: time(node))
    }
    private func index(_ leader: Int) -> LogIndex {
        guard let now = leading[leader], entries[leader] != 0 else { return .zero }
        let isReleased = now.book.released >= LogIndex(1)
        let isNamed =
            switch world.mistake {
            case .noIndex: false
            case .acknowledgedIndex: isReleased
            case .committedIndex: now.isCommitKnown
            case .electionIndex: isReleased || now.isInherited
            default: true
            }
        return LogIndex(isNamed ? 1 : 0)
    }

    /// Whether somebody could say *allow* by a view without the entry, after its acknowledgement.
    var isBroken: Bool {
        guard isAcknowledged else { return false }
        return (0..<3).contains { node in
            switch world.mistake {
            // A view of before the entry is as old as the world.
            case .oldView: lease(of: node)?.index == .zero
            case .oldVerdict: !applied[node] && wasLeased[node]
            default: !applied[node] && lease(of: node) != nil
            }
        }
    }

    /// Whether anybody could say *allow* now.
    var isAnyLeased: Bool { (0..<3).contains { lease(of: $0) != nil } }

    /// Everything that can happen next.
    func successors() -> [LeaseModel] {
        var all: [LeaseModel] = []
        func step(_ change: (inout LeaseModel) -> Void) {
            var next = self
            change(&next)
            next.noteLeases()
            all.append(next)
        }
        step { $0.tick() }
        if world.mistake == .stillClock { step { $0.tick(standing: 2) } }
        for node in 0..<3 {
            if committed != 0, entries[node] == committed, !applied[node] {
                step { $0.applied[node] = true }
            }
            for position in grants[node].indices { step { $0.takeGrant(position, by: node) } }
        }
        if incarnations[2] < world.restartsMax { step { $0.restart(2) } }
        if asks[2] == nil { step { $0.ask(2) } }
        if world.isElecting, terms[1] == 1 {
            for voter in [0, 2] where entries[1] >= entries[voter] {
                step { $0.elect(1, by: voter) }
            }
        }
        for leader in 0..<3 {
            guard let now = leading[leader], terms[leader] == now.term else { continue }
            if now.sentAt != clocks[leader] {
                step { $0.leading[leader]?.sentAt = $0.clocks[leader] }
            }
            if entries[leader] == 0 {
                step {
                    $0.entries[leader] = now.term
                    $0.leading[leader]?.book.append(narrowing: LogIndex(1))
                }
            }
            for other in 0..<3 where other != leader && terms[other] <= now.term {
                if let sentAt = now.sentAt, now.answered[other] != sentAt {
                    step {
                        $0.terms[other] = now.term
                        $0.leading[leader]?.answered[other] = sentAt
                    }
                }
                if entries[other] != entries[leader] { step { $0.replicate(leader, to: other) } }
                if asks[other] != nil, terms[other] == now.term {
                    step { $0.grant(by: leader, to: other) }
                }
            }
            step { $0.keepOwnLease(leader) }
            step { $0.release(leader) }
        }
        return all
    }

    private mutating func tick(standing: Int? = nil) {
        for node in 0..<3 where node != standing { clocks[node] += world.rates[node] }
    }

    /// What only a look from before the request goes by.
    private mutating func noteLeases() {
        guard world.mistake == .oldVerdict else { return }
        for node in 0..<3 where lease(of: node) != nil { wasLeased[node] = true }
    }

    private mutating func restart(_ node: Int) {
        incarnations[node] += 1
        held[node] = HeldLeases()
        wasLeased[node] = false
        // The store may have lost its last commit (docs/formats/state.md).
        applied[node] = false
        leading[node] = nil
    }

    private mutating func elect(_ node: Int, by voter: Int) {
        terms[node] = 2
        terms[voter] = 2
        leading[voter] = nil
        let now = world.mistake == .noWait ? SteadyTime(nanoseconds: 0) : time(node)
        leading[node] = Leading(
            term: 2,
            book: LeaseBook(
                others: ids(besides: node), inherited: LogIndex(entries[node] == 0 ? 0 : 1),
                now: now, options: world.options),
            isInherited: entries[node] != 0)
    }

    private mutating func replicate(_ leader: Int, to other: Int) {
        terms[other] = terms[leader]
        if leading[other] != nil, other != leader { leading[other] = nil }
        entries[other] = entries[leader]
        if entries[leader] == 0 { applied[other] = false }
        // An entry of an older term is committed by one of the present term behind it, which is
        // not modelled as a step of its own.
        if entries[leader] != 0, entries.count(where: { $0 == entries[leader] }) >= 2 {
            committed = entries[leader]
            leading[leader]?.isCommitKnown = true
        }
    }

    private mutating func ask(_ node: Int) {
        asks[node] = Ask(
            reading: clocks[node], incarnation: incarnations[node], applied: applied[node])
    }

    private func contact(_ leader: Int) -> SteadyTime? {
        if world.mistake == .anyAge { return time(leader) }
        // With itself, one answer is a quorum.
        return leading[leader]?.answered.compactMap { $0 }.max()
            .map { SteadyTime(nanoseconds: $0 * World.unit) }
    }

    private func bookingTime(_ leader: Int) -> SteadyTime {
        guard world.mistake == .cachedClock, let sentAt = leading[leader]?.sentAt else {
            return time(leader)
        }
        return SteadyTime(nanoseconds: sentAt * World.unit)
    }

    private mutating func grant(by leader: Int, to node: Int) {
        guard let ask = asks[node], var leadership = leading[leader] else { return }
        asks[node] = nil
        leadership.book.reported(
            id(node), applied: LogIndex(ask.applied ? 1 : 0), awaited: .zero)
        let duration = contact(leader).map {
            leadership.book.grant(to: id(node), contact: $0, now: bookingTime(leader))
        }
        leading[leader] = leadership
        guard let duration, duration > 0 else { return }
        if grants[node].count == 2 { grants[node].removeFirst() }
        grants[node].append(
            Grant(
                reading: ask.reading, incarnation: ask.incarnation,
                duration: duration / World.unit, index: index(leader).rawValue))
    }

    private mutating func takeGrant(_ position: Int, by node: Int) {
        let grant = grants[node].remove(at: position)
        let isOwn = grant.incarnation == incarnations[node] || world.mistake == .formerRun
        guard isOwn else { return }
        let begin = world.mistake == .fromReceipt ? clocks[node] : grant.reading
        let end = SteadyTime(nanoseconds: (begin + grant.duration) * World.unit)
        held[node].add(ReadLease(end: end, index: LogIndex(grant.index)))
    }

    private mutating func keepOwnLease(_ leader: Int) {
        guard let contact = contact(leader) else { return }
        let end = contact.advanced(nanoseconds: world.options.milliseconds * World.unit)
        guard end > time(leader) else { return }
        held[leader].add(ReadLease(end: end, index: index(leader)))
    }

    private mutating func release(_ leader: Int) {
        guard var now = leading[leader], now.isCommitKnown else { return }
        now.book.release(
            committed: LogIndex(1), applied: LogIndex(applied[leader] ? 1 : 0), now: time(leader))
        let isReleased = now.book.released >= LogIndex(1) || world.mistake == .atQuorum
        if isReleased, entries[leader] == committed { isAcknowledged = true }
        leading[leader] = now
    }
}

extension LeaseModel {
    /// The state without what does not matter: times relative to their clock, those that are over
    /// as if they had never been.
    var key: [UInt8] {
        var key: [UInt8] = []
        for node in 0..<3 {
            func until(_ time: SteadyTime) -> UInt8 {
                let units = time.nanoseconds / World.unit
                return units > clocks[node] ? UInt8(units - clocks[node]) : 0
            }
            func since(_ units: UInt64?) -> UInt8 {
                units.map { UInt8(min(8, clocks[node] - $0)) } ?? 9
            }
            key += [terms[node], entries[node], applied[node] ? 1 : 0, incarnations[node]]
            key +=
                asks[node].map {
                    [since($0.reading), $0.incarnation, $0.applied ? 1 : 0]
                } ?? [99]
            for grant in grants[node] {
                key += [
                    since(grant.reading), grant.incarnation, UInt8(grant.duration),
                    UInt8(grant.index),
                ]
            }
            key.append(99)
            for lease in held[node].leases where until(lease.end) > 0 {
                key += [until(lease.end), UInt8(lease.index.rawValue)]
            }
            key.append(98)
            guard let now = leading[node] else {
                key.append(97)
                continue
            }
            key += [now.term, now.isCommitKnown ? 1 : 0, since(now.sentAt)]
            key += now.answered.map(since)
            for member in now.book.members {
                key += [until(member.bookedUntil), UInt8(member.applied.rawValue)]
            }
            for group in now.book.groups { key += group.ends.map { until($0.end) } }
            key += [96, UInt8(now.book.released.rawValue), now.book.isChanged ? 1 : 0]
        }
        key += [committed, isAcknowledged ? 1 : 0]
        switch world.mistake {
        case .electionIndex: key += leading.map { $0?.isInherited == true ? 1 : 0 }
        case .oldVerdict: key += wasLeased.map { $0 ? 1 : 0 }
        default: break
        }
        return key
    }
}
