import Foundation

/// Another process of this program, or of another build of it: a defect may trap, and that must
/// not end who looks for it.
enum Child {
    /// How a process has ended, and what it wrote.
    struct Outcome {
        let output: String
        let code: Int32
        /// Whether an assertion or the like ended it.
        let hasTrapped: Bool
        var lines: [Substring] { output.split(separator: "\n") }
    }

    /// Starts this program, or the one at `path`.
    static func start(
        _ words: [String], program path: String? = nil, output: FileHandle
    ) throws -> Process {
        let process = Process()
        process.executableURL =
            path.map { URL(filePath: $0) }
            ?? URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = words
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    /// A process that runs, and its output as it comes.
    struct Running {
        fileprivate let process: Process
        fileprivate let pipe: Pipe

        /// Waits for the end.
        func finish() throws -> Outcome {
            let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            return Outcome(
                output: String(decoding: output, as: UTF8.self), code: process.terminationStatus,
                hasTrapped: process.terminationReason == .uncaughtSignal)
        }
    }

    /// Starts a process whose output is wanted.
    static func begin(_ words: [String], program path: String? = nil) throws -> Running {
        let pipe = Pipe()
        let process = try start(words, program: path, output: pipe.fileHandleForWriting)
        try pipe.fileHandleForWriting.close()
        return Running(process: process, pipe: pipe)
    }

    /// Runs a process to its end.
    static func run(_ words: [String], program path: String? = nil) throws -> Outcome {
        try begin(words, program: path).finish()
    }

    /// Runs a process for each list of words, so many at once, and hands over what came of them in
    /// the order of the list.
    static func runAll(_ lists: [[String]], jobs: Int) throws -> [Outcome] {
        var outcomes: [Outcome] = []
        var running: [Running] = []
        for words in lists {
            if running.count == max(1, jobs) { outcomes.append(try running.removeFirst().finish()) }
            running.append(try begin(words))
        }
        for child in running { outcomes.append(try child.finish()) }
        return outcomes
    }
}
