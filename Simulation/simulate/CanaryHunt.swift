import SimulationKit

/// Runs worlds with something wrong in the world itself. Each must break a promise before long, or
/// nothing that the checkers say of other runs counts.
struct CanaryHunt {
    /// Seeds that are tried for each.
    private static let attempts: UInt64 = 12
    private static let seconds = 20

    /// The canaries that live, which none should.
    func survivors(tell: (String) -> Void) throws -> [Canary] {
        try Canary.allCases.filter { canary in
            let how = try end(of: canary)
            tell(
                "\(how == nil ? "LIVES" : "dies ") \(canary.rawValue): \(how ?? "no promise broken")"
            )
            return how == nil
        }
    }

    /// Returns the exit code.
    func run() throws -> Int32 {
        let survivors = try survivors { print($0) }
        print(survivors.isEmpty ? "the checkers are awake" : "REJECTED: a canary lives")
        return survivors.isEmpty ? 0 : 3
    }

    private func end(of canary: Canary) throws -> String? {
        for seed in 1...Self.attempts {
            let child = try Child.run([
                "--seed", "\(seed)", "--seconds", "\(Self.seconds)", "--canary", canary.rawValue,
                "--quiet",
            ])
            if let how = child.failure { return "seed \(seed), \(how)" }
        }
        return nil
    }
}
