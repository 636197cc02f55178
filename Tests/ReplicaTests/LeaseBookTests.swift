import RaftCore
import Testing

@testable import Replica

private let second: UInt64 = 1_000_000_000
private func at(_ seconds: Double) -> SteadyTime {
    SteadyTime(nanoseconds: UInt64(seconds * 1e9))
}

@Suite("What a leader remembers of leases (docs/lease.md, rules 1, 2, 5 and 6)")
struct LeaseBookTests {
    private let n2 = NodeID(2)
    private let n3 = NodeID(3)

    /// A book whose inherited waits are over.
    private func settled() -> LeaseBook {
        LeaseBook(others: [n2, n3], inherited: .zero, now: at(0), options: LeaseOptions())
    }

    private func release(_ book: inout LeaseBook, _ index: UInt64, at moment: Double) -> UInt64 {
        book.release(committed: LogIndex(index), applied: LogIndex(index), now: at(moment))
        return book.released.rawValue
    }

    @Test("a lease is as much shorter as the quorum's answers are old (rule 2)")
    func age() {
        var book = settled()
        #expect(book.grant(to: n2, contact: at(10), now: at(10.5)) == 3 * second / 2)
        #expect(book.grant(to: n2, contact: at(10), now: at(12)) == 0)
        #expect(book.grant(to: NodeID(9), contact: at(10), now: at(10)) == 0, "a stranger")
    }

    @Test("a booking outlasts its lease by the bound on the clocks' rates (rule 1)")
    func booking() {
        var book = settled()
        _ = book.grant(to: n2, contact: at(10), now: at(10))
        #expect(book.droppable([n2]) == at(12.5))
        #expect(book.grant(to: n2, contact: at(9), now: at(10)) == second)
        #expect(book.droppable([n2]) == at(12.5), "a shorter one does not take it back")
    }

    @Test("what narrows waits for reports of all who may hold a lease (rule 5)")
    func reports() {
        var book = settled()
        _ = book.grant(to: n2, contact: at(10), now: at(10))
        _ = book.grant(to: n3, contact: at(10), now: at(10))
        book.append(narrowing: LogIndex(7))
        #expect(release(&book, 9, at: 10.1) == 0)
        book.reported(n2, applied: LogIndex(7), awaited: .zero)
        #expect(release(&book, 9, at: 10.1) == 0)
        book.reported(n3, applied: LogIndex(6), awaited: .zero)
        #expect(release(&book, 9, at: 10.1) == 6, "what is before it does not wait")
        book.reported(n3, applied: LogIndex(8), awaited: .zero)
        #expect(release(&book, 9, at: 10.1) == 9)
    }

    @Test("a holder that renews but does not catch up delays nothing for ever (rule 5)")
    func renewal() {
        var book = settled()
        _ = book.grant(to: n2, contact: at(10), now: at(10))
        book.append(narrowing: LogIndex(7))
        for step in 1...30 {
            let now = at(10 + Double(step) / 10)
            _ = book.grant(to: n2, contact: now, now: now)
        }
        #expect(release(&book, 9, at: 12.4) == 0)
        #expect(book.deadline(after: at(12.4)) == at(12.5))
        #expect(release(&book, 9, at: 12.5) == 9)
    }

    @Test("a new leader waits for the leases of leaders before it, or for reports (rule 6)")
    func inherited() {
        var book = LeaseBook(
            others: [n2, n3], inherited: LogIndex(4), now: at(100), options: LeaseOptions())
        book.append(narrowing: LogIndex(6))
        #expect(release(&book, 6, at: 102.4) == 0)
        var other = book
        #expect(release(&book, 6, at: 102.5) == 6)
        other.reported(n2, applied: LogIndex(6), awaited: .zero)
        other.reported(n3, applied: LogIndex(5), awaited: .zero)
        #expect(release(&other, 6, at: 100.1) == 5)
    }

