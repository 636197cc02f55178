import SimulationKit

/// Explores the shipping lease code: as it is, where nothing may be found, and with each mistake,
/// where something must be. Each exploration has a process of its own.
struct LeaseHunt {
    private let arguments: Arguments

    init(_ arguments: Arguments) { self.arguments = arguments }

    /// Whose clock is fast: the first leader's, the second one's, the holder's, or two of them.
    private static let rates: [[UInt64]] = [
        [2, 1, 1], [1, 2, 1], [1, 1, 2], [1, 2, 2], [2, 2, 1],
    ]

    /// Every world: with and without a restart in two terms, and one term, in which stories are
    /// longer.
    private static let worlds: [LeaseModel.World] = rates.flatMap { rates in
        [(0, true), (1, true), (1, false)].map { restarts, isElecting in
            .init(rates: rates, restartsMax: UInt8(restarts), isElecting: isElecting)
        }
    }

    /// Returns the exit code.
    func run() throws -> Int32 {
        if let mistake = arguments.mistake { return try lookFor(mistake) }
        if let world = arguments.world { return try explore(world) }
        // The long ones first, so that nobody waits for the last.
        var lists = Self.worlds.indices.map { ["--world", "\($0)"] }
        lists += LeaseModel.Mistake.allCases.filter { $0 != .none }
            .map { ["--mistake", $0.rawValue] }
        let outcomes = try Child.runAll(
            lists.map { ["explore", "--states", "\(arguments.states)"] + $0 },
            jobs: arguments.jobs)
        var failures = 0
        for outcome in outcomes {
            print(outcome.output, terminator: "")
            if outcome.code != 0 || outcome.hasTrapped { failures += 1 }
        }
        print(failures == 0 ? "the leases hold, every mistake was found" : "\(failures) FAILED")
        return failures == 0 ? 0 : 1
    }

    private func explore(_ number: Int) throws -> Int32 {
        let world = try world(number)
        let found = LeaseExploration(world, statesMax: arguments.states)
        let isGood = !found.isBroken && found.leasedAfterwards > 0
        print(
            "\(isGood ? "holds" : "BROKEN") \(told(world)): \(found.states) states, "
                + "\(found.depth) steps deep" + (found.isComplete ? ", complete" : ""))
        return isGood ? 0 : 1
    }

    private func lookFor(_ name: String) throws -> Int32 {
        guard let mistake = LeaseModel.Mistake(rawValue: name) else {
            throw Arguments.Failure(message: "no mistake \(name)")
        }
        var world = try world(arguments.world ?? Self.soonest(mistake))
        world.mistake = mistake
        let found = LeaseExploration(world, statesMax: arguments.states)
        print(
            found.isBroken
                ? "found  \(name): \(told(world)), after \(found.states) states, "
                    + "\(found.depth + 1) steps"
                : "MISSED \(name): \(told(world)), in \(found.states) states")
        return found.isBroken ? 0 : 1
    }

    private func world(_ number: Int) throws -> LeaseModel.World {
        guard Self.worlds.indices.contains(number) else {
            throw Arguments.Failure(message: "--world takes 0 to \(Self.worlds.count - 1)")
        }
        return Self.worlds[number]
    }

    /// The number of the world that shows a mistake after the fewest states.
    private static func soonest(_ mistake: LeaseModel.Mistake) -> Int {
        switch mistake {
        case .none, .noIndex, .noRateBound, .fromReceipt, .formerRun, .atQuorum,
            .acknowledgedIndex, .committedIndex, .electionIndex, .cachedClock, .stillClock,
            .oldView, .oldVerdict:
            2
        case .noWait, .anyAge: 13
        }
    }

    private func told(_ world: LeaseModel.World) -> String {
        "clocks \(world.rates), \(world.restartsMax) restarts, "
            + (world.isElecting ? "two terms" : "one term")
    }
}
