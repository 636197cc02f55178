/// Makes a plan that breaks a promise as small as it gets, by leaving things out and trying again
/// (delta debugging; Zeller and Hildebrandt, 2002).
public struct PlanShrinker {
    /// How a run of a plan went wrong.
    public struct Failure: Equatable, Sendable {
        /// The broken rule, or `assertion`.
        public let rule: String
        /// When, in microseconds, if that is known.
        public let time: UInt64?
        public init(rule: String, time: UInt64?) {
            self.rule = rule
            self.time = time
        }
    }

    /// The smallest plan so far.
    public private(set) var plan: Plan
    /// How it fails.
    public private(set) var failure: Failure
    /// Runs that may still be made.
    public private(set) var attemptsLeft: Int
    private let test: (Plan) throws -> Failure?
    private let progress: (String) -> Void

    /// - Parameters:
    ///   - plan: a listed plan that fails like `failure`.
    ///   - test: how a plan fails; nil if it does not.
    public init(
        _ plan: Plan, failure: Failure, attempts: Int, test: @escaping (Plan) throws -> Failure?,
        progress: @escaping (String) -> Void
    ) {
        self.plan = plan
        self.failure = failure
        attemptsLeft = attempts
        self.test = test
        self.progress = progress
    }

    /// Shrinks until nothing more can be left out, or no attempt is left.
    public mutating func run() throws {
        try cutEnd()
        while true {
            let before = plan
            try leaveOutItems()
            try simplifyOptions()
            try simplifyFaults()
            try leaveOutNodes()
            try cutEnd()
            guard plan != before, attemptsLeft > 0 else { return }
        }
    }

    /// Keeps the candidate if it breaks the same rule.
    @discardableResult
    private mutating func attempt(_ candidate: Plan) throws -> Bool {
        guard attemptsLeft > 0, candidate != plan else { return false }
        attemptsLeft -= 1
        guard let failure = try test(candidate), failure.rule == self.failure.rule else {
            return false
        }
        plan = candidate
        self.failure = failure
        return true
    }

    // MARK: Faults and operations

    /// A fault or an operation.
    private enum Item {
        case fault(PlannedFault)
        case operation(PlannedOperation)
        var at: UInt64 {
            switch self {
            case .fault(let fault): fault.at
            case .operation(let operation): operation.at
            }
        }
    }

    private var items: [Item] {
        var items = plan.faults.map { Item.fault($0) }
        if case .listed(let operations) = plan.workload {
            items += operations.map { Item.operation($0) }
        }
        return items.enumerated().sorted {
            ($0.element.at, $0.offset) < ($1.element.at, $1.offset)
        }.map(\.element)
    }

    private func plan(of items: [Item]) -> Plan {
        var candidate = plan
        candidate.faults = items.compactMap {
            if case .fault(let fault) = $0 { fault } else { nil }
        }
        candidate.workload = .listed(
            items.compactMap { if case .operation(let operation) = $0 { operation } else { nil } })
        return candidate
    }

    /// Leaves out ever smaller stretches, the latest first.
    private mutating func leaveOutItems() throws {
        var size = max(1, items.count / 2)
        while true {
            var isAnyLeftOut = false
            var end = items.count
            while end > 0, attemptsLeft > 0 {
                var rest = items
                let begin = max(0, end - size)
                rest.removeSubrange(begin..<min(end, rest.count))
                if try attempt(plan(of: rest)) {
                    isAnyLeftOut = true
                    let (faults, operations) = plan.size
                    progress("\(faults) faults, \(operations) operations")
                }
                end = begin
            }
            if size == 1, !isAnyLeftOut { return }
            guard attemptsLeft > 0 else { return }
            if !isAnyLeftOut || size > items.count { size = max(1, size / 2) }
        }
    }

    // MARK: Everything else

    /// What comes after the failure is not needed, and the world need not last longer.
    private mutating func cutEnd() throws {
        guard let time = failure.time else { return }
        let seconds = time / 1_000_000 + 1
        guard seconds < plan.options.seconds else { return }
        var candidate = plan
        candidate.options.seconds = seconds
        try attempt(candidate)
    }

    /// Takes the usual value where it does as well.
    private mutating func simplifyOptions() throws {
        let plain = SwarmOptions()
        for option in SwarmOptions.named where option.get(plan.options) != option.get(plain) {
            var candidate = plan
            option.set(&candidate.options, option.get(plain))
            if try attempt(candidate) { progress("\(option.name) as usual") }
        }
    }

    private mutating func simplifyFaults() throws {
        for position in plan.faults.indices {
            var candidate = plan
            switch plan.faults[position].fault {
            case .kill(let target, let restartAfter, inWrite: true):
                candidate.faults[position].fault = .kill(
                    target, restartAfter: restartAfter, inWrite: false)
            case .powerLoss(let target, let restartAfter, let inWrite):
                candidate.faults[position].fault = .kill(
                    target, restartAfter: restartAfter, inWrite: inWrite)
            default: continue
            }
            try attempt(candidate)
        }
    }

    private mutating func leaveOutNodes() throws {
        while plan.options.nodes > 1 {
            var candidate = plan
            candidate.options.nodes -= 1
            let nodes = candidate.options.nodes
            if case .listed(var operations) = candidate.workload {
                for position in operations.indices { operations[position].node %= nodes }
                candidate.workload = .listed(operations)
            }
            guard try attempt(candidate) else { return }
            progress("\(nodes) nodes")
        }
    }
}
