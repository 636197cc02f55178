public import RaftCore
internal import Replica
internal import Synchronization

/// The read lease of this node, where every thread that answers can look at it.
public final class PublishedLease: Sendable {
    // Both halves change together: the end of one lease with the index of another would be a lease
    // that nobody granted.
    private let words = Atomic(WordPair(first: 0, second: 0))
    private let clock: NodeClock

    init(clock: NodeClock) { self.clock = clock }

    /// Puts a lease in the place of the one before; nil: there is none.
    func publish(_ lease: ReadLease?) {
        let end = lease?.end.nanoseconds ?? 0
        let index = lease?.index.rawValue ?? .max
        words.store(WordPair(first: UInt(end), second: UInt(index)), ordering: .releasing)
    }

    /// For how long it still holds, in seconds; 0: there is none.
    public var remainingSeconds: Double {
        let end = UInt64(words.load(ordering: .acquiring).first)
        return Double(SteadyTime(nanoseconds: end).nanoseconds(since: clock.steady)) / 1e9
    }

    /// Whether an *allow* that was decided on a view of this applied index may be answered. To be
    /// asked after view and decision, which come after the request (docs/lease.md, rule 4): the
    /// clock is read here and now.
    public func admitsAllow(viewedAt index: LogIndex) -> Bool {
        let lease = words.load(ordering: .acquiring)
        return index.rawValue >= UInt64(lease.second)
            && clock.steady.nanoseconds < UInt64(lease.first)
    }
}
