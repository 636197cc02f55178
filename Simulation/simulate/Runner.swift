import ByteCodec
import Foundation
import SimulationKit

/// Carries out what was asked for.
struct Runner {
    let arguments: Arguments

    init(_ arguments: Arguments) { self.arguments = arguments }

    /// Returns the exit code.
    func run() throws -> Int32 {
        switch arguments.command {
        case .one: try one()
        case .calm: try calm()
        case .swarm: try swarm()
        case .defects: try defects()
        case .shrink: try Shrinking(arguments).run()
        case .scenario: try ScenarioRunner(arguments).run()
        case .explore: LeaseHunt(arguments).run()
        }
    }

    private func one() throws -> Int32 {
        try activate(arguments.defect)
        let plan = try wantedPlan()
        if let file = arguments.list { return try list(plan, file) }
        return try measure(plan)
    }

    /// What the file says, or what the seed draws.
    private func wantedPlan() throws -> Plan {
        if let file = arguments.plan { return try Plan(text: try Self.contents(of: file)) }
        return .drawn(
            seed: arguments.seed,
            options: .drawn(
                seed: arguments.seed, nodes: arguments.nodes, seconds: arguments.seconds,
                changesMembers: arguments.changesMembers,
                mixesReleases: arguments.mixesReleases))
    }

    private func calm() throws -> Int32 {
        let options = SwarmOptions.calm(
            nodes: arguments.nodes ?? 3, seconds: arguments.seconds,
            operationsPerSecond: arguments.rate)
        return try measure(.drawn(seed: arguments.seed, options: options))
    }

    private func measure(_ plan: Plan) throws -> Int32 {
        if let file = arguments.picture { return try draw(plan, file) }
        let began = Processor.seconds
        let tell: ((String) -> Void)? = arguments.isTracing ? { Self.tell($0) } : nil
        let report = Simulation.run(plan, tell: tell)
        if arguments.isQuiet {
            print(Printing.verdict(report))
        } else {
            Printing.report(report, seconds: Processor.seconds - began)
        }
        return report.violation == nil ? 0 : 1
    }

    /// Unbuffered too: a trap must not take the end with it.
    private func list(_ plan: Plan, _ file: String) throws -> Int32 {
        guard FileManager.default.createFile(atPath: file, contents: nil) else {
            throw Arguments.Failure(message: "\(file) cannot be written")
        }
        let handle = try FileHandle(forWritingTo: URL(filePath: file))
        let report = Simulation.list(plan) { handle.write(Data($0.utf8)) }
        try handle.close()
        print(Printing.verdict(report))
        return report.violation == nil ? 0 : 1
    }

    /// Everything in a text file.
    static func contents(of file: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: file)), as: UTF8.self)
    }

    private func draw(_ plan: Plan, _ file: String) throws -> Int32 {
        var window: ClosedRange<UInt64>?
        if arguments.from != nil || arguments.to != nil {
            let from = arguments.from ?? 0
            window = from...(arguments.to ?? from + 10_000_000)
        }
        let (report, page) = Simulation.picture(plan, window: window)
        try Data(page.utf8).write(to: URL(filePath: file))
        print(Printing.verdict(report))
        return report.violation == nil ? 0 : 1
    }

    /// Unbuffered: the last line before an assertion fails is the one that matters.
    private static func tell(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }

    private func activate(_ name: String?) throws {
        guard let name else { return }
        guard let defect = Planted(rawValue: name) else {
            let names = Planted.allCases.map(\.rawValue).joined(separator: ", ")
            throw Arguments.Failure(message: "no defect \(name); there are \(names)")
        }
        #if PLANTED_DEFECTS
        // The only thread there is, before the world begins.
        unsafe Planted.active = defect
        #else
        throw Arguments.Failure(
            message: "\(defect.rawValue) needs a build with WATCHWORD_PLANTED=1")
        #endif
    }

    // MARK: Many worlds

    private func swarm() throws -> Int32 {
        guard arguments.jobs == 1 else { return try swarmInProcesses() }
        let began = Processor.seconds
        var total = WorldCounters()
        var downtimes = Downtimes()
        var microseconds: UInt64 = 0
        var vacuous: UInt64 = 0
        var broken = 0
        for seed in arguments.seeds {
            let options = SwarmOptions.drawn(
                seed: seed, nodes: arguments.nodes, seconds: arguments.seconds,
                changesMembers: arguments.changesMembers,
                mixesReleases: arguments.mixesReleases)
            let report = Simulation.run(seed: seed, options: options)
            if !arguments.isQuiet || report.violation != nil { print(Printing.verdict(report)) }
            if report.violation != nil {
                broken += 1
                guard arguments.isGoingOn else { return 1 }
            }
            if report.isVacuous { vacuous += 1 }
            total.add(report.counters)
            downtimes.add(report.downtimes)
            microseconds += report.microseconds
        }
        let count = UInt64(arguments.seeds.count)
        print(
            "\(count) seeds, \(microseconds / 3_600_000_000) simulated hours, "
                + "\(vacuous) worlds in which too little happened")
        Printing.counters(total)
        Printing.probes()
        Printing.downtimes(downtimes)
        Printing.speed(
            total, microseconds: microseconds, seconds: Processor.seconds - began)
        let missing = Self.expected.filter { total[$0] == 0 }
        guard missing.isEmpty, vacuous * 10 <= count else {
            print("REJECTED: never happened: \(missing.map(\.name))")
            return 3
        }
        return broken == 0 ? 0 : 1
    }

    /// What a swarm must have seen to count.
    private static let expected: [WorldCounters.Kind] = [
        .elections, .transfers, .kills, .powerLosses, .pauses, .stops, .restarts, .tornTails,
        .blocksLost, .partitions, .truncations, .trims, .snapshotsInstalled, .duplicates,
        .writesUnknown, .writesRefused, .fullDisks, .crashesInWrite, .crashesInRecovery,
        .flaps, .resets, .slowLinks, .drifts, .freezes, .slowDisks, .failedSyncs, .damages,
        .casualties,
    ]

    private func swarmInProcesses() throws -> Int32 {
        let jobs = UInt64(arguments.jobs)
        let seeds = arguments.seeds
        let share = (UInt64(seeds.count) + jobs - 1) / jobs
        var children: [Process] = []
        for job in 0..<jobs {
            let first = seeds.lowerBound + job * share
            guard first <= seeds.upperBound else { break }
            let last = min(seeds.upperBound, first + share - 1)
            var words = [
                "swarm", "--quiet", "--seeds", "\(first)..\(last)", "--seconds",
                "\(arguments.seconds)",
            ]
            if let nodes = arguments.nodes { words += ["--nodes", "\(nodes)"] }
            children.append(try Child.start(words, output: .standardOutput))
        }
        var code: Int32 = 0
        for child in children {
            child.waitUntilExit()
            if child.terminationStatus != 0 || child.terminationReason != .exit { code = 1 }
        }
        return code
    }

    // MARK: Planted defects

    private func defects() throws -> Int32 {
        #if PLANTED_DEFECTS
        return try DefectHunt(arguments).run()
        #else
        throw Arguments.Failure(message: "this build has no planted defects")
        #endif
    }
}
