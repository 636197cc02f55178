/// The body of every error (RFC 9457).
public struct ProblemDetails: Equatable, Sendable {
    /// The media type of this body.
    public static let mediaType = "application/problem+json"

    /// The code's name; a client may meet names that it does not know.
    public var code: String
    public var status: Int
    public var title: String
    /// What is wrong in this case. Never holds a credential, nor anything else of the request.
    public var detail: String?
    public var requestID: String

    /// The problem of this code.
    public init(_ code: ErrorCode, detail: String? = nil, requestID: String) {
        self.code = code.rawValue
        status = code.status
        title = code.title
        self.detail = detail
        self.requestID = requestID
    }

    /// The body as JSON.
    public var json: JSONValue {
        .object([
            "type": .string("urn:watchword:problem:\(code)"),
            "title": .string(title),
            "status": .integer(Int64(status)),
            "detail": .string(detail ?? title),
            "code": .string(code),
            "request_id": .string(requestID),
        ])
    }

    /// Reads a body; nil when it is not a problem of ours.
    public init?(json: JSONValue) {
        guard let code = json["code"]?.string, let status = json["status"]?.integer,
            (400...599).contains(status)
        else { return nil }
        self.code = code
        self.status = Int(status)
        title = json["title"]?.string ?? code
        detail = json["detail"]?.string
        requestID = json["request_id"]?.string ?? ""
    }
}
