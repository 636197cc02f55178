import SimulationKit

/// What was asked for on the command line.
struct Arguments {
    enum Command: String {
        case one, swarm, defects, calm, shrink, scenario, explore, canary, same, bench, budgets
    }

    var command = Command.one
    var seed: UInt64 = 1
    var seeds: ClosedRange<UInt64> = 1...100
    var nodes: Int?
    var seconds: UInt64 = 60
    var defect: String?
    var isTracing = false
    /// Runs of `defects` for each defect, at most.
    var attempts: UInt64 = 200
    var jobs = 1
    /// A file with a plan to be run instead of what a seed draws.
    var plan: String?
    /// Where to write down the plan with everything that clients do.
    var list: String?
    /// The scenarios to be run.
    var files: [String] = []
    /// Where to draw a picture of the run.
    var picture: String?
    /// The part of the run to be drawn, in microseconds.
    var from: UInt64?
    var to: UInt64?
    /// States that an exploration looks at, at most.
    var states = 3_000_000
    /// Operations per simulated second in a calm world.
    var rate: UInt64 = 20
    var isQuiet = false
    /// What every world has that a seed draws.
    var emphasis: Emphasis = []
    /// Whether each node has its state on real files too.
    var usesFiles = false
    /// Whether a swarm goes on after a broken promise.
    var isGoingOn = false
    /// Whether a swarm counts only if it reached the rare branches that it must reach.
    var requiresProbes = false
    /// A share of a swarm: every so many seeds, and the results as lines.
    var stride: UInt64 = 1
    var isTallying = false
    /// What is to be wrong with the world itself.
    var canary: String?
    /// Whether checkpoints of the run are told, or the events in a range.
    var areCheckpointsWanted = false
    var events: ClosedRange<UInt64>?
    /// The build to compare this one with.
    var against: String?
    /// Where to write files to.
    var output: String?
    /// A part of the exploration: one world, and one mistake.
    var world: Int?
    var mistake: String?

    static let usage = """
        usage: simulate --seed N [--nodes N] [--hours H | --seconds S] [EMPHASIS] [--lmdb]
                        [--trace] [--defect NAME]
                        [--picture FILE.html [--from S] [--to S]]
               simulate --plan FILE [--defect NAME] [--trace] [--picture FILE.html]
               simulate shrink (--seed N | --plan FILE) [--defect NAME] [--attempts N]
               simulate scenario FILE.yaml ... [--trace] [--picture FILE.html]
               simulate swarm [--seeds A..B] [--nodes N] [--hours H | --seconds S] [--jobs N]
                              [EMPHASIS] [--lmdb] [--go-on] [--quiet] [--require-probes]
               simulate same [--seeds A..B] [--seconds S] [--against PROGRAM]
               simulate canary
               simulate bench [--seconds S] [--output FOLDER]
               simulate defects [--defect NAME] [--attempts N] [--seconds S] [--jobs N]
               simulate explore [--states N] [--jobs N]
               simulate budgets [--seeds A..B]
               simulate calm [--nodes N] [--rate OPERATIONS] [--seconds S]

        simulate runs the world of one seed and says whether every promise was kept: exit code 0,
        or 1 and the broken promise. The seed and the commit are the whole reproduction.
        --picture draws the run as a page of HTML; --from and --to choose the part, in seconds.
        EMPHASIS is what each world that can is to have, whatever it draws: --members that change,
        --releases of which there are two, clients that speak --http, --returns from power cuts
        with leases from before on their way, --rotten-logs or --rotten-states, API --keys,
        keys with --limits, access --tokens, several --tenants, sessions in --crowds that are
        limited, one-time --codes, disks whose answers are --overtaken by what replaces their
        entries.
        --lmdb keeps the state of each node in LMDB on real files too; both must do the same.
        shrink makes a plan that breaks a promise as small as it gets, and prints it: --plan runs it.
        scenario runs what the file describes, and tells downtimes and latencies in virtual time.
        swarm runs the world of each seed; hours and seconds are those of one world. It counts only
        if the canaries died before, enough happened, and with --require-probes if all rare branches
        were reached that must be (a build with WATCHWORD_PLANTED=1).
        same runs each seed in two processes, of this build or of this one and another, and says at
        which event they part, if they do.
        canary runs worlds that are wrong on purpose, and sees that each breaks a promise.
        bench measures how fast worlds run, with and without faults, and writes tables.
        defects needs a build with WATCHWORD_PLANTED=1, and looks for the seed that finds each.
        explore reaches every state of the shipping lease code, among three nodes in two terms, up
        to a number of states, and shows that it finds each mistake that is made on purpose.
        budgets holds the time that writes stand still after each kind of fault against what is
        promised for it.
        calm runs a world without faults, for measuring.
        """

