import ByteCodec
import Foundation

/// Another process of this program: a defect may trap, and that must not end the hunt.
enum Child {
    static func start(_ words: [String], output: FileHandle) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = words
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }
}

/// Looks for the seed that finds each planted defect: the test of the tester.
struct DefectHunt {
    private let arguments: Arguments

    init(_ arguments: Arguments) { self.arguments = arguments }

    private struct Find {
        let seed: UInt64
        let how: String
    }

    /// Returns the exit code: 0 if every defect was found within the attempts.
    func run() throws -> Int32 {
        var missed: [String] = []
        for defect in Planted.allCases
        where arguments.defect == nil || arguments.defect == defect.rawValue {
            if let find = try hunt(defect) {
                print("found  \(defect.rawValue): seed \(find.seed), \(find.how)")
            } else {
                print("MISSED \(defect.rawValue) in \(arguments.attempts) seeds")
                missed.append(defect.rawValue)
            }
        }
        print(
            missed.isEmpty ? "every planted defect was found" : "\(missed.count) were missed")
        return missed.isEmpty ? 0 : 1
    }

    private func hunt(_ defect: Planted) throws -> Find? {
        for seed in 1...arguments.attempts {
            if let how = try attempt(defect, seed) { return Find(seed: seed, how: how) }
        }
        return nil
    }

    /// How the seed finds the defect; nil if it does not.
    private func attempt(_ defect: Planted, _ seed: UInt64) throws -> String? {
        let pipe = Pipe()
        let words = [
            "--seed", "\(seed)", "--seconds", "\(arguments.seconds)", "--defect", defect.rawValue,
            "--quiet",
        ]
        let child = try Child.start(words, output: pipe.fileHandleForWriting)
        try pipe.fileHandleForWriting.close()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        child.waitUntilExit()
        if child.terminationReason == .uncaughtSignal { return "an assertion" }
        guard child.terminationStatus == 1 else { return nil }
        let text = String(decoding: output, as: UTF8.self)
        return text.split(separator: "\n").last { $0.contains("BROKEN") }
            .map { String($0.drop { $0 != "B" }) } ?? "exit code 1"
    }
}
