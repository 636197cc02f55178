/// When clients asked and were answered, to be told in figures. Times are in microseconds.
struct Measurements {
    enum Result { case done, refused, unknown }

    struct Answer {
        let began: UInt64
        let ended: UInt64
        let result: Result
        var latency: UInt64 { ended - began }
    }

    private(set) var writes: [Answer] = []
    private(set) var reads: [Answer] = []

    mutating func write(_ began: UInt64, _ ended: UInt64, _ result: Result) {
        writes.append(Answer(began: began, ended: ended, result: result))
    }

    mutating func read(_ began: UInt64, _ ended: UInt64, _ result: Result) {
        reads.append(Answer(began: began, ended: ended, result: result))
    }
}

/// What came of one kind of operation.
public struct OperationFigures: Sendable {
    public let done: Int
    public let refused: Int
    public let unknown: Int
    private let latencies: [UInt64]
    // The moments of the answers that say that it was done, in order.
    private let moments: [UInt64]

    init(_ answers: [Measurements.Answer]) {
        let done = answers.filter { $0.result == .done }
        self.done = done.count
        refused = answers.count { $0.result == .refused }
        unknown = answers.count { $0.result == .unknown }
        latencies = done.map(\.latency).sorted()
        moments = done.map(\.ended).sorted()
    }

    /// The latency that so many per mille of those that were done stay within, in microseconds.
    public func latency(perMille: Int) -> UInt64? {
        guard !latencies.isEmpty else { return nil }
        return latencies[min(latencies.count - 1, latencies.count * perMille / 1_000)]
    }

    /// The longest part of `range` in which no operation was done.
    public func longestGap(in range: ClosedRange<UInt64>) -> (from: UInt64, length: UInt64) {
        var longest: (from: UInt64, length: UInt64) = (range.lowerBound, 0)
        var last = range.lowerBound
        for moment in moments.filter(range.contains) + [range.upperBound] {
            if moment - last > longest.length { longest = (last, moment - last) }
            last = moment
        }
        return longest
    }
}
