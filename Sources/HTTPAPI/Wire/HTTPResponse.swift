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
        let shared = headers.block?.bytes ?? []
        output.reserveCapacity(320 + shared.count + headers.own.count * 48 + body.count)
        output.append(contentsOf: "HTTP/1.1 ".utf8)
        output.append(contentsOf: String(status).utf8)
        output.append(UInt8(ascii: " "))
        output.append(contentsOf: Self.reason(status).utf8)
        output.append(contentsOf: "\r\n".utf8)
        output.append(contentsOf: shared)
        for field in headers.own { Self.write(field, to: &output) }
        output.append(contentsOf: dateLine.bytes(at: date))
        if !keepsAlive || closes { output.append(contentsOf: "Connection: close\r\n".utf8) }
        let hasNoBody = status == 204 || status == 304 || status < 200
        if !hasNoBody {
            output.append(contentsOf: "Content-Length: ".utf8)
            output.append(contentsOf: String(body.count).utf8)
            output.append(contentsOf: "\r\n".utf8)
        }
        output.append(contentsOf: "\r\n".utf8)
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

    /// The fields that frame the message are written by the serialiser alone.
    private static func isOurs(_ name: String) -> Bool {
        switch name.utf8.count {
        case 4: HTTPHeaders.same(name, "date")
        case 10: HTTPHeaders.same(name, "connection")
        case 14: HTTPHeaders.same(name, "content-length")
        case 17: HTTPHeaders.same(name, "transfer-encoding")
        default: false
        }
    }

    /// Spells a field, unless it is one that the serialiser writes by itself.
    static func write(_ field: HTTPHeaders.Field, to output: inout [UInt8]) {
        guard !isOurs(field.name) else { return }
        let begin = output.count
        if !append(field.name, to: &output, if: CharacterClass.isToken) {
            output.append(contentsOf: field.name.utf8.lazy.filter(CharacterClass.isToken))
        }
        guard output.count > begin else { return }
        output.append(UInt8(ascii: ":"))
        output.append(UInt8(ascii: " "))
        if !append(field.value, to: &output, if: isPlain) {
            for byte in field.value.utf8 {
                if isPlain(byte) {
                    output.append(byte)
                } else {
                    PercentEncoding.append(byte, to: &output)
                }
            }
        }
        output.append(UInt8(ascii: "\r"))
        output.append(UInt8(ascii: "\n"))
    }

    /// Appends a text all of whose bytes are good, as nearly every one's are; else nothing.
    @inline(__always)
    private static func append(
        _ text: String, to output: inout [UInt8], if isGood: (UInt8) -> Bool
    ) -> Bool {
        let begin = output.count
        output.append(contentsOf: text.utf8)
        var areGood = true
        for index in begin..<output.count { areGood = areGood && isGood(output[index]) }
        if !areGood { output.removeSubrange(begin...) }
        return areGood
    }

    private static func isPlain(_ byte: UInt8) -> Bool { byte >= 0x20 && byte < 0x7F }

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
