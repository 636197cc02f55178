internal import APITypes
public import ByteCodec

/// One whole answer.
public struct HTTPResponse: Equatable, Sendable {
    public var status: Int
    public var headers: HTTPHeaders
    public var body: [UInt8]
    /// Whether the connection must be closed behind this answer.
    public var closes: Bool

    public init(
        status: Int, headers: HTTPHeaders = [:], body: [UInt8] = [], closes: Bool = false
    ) {
        precondition((100...599).contains(status), "status \(status)")
        self.status = status
        self.headers = headers
        self.body = body
        self.closes = closes
    }

    /// What tells a waiting client to send its body.
    public static let continueBytes: [UInt8] = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// The bytes for the connection.
    ///
    /// Whatever stands in a header, no line can be broken out of it: bytes that have no place in a
    /// name are left out, and in a value they are percent-encoded.
    ///
    /// - Parameters:
    ///   - method: the request's; an answer to HEAD keeps its length and loses its body.
    ///   - keepsAlive: what the request allows; `closes` overrides it.
    ///   - date: the wall clock.
    public func serialized(method: String, keepsAlive: Bool, date: Timestamp) -> [UInt8] {
        var line = DateLine()
        return serialized(method: method, keepsAlive: keepsAlive, date: date, &line)
    }

    /// The same, with a date that is spelt out once in a second.
    public func serialized(
        method: String, keepsAlive: Bool, date: Timestamp, _ dateLine: inout DateLine
    ) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(160 + headers.byteCount + body.count)
        output.append(contentsOf: Self.statusLines[status])
        headers.write(to: &output)
        output.append(contentsOf: dateLine.bytes(at: date))
        if !keepsAlive || closes { output.append(contentsOf: "Connection: close\r\n".utf8) }
        let hasNoBody = status == 204 || status == 304 || status < 200
        if !hasNoBody {
            output.append(contentsOf: HeaderName.contentLength.opening)
            output.append(contentsOf: String(body.count).utf8)
            output.append(contentsOf: FieldList.lineEnd)
        }
        output.append(contentsOf: FieldList.lineEnd)
        if !hasNoBody && method != "HEAD" { output.append(contentsOf: body) }
        return output
    }

    /// The line of the date, kept for as long as it is right (RFC 9110 §6.6.1).
    public struct DateLine: Sendable {
        private var second = UInt64.max
        private var line: [UInt8] = []

        public init() {}

        fileprivate mutating func bytes(at time: Timestamp) -> [UInt8] {
            let now = time.rawValue / 1_000
            if now != second {
                line = Array("Date: \(CalendarTime(time).imfFixdate)\r\n".utf8)
                second = now
            }
            return line
        }
    }

    /// The first line for each status.
    private static let statusLines = (0...599).map { status in
        Array("HTTP/1.1 \(status) \(reason(status))\r\n".utf8)
    }

    /// The words behind the status, which nobody should read (RFC 9112 §4).
    static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 204: "No Content"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 411: "Length Required"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 422: "Unprocessable Content"
        case 428: "Precondition Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        case 507: "Insufficient Storage"
        default: "Status"
        }
    }
}
