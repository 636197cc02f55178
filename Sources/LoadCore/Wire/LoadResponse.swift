/// A whole HTTP response, without the fields that a load does not look at.
public struct LoadResponse: Equatable, Sendable {
    public var status: Int
    /// `X-Error-Code`, which refusals without a body carry.
    public var errorCode: String?
    public var body: [UInt8]
    /// Whether no other request may follow on this connection.
    public var closes: Bool

    public init(
        status: Int, errorCode: String? = nil, body: [UInt8] = [], closes: Bool = false
    ) {
        self.status = status
        self.errorCode = errorCode
        self.body = body
        self.closes = closes
    }
}
