import ByteCodec
import RaftCore

// Changing who belongs to the cluster (dissertation §4; docs/lease.md, rule 7).

extension Replica {
    /// Who waits for a change of members to end.
    struct ChangeWaiter: Sendable {
        let ticket: Ticket
        let step: MembershipStep
        let deadline: SteadyTime
    }

    /// Changes that are waited for. One is under way at a time; others ended and are not applied
    /// here yet, or will never.
    private static let changesMax = 16

    /// An operator wants other members.
    mutating func changeMembers(
        _ ticket: Ticket, _ change: MembershipChange, deadline: SteadyTime
    ) {
        guard changes.count < Self.changesMax else {
            return actions.append(.completeChange(ticket, .refused(.changeUnderWay)))
        }
        // It waited too long to be heard: nobody waits for it any more.
        guard deadline > now.steady else {
            return actions.append(.completeChange(ticket, .unknown))
        }
        if Planted.droppedWithoutLeaving.isOn, isBooked(change) {
            return actions.append(.completeChange(ticket, .refused(.changeUnderWay)))
        }
        do {
            let step = try core.change(change, now: now.steady)
            changes.append(ChangeWaiter(ticket: ticket, step: step, deadline: deadline))
        } catch {
            actions.append(.completeChange(ticket, .refused(error)))
        }
    }

    /// The planted defect waits for bookings, and for nothing else.
    private func isBooked(_ change: MembershipChange) -> Bool {
        guard case .remove(let nodes) = change, let book = lease.book?.entries else { return false }
        let others = nodes.filter { node in book.members.contains { $0.id == node } }
        return now.steady < book.droppable(others)
    }

    /// Lets the core drop who leaves, once no lease of theirs can be in use. Returns whether it
    /// has something to say by that.
    mutating func permitDropping() -> Bool {
        guard let end = leavingEnd, now.steady >= end else { return false }
        core.permitDropping()
        return true
    }

    /// From when on those who leave may be dropped (rule 7); nil when nobody waits for that.
    private var leavingEnd: SteadyTime? {
        // The book first: it is asked at every turn, and few nodes have one.
        guard let book = lease.book, let leaving = core.awaitingPermission,
            book.term == core.term
        else { return nil }
        if Planted.droppedWhileLeased.isOn { return .zero }
        let others = book.entries.droppable(leaving.filter { $0 != id })
        // The leader's own lease is not booked: it acknowledges nothing that it has not applied.
        // But the next leader does not know this node any more.
        guard leaving.contains(id), let own = lease.held.end else { return others }
        return max(others, own)
    }

    /// Answers who waits for a change that has come to its end here.
    mutating func settleChanges() {
        guard !changes.isEmpty else { return }
        let waiters = changes
        changes.removeAll()
        for waiter in waiters {
            if let end = ending(of: waiter.step) {
                actions.append(.completeChange(waiter.ticket, end))
            } else if waiter.deadline <= now.steady {
                actions.append(.completeChange(waiter.ticket, .unknown))
            } else {
                changes.append(waiter)
            }
        }
    }

    /// How a change has ended, by what is applied here; nil as long as that cannot be said. It goes
    /// on under whoever leads, so what matters is the log alone.
    private func ending(of step: MembershipStep) -> MembershipCompletion? {
        guard visible >= step.entry.index, let applied = core.configuration(at: visible) else {
            return nil
        }
        if applied.configuration == step.final {
            return .done(applied.configuration, at: applied.index)
        }
        // It is committed, and goes on.
        if applied.configuration.isJoint, applied.configuration.left == step.final { return nil }
        guard let term = core.term(at: step.entry.index) else { return .unknown }
        // Another leader's entry has its place; or it has ended, and another change was begun.
        return term == step.entry.term
            ? .done(step.final, at: applied.index) : .replaced
    }

    /// When a change of members gives this node something to do.
    var changeDeadline: SteadyTime? {
        let due = leavingEnd
        guard let first = changes.map(\.deadline).min() else { return due }
        return min(first, due ?? first)
    }
}
