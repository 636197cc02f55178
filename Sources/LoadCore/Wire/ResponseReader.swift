/// Finds HTTP/1.1 responses in the bytes of a connection on which one request at a time is sent.
///
/// It knows what this server and proxies in front of it write: bodies with a `Content-Length`, or
/// none. That is a small part of RFC 9112, on purpose: a load generator that takes longer to read
/// than the server to answer measures itself.
public struct ResponseReader: Sendable {
    /// The most that the status line and the fields may take.
    static let headBytesMax = 32 << 10
    /// The longest body that is taken.
    static let bodyBytesMax = 512 << 10

    /// Why a connection cannot be read on.
    public struct Failure: Error, Equatable, Sendable {
        /// One word for it.
        public let code: String
    }

    /// What came and was not taken yet.
    @usableFromInline var input: [UInt8] = []
    /// The head that was read already, while its body is awaited; its bytes are gone from `input`.
    private var head: ResponseHead?

    public init() {}

    /// Takes what has come.
    @inlinable
    public mutating func append(_ bytes: some Sequence<UInt8>) {
        input.append(contentsOf: bytes)
    }

    /// The next response, or nil while it is not whole.
    ///
    /// - Throws: `Failure` when what came is no response, or none that this reader knows.
    public mutating func next() throws(Failure) -> LoadResponse? {
        while true {
            if let head { return finish(head) }
            guard let end = endOfHead() else {
                guard input.count <= Self.headBytesMax else { throw Failure(code: "long_head") }
                return nil
            }
            guard let read = ResponseHead(input[..<end]) else {
                throw Failure(code: "unintelligible")
            }
            guard read.bodyBytes <= Self.bodyBytesMax else { throw Failure(code: "long_body") }
            input.removeFirst(end)
            // What comes before the final response is no answer (RFC 9110 §15.2).
            if read.status >= 200 { head = read }
        }
    }

    private mutating func finish(_ head: ResponseHead) -> LoadResponse? {
        guard input.count >= head.bodyBytes else { return nil }
        self.head = nil
        let body = Array(input[..<head.bodyBytes])
        if input.count == body.count {
            input.removeAll(keepingCapacity: true)
        } else {
            input.removeFirst(body.count)
        }
        return LoadResponse(
            status: head.status, errorCode: head.errorCode, body: body, closes: head.closes)
    }

    /// Where the empty line behind the fields ends.
    private func endOfHead() -> Int? {
        var position = 3
        while position < input.count {
            // Three of four bytes need no look: the last of the four must be a line's end.
            switch input[position] {
            case 0x0A:
                if input[position - 1] == 0x0D, input[position - 2] == 0x0A,
                    input[position - 3] == 0x0D
                {
                    return position + 1
                }
                position += 2
            case 0x0D: position += 1
            default: position += 4
            }
        }
        return nil
    }
}
