internal import APITypes

/// What a handler answers, before the common headers are put on.
struct Reply: Sendable {
    var status: Int
    var body: [UInt8] = []
    var mediaType: String?
    var headers: HTTPHeaders = [:]
    /// The index that the answer reflects; nil where it reflects none.
    var index: UInt64?
    /// How old a stale answer may be; nil for others.
    var stalenessMilliseconds: UInt64?
    /// The user who was recognised, for the log.
    var actor: String?
    /// The code of an error, for the log.
    var code: ErrorCode?

    init(status: Int, index: UInt64? = nil) {
        self.status = status
        self.index = index
    }

    /// The headers, which it has no longer.
    mutating func takeHeaders() -> HTTPHeaders { exchange(&headers, with: HTTPHeaders()) }

    /// An answer with a JSON body. Everything that this API tells is of somebody, so nothing is
    /// to be stored.
    static func json(_ value: JSONValue, status: Int = 200, index: UInt64? = nil) -> Reply {
        var reply = Reply(status: status, index: index)
        reply.body = value.bytes
        reply.mediaType = MediaType.json
        return reply
    }

    /// The answer to a change that leaves nothing to show.
    static func noContent(index: UInt64) -> Reply { Reply(status: 204, index: index) }

    /// With one more header.
    func adding(_ name: String, _ value: String) -> Reply {
        var copy = self
        copy.headers.add(name, value)
        return copy
    }

    /// With the object's version as entity tag.
    func tagged(_ version: UInt64) -> Reply { adding("ETag", EntityTag.of(version)) }
}