    @Test("who lags and holds a later lease does not delay what came before that lease (rule 5)")
    func laggard() {
        var book = settled()
        // The waits for former leaders end at 2.5.
        book.append(narrowing: LogIndex(10))
        book.reported(n2, applied: LogIndex(10), awaited: .zero)
        book.reported(n3, applied: LogIndex(5), awaited: .zero)
        #expect(release(&book, 10, at: 1) == 5)
        #expect(book.grant(to: n3, contact: at(1), now: at(1)) > 0)
        book.append(narrowing: LogIndex(20))
        book.reported(n2, applied: LogIndex(20), awaited: .zero)
        #expect(release(&book, 20, at: 2.6) == 10)
        #expect(release(&book, 20, at: 3.4) == 10)
        #expect(release(&book, 20, at: 3.5) == 20)
    }

    @Test("nothing is acknowledged that the leader itself has not committed and applied (rule 5)")
    func own() {
        var book = LeaseBook(others: [], inherited: .zero, now: at(0), options: LeaseOptions())
        book.append(narrowing: LogIndex(3))
        book.release(committed: LogIndex(3), applied: LogIndex(2), now: at(1))
        #expect(book.released == LogIndex(2))
        book.release(committed: LogIndex(5), applied: LogIndex(4), now: at(1))
        #expect(book.released == LogIndex(4))
    }

    @Test("a member that is dropped still delays what was appended before (rule 7)")
    func dropped() {
        var book = settled()
        _ = book.grant(to: n3, contact: at(10), now: at(10))
        book.append(narrowing: LogIndex(7))
        book.update(others: [n2])
        book.reported(n2, applied: LogIndex(7), awaited: .zero)
        #expect(release(&book, 7, at: 12) == 0)
        #expect(release(&book, 7, at: 12.5) == 7)
    }

    @Test("who waits is named once what it waits for is released, and once only")
    func waiters() {
        var book = settled()
        _ = book.grant(to: n3, contact: at(10), now: at(10))
        book.append(narrowing: LogIndex(7))
        book.reported(n2, applied: LogIndex(7), awaited: LogIndex(7))
        #expect(release(&book, 7, at: 11) == 0)
        #expect(book.takeReleasedWaiters() == [])
        book.reported(n3, applied: LogIndex(7), awaited: .zero)
        #expect(release(&book, 7, at: 11) == 7)
        #expect(book.takeReleasedWaiters() == [n2])
        #expect(book.takeReleasedWaiters() == [])
    }

    @Test("who waits for more hears of what is released meanwhile")
    func stream() {
        var book = settled()
        _ = book.grant(to: n2, contact: at(10), now: at(10))
        _ = book.grant(to: n3, contact: at(10), now: at(10))
        for index in 1...50 as ClosedRange<UInt64> {
            book.append(narrowing: LogIndex(index + 1))
            book.reported(n2, applied: LogIndex(index), awaited: LogIndex(index + 1))
            book.reported(n3, applied: LogIndex(index), awaited: .zero)
            _ = book.grant(to: n2, contact: at(10), now: at(10))
            _ = book.grant(to: n3, contact: at(10), now: at(10))
            _ = release(&book, index + 1, at: 10)
            #expect(book.takeReleasedWaiters() == [n2])
        }
    }

    @Test("a member that is far behind gets no lease, and delays what narrows once only")
    func laterLease() {
        var book = settled()
        book.append(narrowing: LogIndex(7))
        _ = book.grant(to: n3, contact: at(10), now: at(10))
        book.append(narrowing: LogIndex(8))
        book.reported(n2, applied: LogIndex(8), awaited: .zero)
        _ = book.grant(to: n3, contact: at(12), now: at(12))
        #expect(release(&book, 8, at: 12.5) == 8)
        #expect(book.grant(to: n3, contact: at(12.5), now: at(12.5)) == 0)
        book.append(narrowing: LogIndex(9))
        book.reported(n2, applied: LogIndex(9), awaited: .zero)
        #expect(release(&book, 9, at: 14.5) == 9, "the lease of before is the last one")
        book.reported(n3, applied: LogIndex(9), awaited: .zero)
        #expect(book.grant(to: n3, contact: at(14.5), now: at(14.5)) > 0)
    }
}
