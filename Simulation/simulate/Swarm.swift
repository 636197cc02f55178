import ByteCodec
import Foundation
import SimulationKit

/// Runs many worlds, in one process or in several, and says whether the run counts at all.
struct Swarm {
    private let arguments: Arguments

    init(_ arguments: Arguments) { self.arguments = arguments }

    /// Returns the exit code.
    func run() throws -> Int32 {
        if arguments.isTallying { return runShare() }
        let survivors = try CanaryHunt().survivors { if !arguments.isQuiet { print($0) } }
        guard survivors.isEmpty else {
            print("REJECTED: lives though it must not: \(survivors.map(\.rawValue))")
            return 3
        }
        let tally = arguments.jobs == 1 ? runAll() : try runInProcesses()
        report(tally)
        if tally.broken > 0 { return 1 }
        return isWorthAnything(tally) ? 0 : 3
    }

    // MARK: Running

    private func runAll() -> Tally {
        let began = Processor.seconds
        var tally = Tally()
        for seed in stride(from: arguments.seeds.lowerBound, through: last, by: step) {
            let report = Simulation.run(
                .drawn(seed: seed, options: options(seed)), files: arguments.stateDirectory)
            tally.add(report)
            if !arguments.isQuiet || report.violation != nil {
                Self.write(Printing.verdict(report))
            }
            if report.violation != nil, !arguments.isGoingOn { break }
        }
        tally.takeProbes()
        tally.seconds = Processor.seconds - began
        return tally
    }

    private var last: UInt64 { arguments.seeds.upperBound }
    private var step: Int { Int(arguments.stride) }

    private func options(_ seed: UInt64) -> SwarmOptions {
        .drawn(
            seed: seed, nodes: arguments.nodes, seconds: arguments.seconds,
            emphasis: arguments.emphasis)
    }

    /// Unbuffered: the last line before an assertion fails is the one that matters.
    private static func write(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }

    /// The share of one process among several.
    private func runShare() -> Int32 {
        let tally = runAll()
        for line in tally.lines { Self.write(line) }
        return tally.broken == 0 ? 0 : 1
    }

    private func runInProcesses() throws -> Tally {
        let jobs = min(UInt64(arguments.jobs), UInt64(arguments.seeds.count))
        let lists = (0..<jobs).map { job in
            // Every so many seeds: neighbours are as heavy as others.
            var words = [
                "swarm", "--tally", "--stride", "\(jobs)", "--seeds",
                "\(arguments.seeds.lowerBound + job)..\(last)", "--seconds",
                "\(arguments.seconds)",
            ]
            if let nodes = arguments.nodes { words += ["--nodes", "\(nodes)"] }
            words += arguments.emphasis.words
            if arguments.usesFiles { words.append("--lmdb") }
            if arguments.isGoingOn { words.append("--go-on") }
            // What they write waits in a pipe until they end.
            words.append("--quiet")
            return words
        }
        var tally = Tally()
        for child in try Child.runAll(lists, jobs: Int(jobs)) {
            for line in child.lines where !tally.add(line: line) { print(line) }
            if child.hasTrapped {
                print("BROKEN: an assertion ended a process in the seed behind the one named last")
                tally.broken += 1
            }
        }
        return tally
    }

    // MARK: Judging

    private func report(_ tally: Tally) {
        print(
            "\(tally.worlds) seeds, \(tally.microseconds / 3_600_000_000) simulated hours, "
                + "\(tally.vacuous) worlds in which too little happened")
        Printing.counters(tally.counters)
        Printing.probes(tally)
        Printing.downtimes(tally.downtimes)
        Printing.speed(tally.counters, microseconds: tally.microseconds, seconds: tally.seconds)
    }

    /// Whether enough happened (M2).
    private func isWorthAnything(_ tally: Tally) -> Bool {
        var reasons: [String] = []
        var expected = Self.common
        if tally.worlds >= Self.worldsForRare {
            // Where members change in every world no disk is damaged.
            expected += Self.rare + (arguments.emphasis.contains(.members) ? [] : Self.damage)
        }
        let missing = expected.filter { tally.counters[$0] == 0 }
        if !missing.isEmpty { reasons.append("never happened: \(missing.map(\.name))") }
        if tally.vacuous * 10 > tally.worlds {
            reasons.append("too little happened in \(tally.vacuous) of \(tally.worlds) worlds")
        }
        if arguments.requiresProbes {
            let unreached = Probe.required.filter { tally.reached[$0.rawValue] == 0 }
            if !unreached.isEmpty { reasons.append("never reached: \(unreached)") }
            let lucky = Buggify.allCases.filter { tally.fired[$0.rawValue] == 0 }
            if !lucky.isEmpty { reasons.append("never unlucky: \(lucky)") }
        }
        for reason in reasons { print("REJECTED: \(reason)") }
        return reasons.isEmpty
    }

    /// What a swarm must have seen to count.
    private static let common: [WorldCounters.Kind] = [
        .elections, .transfers, .kills, .powerLosses, .pauses, .stops, .restarts, .blocksLost,
        .partitions, .trims, .snapshotsInstalled, .duplicates, .writesUnknown, .writesRefused,
        .crashesInWrite, .flaps, .resets, .slowLinks, .drifts, .freezes, .slowDisks, .failedSyncs,
        .suspensions, .releases,
    ]
    /// And what one of so many worlds must have seen.
    private static let rare: [WorldCounters.Kind] = [
        .tornTails, .truncations, .fullDisks, .crashesInRecovery,
    ]
    private static let damage: [WorldCounters.Kind] = [
        .damages, .logsMended, .logsRepaired, .entriesRepaired, .logsRewritten,
    ]
    private static let worldsForRare = 60
}

extension Probe {
    /// The branches that the fixed seeds of CI must reach: all, but for those named here, which are
    /// too rare for so few worlds.
    static let required = allCases.filter { !tooRare.contains($0) }
    private static let tooRare: [Probe] = [
        // A leader whose term somebody has forgotten: `ForgottenTermTests` comes there.
        .appendContradictsCommitted,
        // Who lost its state asks somebody who is far behind: `SnapshotTests` comes there.
        .snapshotBeforeLog,
    ]
}
