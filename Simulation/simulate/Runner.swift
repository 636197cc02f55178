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
        case .swarm: try Swarm(arguments).run()
        case .defects: try defects()
        case .canary: try CanaryHunt().run()
        case .same: try Sameness(arguments).run()
        case .bench: try Bench(arguments).run()
        case .shrink: try Shrinking(arguments).run()
        case .scenario: try ScenarioRunner(arguments).run()
        case .explore: try LeaseHunt(arguments).run()
        case .budgets: BudgetRunner(arguments).run()
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
                emphasis: arguments.emphasis))
    }

    private func wantedCanary() throws -> Canary? {
        guard let name = arguments.canary else { return nil }
        guard let canary = Canary(rawValue: name) else {
            let names = Canary.allCases.map(\.rawValue).joined(separator: ", ")
            throw Arguments.Failure(message: "no canary \(name); there are \(names)")
        }
        return canary
    }

    private var wantedWatch: EventWatch? {
        guard arguments.areCheckpointsWanted || arguments.events != nil else { return nil }
        return EventWatch(events: arguments.events) { print($0) }
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
        let report = Simulation.run(
            plan, canary: try wantedCanary(), watch: wantedWatch, tell: tell,
            files: arguments.stateDirectory)
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

    // MARK: Planted defects

    private func defects() throws -> Int32 {
        #if PLANTED_DEFECTS
        return try DefectHunt(arguments).run()
        #else
        throw Arguments.Failure(message: "this build has no planted defects")
        #endif
    }
}

extension Arguments {
    /// Where states are kept that are to be kept on files: in memory, if there is such a place.
    var stateDirectory: String? {
        guard usesFiles else { return nil }
        let memory = "/dev/shm"
        let isThere = FileManager.default.isWritableFile(atPath: memory)
        let place = isThere ? memory : FileManager.default.temporaryDirectory.path
        return "\(place)/simulate-\(ProcessInfo.processInfo.processIdentifier)"
    }
}
