internal import Dispatch
internal import Foundation

/// A named thread that runs one function until it returns.
final class Worker: Sendable {
    private let finished = DispatchSemaphore(value: 0)

    /// Starts the thread.
    init(name: String, _ body: @escaping @Sendable () -> Void) {
        let finished = finished
        let thread = Thread {
            body()
            finished.signal()
        }
        thread.name = name
        thread.stackSize = 4 << 20
        thread.start()
    }

    /// Waits until the function has returned.
    ///
    /// - Returns: whether it did within `seconds`.
    func join(seconds: Int) -> Bool {
        finished.wait(timeout: .now() + .seconds(seconds)) == .success
    }
}
