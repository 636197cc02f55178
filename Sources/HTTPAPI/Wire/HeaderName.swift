/// The name of a header field, with what it takes to find a field by it and to spell it.
///
/// Names are the same without regard to ASCII case (RFC 9110 §5.1).
public struct HeaderName: Sendable, CustomStringConvertible {
    /// As it is spelt on answers.
    public let description: String
    /// The name, a colon and a space.
    let opening: [UInt8]
    /// Of the name in lower case.
    let hash: UInt32
    /// Whether fields of this name stand on answers as they are.
    let isWritten: Bool

    public init(_ text: String) {
        description = text
        opening = Array(text.utf8) + [UInt8(ascii: ":"), UInt8(ascii: " ")]
        var hash = Hash()
        for byte in text.utf8 { hash.add(HTTPHeaders.lower(byte)) }
        self.hash = hash.value
        isWritten =
            !text.isEmpty && text.utf8.allSatisfy(CharacterClass.isToken)
            && !Self.isFraming(text)
    }

    /// Whether the serialiser writes fields of this name by itself.
    static func isFraming(_ name: String) -> Bool {
        switch name.utf8.count {
        case 4: HTTPHeaders.same(name, "date")
        case 10: HTTPHeaders.same(name, "connection")
        case 14: HTTPHeaders.same(name, "content-length")
        case 17: HTTPHeaders.same(name, "transfer-encoding")
        default: false
        }
    }

    /// FNV-1a in 32 bits (draft-eastlake-fnv): short names, and no secret to keep; those that
    /// collide are told apart by their bytes, of which one message has few.
    struct Hash {
        private(set) var value: UInt32 = 0x811C_9DC5

        mutating func add(_ byte: UInt8) { value = (value ^ UInt32(byte)) &* 0x0100_0193 }
    }
}

extension HeaderName {
    // What is asked of every request.
    static let authorization = HeaderName("Authorization")
    static let keyOfOurs = HeaderName("X-API-Key")
    static let keyOfOthers = HeaderName("API-Key")
    static let cookie = HeaderName("Cookie")
    static let traceParent = HeaderName("traceparent")
    static let forwardedFor = HeaderName("X-Forwarded-For")
    static let requiredPermission = HeaderName("X-Required-Permission")
    static let requiredTenant = HeaderName("X-Required-Tenant")
    static let host = HeaderName("Host")
    static let connection = HeaderName("Connection")
    static let expect = HeaderName("Expect")
    static let contentLength = HeaderName("Content-Length")
    static let transferEncoding = HeaderName("Transfer-Encoding")
    // What stands on every answer.
    static let requestID = HeaderName("X-Request-ID")
    static let cacheControl = HeaderName("Cache-Control")
    static let contentType = HeaderName("Content-Type")
    static let entityTag = HeaderName("ETag")
    static let leader = HeaderName("Watchword-Leader")
    static let term = HeaderName("Watchword-Term")
    static let index = HeaderName("Watchword-Index")
    static let staleness = HeaderName("Watchword-Staleness-Ms")
}
