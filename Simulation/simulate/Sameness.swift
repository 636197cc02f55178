import SimulationKit

/// Shows that a seed is a whole reproduction (M1): runs the world of each in two processes, of this
/// build or of this one and another, and where they part, says at which event.
struct Sameness {
    private let arguments: Arguments

    init(_ arguments: Arguments) { self.arguments = arguments }

    /// Returns the exit code: 0 if every seed gave one and the same run.
    func run() throws -> Int32 {
        var differing = 0
        for seed in arguments.seeds {
            if try !isSame(seed) { differing += 1 }
        }
        let other = arguments.against.map { "this build and \($0)" } ?? "two processes"
        print(
            differing == 0
                ? "\(arguments.seeds.count) seeds gave the same runs in \(other)"
                : "DIFFERENT: \(differing) of \(arguments.seeds.count) seeds in \(other)")
        return differing == 0 ? 0 : 1
    }

    private func isSame(_ seed: UInt64) throws -> Bool {
        let (mine, theirs) = try runBoth(seed, ["--checkpoints"])
        if mine.lines == theirs.lines, !mine.hasTrapped, !theirs.hasTrapped, !mine.lines.isEmpty {
            print("seed \(seed): \(mine.lines.last { $0.hasPrefix("end ") } ?? "")")
            return true
        }
        print("seed \(seed): DIFFERENT")
        let common = zip(checkpoints(mine), checkpoints(theirs)).prefix { $0 == $1 }.count
        let events = EventWatch.events(before: common)
        let range = "\(events.lowerBound)..\(events.upperBound)"
        let (here, there) = try runBoth(seed, ["--events", range])
        tellDifference(here, there, in: range)
        return false
    }

    private func checkpoints(_ run: Child.Outcome) -> [Substring] {
        run.lines.filter { $0.hasPrefix("checkpoint ") }
    }

    private func tellDifference(_ here: Child.Outcome, _ there: Child.Outcome, in range: String) {
        let same = zip(here.lines, there.lines).prefix { $0 == $1 }.count
        if same > 0 { print("  the same until  \(here.lines[same - 1])") }
        for (name, run) in [("here ", here), ("there", there)] {
            let end = run.hasTrapped ? "ended by a signal" : "ended"
            print("  \(name)           \(same < run.lines.count ? run.lines[same] : end[...])")
        }
        print("  (events \(range), of which these are the first that differ)")
    }

    private func runBoth(
        _ seed: UInt64, _ extra: [String]
    ) throws -> (mine: Child.Outcome, theirs: Child.Outcome) {
        var words = ["--seed", "\(seed)", "--seconds", "\(arguments.seconds)", "--quiet"] + extra
        if let nodes = arguments.nodes { words += ["--nodes", "\(nodes)"] }
        words += arguments.emphasis.words
        let mine = try Child.begin(words)
        let theirs = try Child.begin(words, program: arguments.against)
        return (try mine.finish(), try theirs.finish())
    }
}
