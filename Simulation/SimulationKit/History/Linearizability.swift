/// An object as somebody who uses it alone would find it.
protocol SequentialModel {
    associatedtype State: Hashable
    associatedtype Operation
    /// The object before anybody used it.
    static var initial: State { get }
    /// The object after the operation with the answer that it got; nil if it cannot have got that
    /// answer from this state. An operation of unknown outcome gives what it would have done.
    static func apply(_ operation: Operation, to state: State) -> State?
}

/// One operation on an object, as who asked for it saw it.
struct Observation<Operation> {
    let operation: Operation
    /// When it reached a node first.
    let began: UInt64
    /// When it was answered; nil when nobody knows whether it took effect, or ever will.
    let ended: UInt64?
}

/// Whether a history can be put in one order in which every answer is right and nothing that ended
/// before another began comes after it.
///
/// The search of Wing and Gong (1993) with the memory of Lowe (2017): a set of operations and the
/// state that they lead to is looked at once.
enum Linearizability<Model: SequentialModel> {
    /// What came of a search.
    enum Verdict: Equatable {
        case linearizable
        /// No order is right; the operation with this number is the last that some order reached.
        case violated(furthest: Int)
        /// Given up after so many steps as were allowed.
        case undecided
    }

    private struct Place: Hashable {
        let taken: [UInt64]
        let state: Model.State
    }

    private struct Step {
        let operation: Int
        let state: Model.State
    }

    /// Looks for an order.
    ///
    /// - Parameter stepsMax: of the search; an honest history needs about as many as it has
    ///   operations.
    static func check(
        _ history: [Observation<Model.Operation>], stepsMax: Int = 2_000_000
    ) -> Verdict {
        let order = history.indices.sorted {
            (history[$0].began, $0) < (history[$1].began, $1)
        }
        let sorted = order.map { history[$0] }
        var search = Search(sorted)
        switch search.run(stepsMax: stepsMax) {
        case .linearizable: return .linearizable
        case .undecided: return .undecided
        case .violated(let furthest): return .violated(furthest: order[furthest])
        }
    }

    private struct Search {
        let history: [Observation<Model.Operation>]
        private var taken: [UInt64]
        private var path: [Step] = []
        private var seen: Set<Place> = []
        private var state = Model.initial
        // Completed operations that are not taken yet.
        private var missing: Int
        // All operations before this one are taken.
        private var first = 0

        init(_ history: [Observation<Model.Operation>]) {
            self.history = history
            taken = [UInt64](repeating: 0, count: history.count / 64 + 1)
            missing = history.count { $0.ended != nil }
        }

        mutating func run(stepsMax: Int) -> Verdict {
            var next = 0
            var steps = 0
            var furthest = 0
            var bound = latestStart
            while missing > 0 {
                steps += 1
                guard steps <= stepsMax else { return .undecided }
                if let (operation, after) = candidate(from: next, startingBy: bound) {
                    path.append(Step(operation: operation, state: state))
                    toggle(operation)
                    state = after
                    if seen.insert(Place(taken: taken, state: state)).inserted {
                        furthest = max(furthest, operation)
                        bound = latestStart
                        next = first
                        continue
                    }
                } else if path.isEmpty {
                    return .violated(furthest: furthest)
                }
                // One step back, and on with the operation behind it.
                let last = path.removeLast()
                toggle(last.operation)
                state = last.state
                bound = latestStart
                next = last.operation + 1
            }
            return .linearizable
        }

        /// An operation can come next only if it began before every untaken one has ended.
        private var latestStart: UInt64 {
            var bound = UInt64.max
            for index in first..<history.count where !isTaken(index) {
                if history[index].began > bound { break }
                bound = min(bound, history[index].ended ?? .max)
            }
            return bound
        }

        private func candidate(
            from start: Int, startingBy bound: UInt64
        ) -> (Int, Model.State)? {
            for index in max(start, first)..<max(start, first, history.count)
            where !isTaken(index) {
                guard history[index].began <= bound else { return nil }
                if let after = Model.apply(history[index].operation, to: state) {
                    return (index, after)
                }
            }
            return nil
        }

        private func isTaken(_ index: Int) -> Bool {
            taken[index / 64] >> UInt64(index % 64) & 1 == 1
        }

        private mutating func toggle(_ index: Int) {
            taken[index / 64] ^= 1 << UInt64(index % 64)
            let isIn = isTaken(index)
            if history[index].ended != nil { missing += isIn ? -1 : 1 }
            if isIn {
                while first < history.count, isTaken(first) { first += 1 }
            } else {
                first = min(first, index)
            }
        }
    }
}
