/// The moments at which an open loop means to send: the n-th of them n / rate after the beginning.
///
/// Each is computed from the beginning, so nothing adds up over a long run. Several lanes share one
/// rate: each takes every `lanes`-th moment.
public struct Pace: Equatable, Sendable {
    private let begin: Moment
    private let ratePerSecond: UInt64
    private let lanes: UInt64
    private var position: UInt64

    /// - Parameters:
    ///   - ratePerSecond: of all lanes together; 1 to 10⁶.
    ///   - lane: which of the lanes this is, from 0.
    public init(begin: Moment, ratePerSecond: UInt64, lane: Int, of lanes: Int) {
        precondition((1...1_000_000).contains(ratePerSecond), "rate \(ratePerSecond)")
        precondition((0..<lanes).contains(lane), "lane \(lane) of \(lanes)")
        self.begin = begin
        self.ratePerSecond = ratePerSecond
        self.lanes = UInt64(lanes)
        position = UInt64(lane)
    }

    /// The next moment at which something is to be sent.
    public var next: Moment {
        // Whole seconds apart, so that no product leaves 64 bits.
        let (seconds, rest) = position.quotientAndRemainder(dividingBy: ratePerSecond)
        let nanoseconds = seconds * 1_000_000_000 + rest * 1_000_000_000 / ratePerSecond
        return Moment(nanoseconds: begin.nanoseconds + nanoseconds)
    }

    /// Takes the next moment if it has come.
    public mutating func take(at now: Moment) -> Moment? {
        let due = next
        guard due <= now else { return nil }
        position += lanes
        return due
    }
}
