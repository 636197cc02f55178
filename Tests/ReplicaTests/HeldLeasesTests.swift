import RaftCore
import Testing

@testable import Replica

private func lease(_ index: UInt64, until end: UInt64) -> ReadLease {
    ReadLease(end: SteadyTime(nanoseconds: end), index: LogIndex(index))
}

@Suite("The leases that a member holds (docs/lease.md, rule 3)")
struct HeldLeasesTests {
    @Test("a newer grant that is not reached yet does not take away an older one")
    func older() {
        var held = HeldLeases()
        held.add(lease(5, until: 100))
        held.add(lease(9, until: 200))
        let now = SteadyTime(nanoseconds: 50)
        #expect(held.usable(at: LogIndex(5), now: now) == lease(5, until: 100))
        #expect(held.usable(at: LogIndex(9), now: now) == lease(9, until: 200))
        #expect(held.count == 1, "the older one is of no use any more")
    }

    @Test("under a stream of narrowing commands somebody who is a little behind keeps a lease")
    func stream() {
        var held = HeldLeases()
        for step in 0..<10_000 as Range<UInt64> {
            held.add(lease(step + 3, until: step + 66))
            if step >= 3 {
                let usable = held.usable(at: LogIndex(step), now: SteadyTime(nanoseconds: step))
                #expect(usable == lease(step, until: step + 63))
            }
        }
        #expect(held.count <= 4)
    }

    @Test("a lease ends with its end, and is forgotten")
    func ends() {
        var held = HeldLeases()
        held.add(lease(5, until: 100))
        #expect(held.usable(at: LogIndex(7), now: SteadyTime(nanoseconds: 99)) != nil)
        #expect(held.usable(at: LogIndex(7), now: SteadyTime(nanoseconds: 100)) == nil)
        #expect(held.count == 0)
    }

    @Test("a grant that is worth no more than another is not kept")
    func dominated() {
        var held = HeldLeases()
        held.add(lease(5, until: 100))
        held.add(lease(6, until: 100))
        held.add(lease(7, until: 90))
        #expect(held.count == 1)
        held.add(lease(4, until: 110))
        #expect(held.count == 1)
        #expect(
            held.usable(at: LogIndex(4), now: SteadyTime(nanoseconds: 1)) == lease(4, until: 110))
    }

    @Test("what is kept is bounded, and the one in use is not what goes")
    func bounded() {
        var held = HeldLeases()
        for step in 1...2_000 as ClosedRange<UInt64> { held.add(lease(step, until: 1_000 + step)) }
        #expect(held.count <= 256)
        #expect(
            held.usable(at: LogIndex(1), now: SteadyTime(nanoseconds: 1)) == lease(1, until: 1_001))
        #expect(
            held.usable(at: LogIndex(2_000), now: SteadyTime(nanoseconds: 1))
                == lease(2_000, until: 3_000))
    }
}
