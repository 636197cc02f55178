/// Why a request was not answered as wished.
public struct ClientError: Error, Equatable, Sendable, CustomStringConvertible {
    /// One word for the reason: the server's `code`, or one of the client's own.
    public struct Code: RawRepresentable, Hashable, Sendable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        /// No node could be reached before the deadline.
        public static let unreachable = Code(rawValue: "unreachable")
        /// What a node answered is not what the interface says.
        public static let unintelligible = Code(rawValue: "unintelligible")
        /// A write may have happened or not, and could not be asked again in time.
        public static let outcomeUnknown = Code(rawValue: "outcome_unknown")
        /// What was asked for is done in the caller's own tenant only.
        public static let ownTenant = Code(rawValue: "own_tenant")
        public static let notFound = Code(rawValue: "not_found")
        public static let exists = Code(rawValue: "exists")
        public static let versionMismatch = Code(rawValue: "version_mismatch")
        public static let noLeader = Code(rawValue: "no_leader")
    }

    /// What went wrong, in one word.
    public let code: Code
    /// The HTTP status, or 0 when there was no answer.
    public let status: Int
    /// A sentence for people.
    public let detail: String
    /// Names the request in the server's logs.
    public let requestID: String?

    public init(code: Code, status: Int = 0, detail: String, requestID: String? = nil) {
        self.code = code
        self.status = status
        self.detail = detail
        self.requestID = requestID
    }

    public var description: String {
        "\(detail) (\(code.rawValue)\(requestID.map { ", request \($0)" } ?? ""))"
    }
}
