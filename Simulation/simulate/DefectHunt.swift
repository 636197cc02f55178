import ByteCodec
import Foundation

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
            var kind = defect.needsHTTP ? ["--http"] : []
            // It shows where there are two releases only, and seldom then.
            if defect == .unfitLeads { kind = ["--releases"] }
            let child = try Child.run(
                [
                    "--seed", "\(seed)", "--seconds", "\(arguments.seconds)", "--defect",
                    defect.rawValue, "--quiet",
                ] + kind)
            if let how = child.failure { return Find(seed: seed, how: how) }
        }
        return nil
    }
}

extension Child.Outcome {
    /// How a world has ended that did not keep its promises; nil if it kept them.
    var failure: String? {
        if hasTrapped { return "an assertion" }
        guard code == 1 else { return nil }
        return lines.last { $0.contains("BROKEN") }.map {
            String($0.drop { $0 != "B" }.prefix(120))
        }
            ?? "exit code 1"
    }
}
