import ByteCodec
import RaftCore
import Testing

@testable import Replica

/// Time in the log: monotone, and never faster or slower than it may be.
@Suite struct LeaderClockTests {
    private struct Clocks {
        var steady = SteadyTime(nanoseconds: 5_000_000_000)
        var wallNanoseconds: UInt64 = 1_700_000_000_000 * 1_000_000
        var now: ReplicaClocks {
            ReplicaClocks(
                steady: steady, wall: Timestamp(milliseconds: wallNanoseconds / 1_000_000))
        }
        mutating func pass(nanoseconds: UInt64) {
            steady = steady.advanced(nanoseconds: nanoseconds)
            wallNanoseconds += nanoseconds
        }
    }

    @Test(
        "a wall clock that is stepped back does not stop time in the log, however often it stamps",
        arguments: [
            (step: 86_400_000, pause: 7_000), (86_400_000, 999_999), (86_400_000, 1_900_000),
            (4_000, 7_000), (4_000, 300_000), (60_000, 50_000_000),
        ] as [(step: UInt64, pause: UInt64)])
    func steppedBack(step: UInt64, pause: UInt64) {
        var clocks = Clocks()
        var clock = LeaderClock(last: .zero, toleranceMilliseconds: 5_000)
        let first = clock.stamp(clocks.now)
        #expect(first == clocks.now.wall)
        clocks.wallNanoseconds -= step * 1_000_000
        var last = first
        var passed: UInt64 = 0
        while passed < 3_000_000_000 {
            clocks.pass(nanoseconds: pause)
            passed += pause
            let stamp = clock.stamp(clocks.now)
            #expect(stamp >= last)
            last = stamp
        }
        let moved = last.milliseconds(since: first)
        #expect(moved >= passed / 1_000_000 * 49 / 100, "\(moved) ms")
        #expect(moved <= passed / 1_000_000, "\(moved) ms")
    }

    @Test("a wall clock that is stepped back by seconds is met again, and then followed")
    func metAgain() {
        var clocks = Clocks()
        var clock = LeaderClock(last: .zero, toleranceMilliseconds: 5_000)
        _ = clock.stamp(clocks.now)
        clocks.wallNanoseconds -= 2_000_000_000
        for _ in 0..<50_000 {
            clocks.pass(nanoseconds: 100_000)
            _ = clock.stamp(clocks.now)
        }
        #expect(clock.last == clocks.now.wall)
    }

    @Test(
        "whatever the wall clock does, stamps go on between half and double speed, and 5 s",
        arguments: 1...40 as ClosedRange<UInt64>)
    func anyWallClock(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var clocks = Clocks()
        var clock = LeaderClock(last: .zero, toleranceMilliseconds: 5_000)
        var last = clock.stamp(clocks.now)
        let first = last
        var passed: UInt64 = 0
        for _ in 0..<2_000 {
            let pause =
                [500, 40_000, 900_000, 3_000_000, 700_000_000][
                    Int(random.next(below: 5))] as UInt64
            clocks.pass(nanoseconds: pause)
            passed += pause
            if random.chance(1, in: 50) {
                let size = random.next(below: 10_000_000) * 1_000_000
                if random.chance(1, in: 2) {
                    clocks.wallNanoseconds += size
                } else {
                    clocks.wallNanoseconds -= min(size, clocks.wallNanoseconds)
                }
            }
            let stamp = clock.stamp(clocks.now)
            #expect(stamp >= last, "seed \(seed)")
            #expect(
                stamp.milliseconds(since: last) <= 2 * pause / 1_000_000 + 5_002, "seed \(seed)")
            last = stamp
        }
        let moved = last.milliseconds(since: first)
        #expect(moved + 2 >= passed / 1_000_000 * 49 / 100, "seed \(seed): \(moved) ms")
    }
}
