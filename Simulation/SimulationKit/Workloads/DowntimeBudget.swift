import RaftCore

/// How long writes may stand still after a fault of one kind, when nothing else goes wrong: on a
/// local network, under a steady load of many clients.
public struct DowntimeBudget: Sendable {
    /// The kind of fault, for people.
    public let name: String
    /// The longest gap of at least half of the faults, in microseconds.
    public let medianMax: UInt64
    /// The longest gap of any, in microseconds.
    public let gapMax: UInt64
    /// Whether the leader must be the same afterwards.
    public let keepsLeader: Bool
    let fault: Fault

    init(
        _ name: String, medianMilliseconds: UInt64, gapMilliseconds: UInt64,
        keepsLeader: Bool = false, _ fault: Fault
    ) {
        self.name = name
        medianMax = medianMilliseconds * 1_000
        gapMax = gapMilliseconds * 1_000
        self.keepsLeader = keepsLeader
        self.fault = fault
    }

    /// What faults of one kind cost.
    public struct Outcome: Sendable {
        public let report: SimulationReport
        /// The longest time without an acknowledged write after each, in microseconds.
        public let gaps: [UInt64]
        public let elections: UInt64
    }

    private static let second: UInt64 = 1_000_000
    /// So many faults in a run, so far apart, the first one so late, in microseconds.
    public static let faults: UInt64 = 4
    private static let every = 5 * second
    private static let first = 3 * second

    /// One for each class of fault of which there is something to promise. The limits follow from
    /// `RaftOptions`, and hold on a network of 0.3 ms and disks of half a millisecond; measured was
    /// half to three quarters of them (docs/simulator.md).
    ///
    /// - A process that ends or stops is *closed* to its peers: up to 20 ms of jitter, two rounds
    ///   of votes, and the clients that ask anew. Half of all within 60 ms; once more the 60 to 120
    ///   ms of a campaign that nobody wins: 150 ms.
    /// - A machine that is *silent* is missed after 120 to 240 ms since its last heartbeat: half of
    ///   all, by whoever of the two is first, within 240 ms; with a campaign in vain 400 ms.
    /// - A hand-over waits for nobody's silence: one message and one round of votes, behind what is
    ///   under way on two disks.
    /// - A follower's end is nobody's loss: what is a gap then is one between two writes, of which
    ///   there are fewer while many clients wait for its lease to end.
    public static let all: [DowntimeBudget] = [
        DowntimeBudget(
            "kill -9 of the leader", medianMilliseconds: 60, gapMilliseconds: 150,
            .kill(.leader(or: 0), restartAfter: 2 * second, inWrite: false)),
        DowntimeBudget(
            "kill -9 of the leader in a write", medianMilliseconds: 60, gapMilliseconds: 150,
            .kill(.leader(or: 0), restartAfter: 2 * second, inWrite: true)),
        DowntimeBudget(
            "power loss of the leader", medianMilliseconds: 240, gapMilliseconds: 400,
            .powerLoss(.leader(or: 0), restartAfter: 2 * second, inWrite: false)),
        DowntimeBudget(
            "orderly stop of the leader", medianMilliseconds: 60, gapMilliseconds: 150,
            .stop(.leader(or: 0), restartAfter: 2 * second)),
        DowntimeBudget(
            "pause of the leader", medianMilliseconds: 240, gapMilliseconds: 400,
            .pause(.leader(or: 0), lasting: 2 * second)),
        DowntimeBudget(
            "isolation of the leader", medianMilliseconds: 240, gapMilliseconds: 400,
            .cut(.isolate(.leader(or: 0)), lasting: 2 * second)),
        DowntimeBudget(
            "hand-over of leadership", medianMilliseconds: 40, gapMilliseconds: 100,
            .transfer(.leader(or: 0), to: nil)),
        DowntimeBudget(
            "kill -9 of a follower", medianMilliseconds: 50, gapMilliseconds: 100,
            keepsLeader: true,
            .kill(.follower(0), restartAfter: 2 * second, inWrite: false)),
        DowntimeBudget(
            "slow disk of a follower", medianMilliseconds: 50, gapMilliseconds: 100,
            keepsLeader: true,
            .slowDisk(.follower(0), extra: 200_000, lasting: 2 * second)),
    ]

    /// Lets such faults happen.
    public func run(seed: UInt64, faults count: UInt64 = Self.faults) -> Outcome {
        var options = SwarmOptions()
        options.seconds = (Self.first + count * Self.every) / Self.second
        options.clients = 200
        options.thinkTime = UInt64(options.clients) * Self.second / 500
        options.readShare = 0
        options.retryShare = 256
        let faults = (0..<count).map {
            PlannedFault(at: Self.first + $0 * Self.every, fault: fault)
        }
        let world = World(
            Plan(seed: seed, options: options, faults: faults, workload: .drawn))
        world.measurements = Measurements()
        let report = world.run()
        let writes = OperationFigures(world.measurements?.writes ?? [])
        let gaps = faults.map { writes.longestGap(in: $0.at...($0.at + Self.every)).length }
        return Outcome(report: report, gaps: gaps, elections: report.counters[.elections])
    }

    /// What is wrong with gaps of so many runs; nil if they are within the budget.
    public func excess(_ gaps: [UInt64], elections: UInt64, runs: UInt64) -> String? {
        let sorted = gaps.sorted()
        guard let most = sorted.last else { return "nothing was measured" }
        let median = sorted[(sorted.count - 1) / 2]
        if median > medianMax {
            return "half of the gaps are over \(medianMax / 1_000) ms: \(median / 1_000) ms"
        }
        if most > gapMax { return "a gap is over \(gapMax / 1_000) ms: \(most / 1_000) ms" }
        if keepsLeader, elections > runs {
            return "\(elections) elections in \(runs) runs, and no leader was lost"
        }
        return nil
    }
}