    /// A word on the command line that makes no sense.
    struct Failure: Error {
        let message: String
    }

    init(_ words: [String]) throws(Failure) {
        var rest = words[...]
        if let first = rest.first, !first.hasPrefix("-") {
            guard let command = Command(rawValue: first) else {
                throw Failure(message: "unknown command \(first)")
            }
            self.command = command
            rest.removeFirst()
        }
        while let word = rest.popFirst() {
            switch word {
            case "--trace": isTracing = true
            case "--go-on": isGoingOn = true
            case "--quiet": isQuiet = true
            case "--require-probes": requiresProbes = true
            case "--tally": isTallying = true
            case "--checkpoints": areCheckpointsWanted = true
            case "--events": events = try Self.range(&rest, word)
            case "--stride": stride = max(1, try Self.number(&rest, word))
            case "--canary": canary = try Self.value(&rest, word)
            case "--against": against = try Self.value(&rest, word)
            case "--output": output = try Self.value(&rest, word)
            case "--world": world = Int(try Self.number(&rest, word))
            case "--mistake": mistake = try Self.value(&rest, word)
            case "--lmdb": usesFiles = true
            case "--seed": seed = try Self.number(&rest, word)
            case "--seeds": seeds = try Self.range(&rest, word)
            case "--nodes": nodes = Int(try Self.number(&rest, word))
            case "--seconds": seconds = try Self.number(&rest, word)
            case "--hours": seconds = try Self.number(&rest, word) * 3_600
            case "--states": states = Int(try Self.number(&rest, word))
            case "--attempts": attempts = try Self.number(&rest, word)
            case "--jobs": jobs = max(1, Int(try Self.number(&rest, word)))
            case "--plan": plan = try Self.value(&rest, word)
            case "--list": list = try Self.value(&rest, word)
            case "--picture": picture = try Self.value(&rest, word)
            case "--from": from = try Self.microseconds(&rest, word)
            case "--to": to = try Self.microseconds(&rest, word)
            case "--rate": rate = try Self.number(&rest, word)
            case "--defect": defect = try Self.value(&rest, word)
            default:
                if let more = Emphasis(word: word) {
                    emphasis.insert(more)
                    continue
                }
                guard command == .scenario, !word.hasPrefix("-") else {
                    throw Failure(message: "unknown option \(word)")
                }
                files.append(word)
            }
        }
        if let from, let to, from >= to { throw Failure(message: "--from comes before --to") }
        if let nodes, !(1...9).contains(nodes) {
            throw Failure(message: "--nodes takes 1 to 9")
        }
        if command == .scenario, files.isEmpty { throw Failure(message: "scenario of what?") }
        guard rate <= 100_000 else { throw Failure(message: "--rate takes 0 to 100000") }
        guard (1...10_000_000).contains(seconds) else {
            throw Failure(message: "--seconds takes 1 to 10000000")
        }
    }

    private static func value(
        _ rest: inout ArraySlice<String>, _ option: String
    ) throws(Failure) -> String {
        guard let value = rest.popFirst() else { throw Failure(message: "\(option) of what?") }
        return value
    }

    private static func number(
        _ rest: inout ArraySlice<String>, _ option: String
    ) throws(Failure) -> UInt64 {
        let text = try value(&rest, option)
        guard let number = UInt64(text), number <= 1 << 32 else {
            throw Failure(message: "\(option) takes a number, not \(text)")
        }
        return number
    }

    /// Seconds, perhaps with a fraction.
    private static func microseconds(
        _ rest: inout ArraySlice<String>, _ option: String
    ) throws(Failure) -> UInt64 {
        let text = try value(&rest, option)
        guard let seconds = Double(text), (0...1e9).contains(seconds) else {
            throw Failure(message: "\(option) takes seconds, not \(text)")
        }
        return UInt64(seconds * 1e6)
    }

    private static func range(
        _ rest: inout ArraySlice<String>, _ option: String
    ) throws(Failure) -> ClosedRange<UInt64> {
        let text = try value(&rest, option)
        let parts = text.split(separator: ".", omittingEmptySubsequences: true)
        guard parts.count == 2, let first = UInt64(parts[0]), let last = UInt64(parts[1]),
            first <= last
        else { throw Failure(message: "\(option) takes A..B, not \(text)") }
        return first...last
    }
}
