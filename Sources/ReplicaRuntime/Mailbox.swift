import Dispatch
import Synchronization

/// What waits for one thread: many threads put in, one takes everything out at once.
///
/// Bounded: what exceeds the limit is refused, and the caller says so to whoever asked.
final class Mailbox<Item: Sendable>: Sendable {
    private struct Contents {
        var items: [Item] = []
        var isClosed = false
        /// The owner sleeps or is about to, and nobody has woken it yet.
        var isOwnerAsleep = false
        var wakeUps: UInt64 = 0

        /// Whether the owner is to be woken now. A signal that nobody waits for would be kept,
        /// and a busy owner would find all of them when it next has nothing to do.
        mutating func wakesOwner() -> Bool {
            guard isOwnerAsleep else { return false }
            isOwnerAsleep = false
            wakeUps += 1
            return true
        }
    }

    private let contents = Mutex(Contents())
    private let arrival = DispatchSemaphore(value: 0)
    private let limit: Int

    /// An empty mailbox that holds at most `limit` items.
    init(limit: Int) {
        precondition(limit > 0, "limit \(limit)")
        self.limit = limit
    }

    /// Puts an item behind the others, and wakes the owner if it may sleep.
    ///
    /// - Returns: whether it was taken; not when the mailbox is full or closed.
    @discardableResult
    func put(_ item: consuming sending Item, evenIfFull: Bool = false) -> Bool {
        let item = item
        let (taken, wake) = contents.withLock { contents in
            guard !contents.isClosed, evenIfFull || contents.items.count < limit else {
                return (false, false)
            }
            contents.items.append(item)
            return (true, contents.wakesOwner())
        }
        if wake { arrival.signal() }
        return taken
    }

    /// Takes no more items; those inside can still be taken out.
    func close() {
        let wake = contents.withLock { contents in
            contents.isClosed = true
            return contents.wakesOwner()
        }
        if wake { arrival.signal() }
    }

    /// How many items wait.
    var count: Int { contents.withLock { $0.items.count } }

    /// How often the owner was woken.
    var wakeUps: UInt64 { contents.withLock { $0.wakeUps } }

    /// Takes everything out, sleeping until there is something or the deadline has passed.
    ///
    /// Called by the owner alone.
    /// - Returns: the items in order, empty after the deadline; nil when closed and empty.
    func takeAll(until deadline: DispatchTime?) -> [Item]? {
        while true {
            let (items, closed) = contents.withLock { contents in
                let items = contents.items
                contents.items = []
                contents.isOwnerAsleep = items.isEmpty && !contents.isClosed
                return (items, contents.isClosed)
            }
            if !items.isEmpty { return items }
            if closed { return nil }
            if let deadline {
                guard arrival.wait(timeout: deadline) == .timedOut else { continue }
                contents.withLock { $0.isOwnerAsleep = false }
                return []
            } else {
                arrival.wait()
            }
        }
    }
}
