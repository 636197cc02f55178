/// What came of one world.
public struct SimulationReport: Sendable {
    public let seed: UInt64
    public let options: SwarmOptions
    /// The first broken promise.
    public let violation: Violation?
    public let counters: WorldCounters
    public let downtimes: Downtimes
    /// Over everything that happened.
    public let trace: TraceHash
    /// How long the world lasted, in its own time.
    public let microseconds: UInt64

    /// Whether so little happened that the run proves nothing.
    public var isVacuous: Bool {
        violation == nil
            && (counters[.writesAcknowledged] < 10 || counters[.elections] == 0
                || counters[.syncs] == 0 || counters[.comparisons] == 0)
    }
}

/// Runs worlds.
public enum Simulation {
    /// Runs the world of a seed.
    ///
    /// - Parameter tell: called with one line for each thing worth telling.
    public static func run(
        seed: UInt64, options: SwarmOptions, tell: ((String) -> Void)? = nil
    ) -> SimulationReport {
        World(seed: seed, options: options, tell: tell).run()
    }
}
