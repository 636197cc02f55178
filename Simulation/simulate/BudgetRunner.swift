import SimulationKit

/// Holds the time that writes stand still against what is promised for each kind of fault.
struct BudgetRunner {
    private let arguments: Arguments

    init(_ arguments: Arguments) { self.arguments = arguments }

    /// Returns the exit code: 0 if every promise and every budget was kept.
    func run() -> Int32 {
        var code: Int32 = 0
        for budget in DowntimeBudget.all {
            var gaps: [UInt64] = []
            var elections: UInt64 = 0
            var trouble: String?
            for seed in arguments.seeds {
                let outcome = budget.run(seed: seed)
                gaps += outcome.gaps
                elections += outcome.elections
                if let violation = outcome.report.violation {
                    trouble = "seed \(seed) BROKEN \(violation)"
                }
            }
            let runs = UInt64(arguments.seeds.count)
            trouble = trouble ?? budget.excess(gaps, elections: elections, runs: runs)
            if trouble != nil { code = 1 }
            let sorted = gaps.sorted()
            let told = [500, 990, 1_000].map { perMille in
                sorted[min(sorted.count - 1, sorted.count * perMille / 1_000)] / 1_000
            }
            print(
                "\(budget.name): \(gaps.count) faults, without an acknowledged write p50 "
                    + "\(told[0]) ms, p99 \(told[1]) ms, max \(told[2]) ms; "
                    + (trouble.map { "TOO MUCH: \($0)" } ?? "within the budget"))
        }
        return code
    }
}
