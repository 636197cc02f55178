import Glibc
import Synchronization
import UnixSignals

/// Counts Ctrl-C and requests to terminate: the first ends the load, the second the cleaning up,
/// the third the process.
final class Interrupts: Sendable {
    private let counter = Atomic(0)

    /// The exit code of what was interrupted, as shells have it: 128 and the signal's number.
    static let exitCode: Int32 = 128 + SIGINT

    /// Counts from now on, and for as long as the process lives.
    static func watch() async -> Interrupts {
        let interrupts = Interrupts()
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        Task {
            for await _ in signals where interrupts.raise() >= 3 { exit(exitCode) }
        }
        return interrupts
    }

    private func raise() -> Int { counter.add(1, ordering: .relaxed).newValue }

    /// How many came.
    var count: Int { counter.load(ordering: .relaxed) }

    /// Sleeps so long, or until one comes.
    func sleep(until end: ContinuousClock.Instant) async throws {
        let before = count
        while ContinuousClock.now < end, count == before {
            let next = ContinuousClock.now.advanced(by: .milliseconds(50))
            try await Task.sleep(until: min(next, end), clock: .continuous)
        }
    }
}
