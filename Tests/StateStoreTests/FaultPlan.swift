import Synchronization

@testable import StateStore

/// Lets one call of a store's to the file system fail, or that one and every later one.
final class FaultPlan: Sendable {
    /// The error that stands for a failed call, or for the end of the process.
    struct Injected: Error {}

    private struct State {
        var calls: [StoreStep] = []
        var failsAt: Int?
        var isCrash = false
        var isArmed = true
    }

    private let state: Mutex<State>

    /// Without a number nothing fails, and calls are only written down.
    init(failsAt number: Int? = nil, isCrash: Bool = false) {
        state = Mutex(State(failsAt: number, isCrash: isCrash))
    }

    /// Whether the call that was to fail has come.
    var hasFired: Bool { state.withLock { $0.calls.count > $0.failsAt ?? .max } }

    /// What was called since `arm`, without the directory `root`.
    func calls(under root: String) -> [String] {
        state.withLock { state in
            state.calls.map { step in
                let path = step.path.hasPrefix(root) ? step.path.dropFirst(root.count) : "?"
                return "\(step.operation) \(path.isEmpty ? "/" : path.dropFirst())"
            }
        }
    }

    /// Begins to count, or to let everything pass.
    func arm(_ isArmed: Bool = true) {
        state.withLock { state in
            state.isArmed = isArmed
            if isArmed { state.calls = [] }
        }
    }

    /// For `LMDBStateStoreOptions.beforeFileCall`.
    func before(_ step: StoreStep) throws {
        let fails = state.withLock { state in
            guard state.isArmed else { return false }
            state.calls.append(step)
            guard let number = state.failsAt else { return false }
            let call = state.calls.count - 1
            return call == number || state.isCrash && call > number
        }
        if fails { throw Injected() }
    }

    /// Options of a store whose calls the plan watches.
    var options: LMDBStateStoreOptions {
        var options = smallOptions()
        options.beforeFileCall = { try self.before($0) }
        return options
    }
}

/// Calls `body` with a plan for the first, the second, … call, until one is not reached.
///
/// - Returns: how many plans fired.
@discardableResult
func forEveryCall(
    isCrash: Bool, _ body: (_ plan: FaultPlan, _ number: Int) throws -> Void
) throws -> Int {
    for number in 0..<1000 {
        let plan = FaultPlan(failsAt: number, isCrash: isCrash)
        try body(plan, number)
        if !plan.hasFired { return number }
    }
    preconditionFailure("over a thousand calls")
}
