import ByteCodec
import Dispatch
import Foundation
import SimulationKit
import Synchronization

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
        let defects = Planted.allCases.filter {
            arguments.defect == nil || arguments.defect == $0.rawValue
        }
        let board = Board(count: defects.count)
        // Each defect is one hunter's: the lowest seed that finds it is then the same for any
        // number of them.
        DispatchQueue.concurrentPerform(iterations: arguments.jobs) { _ in
            while let place = board.take() {
                let find = Result { try hunt(defects[place]) }
                board.put(find, at: place) { print(line($0, defects[$1])) }
            }
        }
        let missed = try board.finds().count { $0 == nil }
        print(missed == 0 ? "every planted defect was found" : "\(missed) were missed")
        return missed == 0 ? 0 : 1
    }

    private func line(_ find: Result<Find?, any Error>, _ defect: Planted) -> String {
        switch find {
        case .success(let find?): "found  \(defect.rawValue): seed \(find.seed), \(find.how)"
        case .success(nil): "MISSED \(defect.rawValue) in \(arguments.attempts) seeds"
        case .failure(let error): "FAILED \(defect.rawValue): \(error)"
        }
    }

    /// What is to be hunted, and what was found, shared by all hunters.
    private final class Board: Sendable {
        private struct Contents {
            var next = 0
            var told = 0
            var finds: [Result<Find?, any Error>?]
        }

        private let contents: Mutex<Contents>

        init(count: Int) {
            contents = Mutex(Contents(finds: Array(repeating: nil, count: count)))
        }

        /// The next one to be hunted; nil when there is none.
        func take() -> Int? {
            contents.withLock { contents in
                guard contents.next < contents.finds.count else { return nil }
                defer { contents.next += 1 }
                return contents.next
            }
        }

        /// Writes down what came of one, and tells of all that are known in their order.
        func put(
            _ find: Result<Find?, any Error>, at place: Int,
            tell: (Result<Find?, any Error>, Int) -> Void
        ) {
            contents.withLock { contents in
                contents.finds[place] = find
                while contents.told < contents.finds.count,
                    let known = contents.finds[contents.told]
                {
                    tell(known, contents.told)
                    contents.told += 1
                }
            }
        }

        /// What came of each.
        ///
        /// - Throws: the first error of a hunt.
        func finds() throws -> [Find?] {
            try contents.withLock { $0.finds }.map { find in
                guard let find else { preconditionFailure("a defect was not hunted") }
                return try find.get()
            }
        }
    }

    private func hunt(_ defect: Planted) throws -> Find? {
        for seed in 1...arguments.attempts {
            let child = try Child.run(
                [
                    "--seed", "\(seed)", "--seconds", "\(arguments.seconds)", "--defect",
                    defect.rawValue, "--quiet",
                ] + defect.emphasis.words)
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

extension Planted {
    /// The worlds in which it shows, where those are too rare among all.
    fileprivate var emphasis: Emphasis {
        switch self {
        case .unfitLeads: .releases
        case .staleCompletion: .overtaken
        case .jwtSessionNotChecked, .jwtPreviousKeyKept: .tokens
        case .keyOutlivesGrace, .keyBeyondOwner, .keyRevocationNotNarrowing: .keys
        case .leaseIndexAtElection, .grantToFormerRun: .returns
        case .crowdEvictsNewest, .evictionNotNarrowing, .evictionUnannounced: .crowds
        case .codeSpentTwice, .recoveryCodeKept, .codeNotAsked: .codes
        case .keyOfSuspendedTenant, .sessionOfAnyTenant: .tenants
        case .slicesNotCharged, .limitsForgottenByLeader, .usageCountedTwice: .limits
        case .checkpointNotCompared, .damagedStateAnswers, .damagedStateKept,
            .hashLeavesOutTable, .snapshotUnchecked, .repairResetsLog:
            .states
        case .damageTakenForTorn, .promiseForgottenInVote, .campaignWhileRepairing,
            .acknowledgeBehindDamage, .promiseForgottenAtStart, .rewriteWithoutEnd:
            .logs
        default: needsHTTP ? .http : []
        }
    }
}
