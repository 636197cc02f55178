/// What one lane of a load is to do.
public struct LaneOptions: Sendable {
    /// How many connections it has, numbered from 0.
    public var connections: Int
    /// Requests in a second of all lanes together; nil for a closed loop.
    public var ratePerSecond: UInt64?
    /// Which lane it is, from 0, and of how many.
    public var lane: Int
    public var lanes: Int
    /// The most that waits for a connection in an open loop.
    public var queueMax: Int
    /// When a request without an answer has failed, in milliseconds since it was sent.
    public var timeoutMilliseconds: UInt64

    public init(
        connections: Int, ratePerSecond: UInt64?, lane: Int, of lanes: Int, queueMax: Int,
        timeoutMilliseconds: UInt64
    ) {
        precondition(connections > 0, "\(connections) connections")
        self.connections = connections
        self.ratePerSecond = ratePerSecond
        self.lane = lane
        self.lanes = lanes
        self.queueMax = queueMax
        self.timeoutMilliseconds = timeoutMilliseconds
    }
}
