import RaftCore
import Replica

/// How long writes stood still after the loss of a leader.
public struct Downtimes: Equatable, Sendable {
    /// How the leader was lost.
    public enum Cause: Int, CaseIterable, Sendable {
        case kill, powerLoss, stop
        public var name: String {
            switch self {
            case .kill: "kill -9 of the leader"
            case .powerLoss: "power loss of the leader"
            case .stop: "orderly stop of the leader"
            }
        }
    }

    private var pending: (cause: Cause, since: UInt64)?
    /// In microseconds of the world, by cause.
    public private(set) var gaps: [[UInt64]] = Cause.allCases.map { _ in [] }

    public static func == (a: Downtimes, b: Downtimes) -> Bool { a.gaps == b.gaps }

    public init() {}

    mutating func lost(_ cause: Cause, at time: UInt64) {
        // One gap at a time: what begins within another belongs to it.
        if pending == nil { pending = (cause, time) }
    }

    mutating func acknowledged(at time: UInt64) {
        guard let gap = pending else { return }
        pending = nil
        gaps[gap.cause.rawValue].append(time - gap.since)
    }

    /// The gap that so many per mille of all stay within, in microseconds.
    public func quantile(_ cause: Cause, perMille: Int) -> UInt64? {
        let sorted = gaps[cause.rawValue].sorted()
        guard !sorted.isEmpty else { return nil }
        return sorted[min(sorted.count - 1, sorted.count * perMille / 1_000)]
    }

    /// Adds one gap, in microseconds.
    public mutating func add(_ gap: UInt64, to cause: Cause) { gaps[cause.rawValue].append(gap) }

    /// Adds the gaps of another world.
    public mutating func add(_ other: Downtimes) {
        for cause in Cause.allCases { gaps[cause.rawValue] += other.gaps[cause.rawValue] }
    }
}

extension World {
    func noteLeaderLoss(_ node: Int, _ ending: Ending) {
        guard nodes[node].process?.glance.role == .leader else { return }
        switch ending {
        case .kill: downtimes.lost(.kill, at: now)
        case .powerLoss: downtimes.lost(.powerLoss, at: now)
        case .stop: downtimes.lost(.stop, at: now)
        }
    }
}
