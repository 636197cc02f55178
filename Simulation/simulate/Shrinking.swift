import Foundation
import SimulationKit

/// Shrinks a plan that breaks a promise. Each candidate runs in a process of its own: it may trap.
struct Shrinking {
    private let arguments: Arguments
    private let folder: URL

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        folder = FileManager.default.temporaryDirectory
            .appending(path: "simulate-shrink-\(ProcessInfo.processInfo.processIdentifier)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// Returns the exit code: 0 if there was something to shrink.
    func run() throws -> Int32 {
        let listed = folder.appending(path: "listed.plan").path
        guard let original = try Self.failure(of: start(words: wanted + ["--list", listed])) else {
            print("no promise is broken")
            return 1
        }
        let plan = try Plan(text: try Runner.contents(of: listed))
        guard let failure = try test(plan), failure.rule == original.rule else {
            print("\(original.rule) is broken, but not by the plan with all operations listed")
            return 1
        }
        tell("\(failure.rule), \(plan.size.faults) faults, \(plan.size.operations) operations")
        var shrinker = PlanShrinker(
            plan, failure: failure, attempts: Int(arguments.attempts) * 10, test: test,
            progress: tell)
        try shrinker.run()
        print(shrinker.plan.text(violates: shrinker.failure.rule), terminator: "")
        try FileManager.default.removeItem(at: folder)
        return 0
    }

    private var wanted: [String] {
        if let plan = arguments.plan { return ["--plan", plan] }
        var words = ["--seed", "\(arguments.seed)", "--seconds", "\(arguments.seconds)"]
        if let nodes = arguments.nodes { words += ["--nodes", "\(nodes)"] }
        return words + arguments.emphasis.words
    }

    private func test(_ plan: Plan) throws -> PlanShrinker.Failure? {
        let file = folder.appending(path: "candidate.plan")
        try Data(plan.text().utf8).write(to: file)
        return try Self.failure(of: start(words: ["--plan", file.path]))
    }

    private func start(words: [String]) throws -> (process: Process, output: Pipe) {
        let pipe = Pipe()
        var words = words + ["--quiet"]
        if let defect = arguments.defect { words += ["--defect", defect] }
        let process = try Child.start(words, output: pipe.fileHandleForWriting)
        try pipe.fileHandleForWriting.close()
        return (process, pipe)
    }

    /// How a run failed; nil if it did not.
    private static func failure(
        of child: (process: Process, output: Pipe)
    ) throws -> PlanShrinker.Failure? {
        let output = try child.output.fileHandleForReading.readToEnd() ?? Data()
        child.process.waitUntilExit()
        if child.process.terminationReason == .uncaughtSignal {
            return PlanShrinker.Failure(rule: "assertion", time: nil)
        }
        guard child.process.terminationStatus == 1 else { return nil }
        // "seed 1, 3 nodes: BROKEN S11: what (at 123 µs)"
        let text = String(decoding: output, as: UTF8.self)
        guard let broken = text.firstRange(of: "BROKEN ") else { return nil }
        let rule = text[broken.upperBound...].prefix { $0 != ":" }
        let time = text.split(separator: "(at ").last.flatMap { UInt64($0.prefix { $0 != " " }) }
        return PlanShrinker.Failure(rule: String(rule), time: time)
    }

    private func tell(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }
}
