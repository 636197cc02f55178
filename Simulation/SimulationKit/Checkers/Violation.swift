/// A promise that was broken.
public struct Violation: Equatable, Sendable, CustomStringConvertible {
    /// The name of the promise in `docs/simulator.md`, such as `S6`.
    public let rule: String
    /// What was seen.
    public let detail: String
    /// When, in microseconds of the world.
    public var time: UInt64 = 0

    init(_ rule: String, _ detail: String) {
        self.rule = rule
        self.detail = detail
    }

    public var description: String { "\(rule): \(detail) (at \(time) µs)" }
}
