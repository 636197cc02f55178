import SimulationKit

/// Explores the shipping lease code: as it is, where nothing may be found, and with each mistake,
/// where something must be.
struct LeaseHunt {
    private let arguments: Arguments

    init(_ arguments: Arguments) { self.arguments = arguments }

    /// Whose clock is fast: the first leader's, the second one's, the holder's, or two of them.
    private static let rates: [[UInt64]] = [
        [2, 1, 1], [1, 2, 1], [1, 1, 2], [1, 2, 2], [2, 2, 1],
    ]

    /// Returns the exit code.
    func run() -> Int32 {
        var failures = 0
        for rates in Self.rates {
            for (restarts, isElecting) in [(0, true), (1, true), (1, false)] {
                let found = LeaseExploration(
                    .init(rates: rates, restartsMax: UInt8(restarts), isElecting: isElecting),
                    statesMax: arguments.states)
                let isGood = !found.isBroken && found.leasedAfterwards > 0
                if !isGood { failures += 1 }
                print(
                    "\(isGood ? "holds" : "BROKEN") clocks \(rates), \(restarts) restarts, "
                        + "\(isElecting ? "two terms" : "one term"): \(found.states) states, "
                        + "\(found.depth) steps deep" + (found.isComplete ? ", complete" : ""))
            }
        }
        for mistake in LeaseModel.Mistake.allCases where mistake != .none {
            if !find(mistake) { failures += 1 }
        }
        print(failures == 0 ? "the leases hold, every mistake was found" : "\(failures) FAILED")
        return failures == 0 ? 0 : 1
    }

    private func find(_ mistake: LeaseModel.Mistake) -> Bool {
        for rates in Self.rates {
            for isElecting in [true, false] {
                let found = LeaseExploration(
                    .init(rates: rates, mistake: mistake, isElecting: isElecting),
                    statesMax: arguments.states)
                guard found.isBroken else { continue }
                print(
                    "found  \(mistake.rawValue): clocks \(rates), "
                        + "\(isElecting ? "two terms" : "one term"), after \(found.states) "
                        + "states, \(found.depth + 1) steps")
                return true
            }
        }
        print("MISSED \(mistake.rawValue)")
        return false
    }
}
