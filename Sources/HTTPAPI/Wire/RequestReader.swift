public import APITypes

/// Reads the requests of one connection out of its bytes, strictly as RFC 9112 frames them.
///
/// A pure value: `feed` it what arrived, then take events with `next` until it gives nil. What two
/// readers in a row could understand differently is refused, and nothing behind it is read:
/// length and coding together, either one twice, odd spellings of a length, codings other than
/// `chunked`, chunk extensions, trailers, bare CR or LF, NUL, space in front of a colon, folded
/// lines. Memory is bounded: the reader holds at most one head, or what was fed at once.
///
/// Order of events for each request: `head`, `body` any number of times, `end`. Behind `head` the
/// reader waits until `expectBody` says how large the body may be. Behind `end` it reads the next
/// request. `failure` is the last event for ever: answer with its code, and close.
public struct RequestReader: Sendable {
    /// How much of each part is read before it is refused.
    public struct Limits: Equatable, Sendable {
        public var requestLineBytesMax = 8 << 10
        public var fieldBytesMax = 8 << 10
        public var headerBytesMax = 16 << 10
        public var fieldCountMax = 100
        public init() {}
    }

    /// What was read.
    public enum Event: Equatable, Sendable {
        /// A head is whole. Nothing more comes before `expectBody`.
        case head(HTTPRequestHead)
        /// A part of the body, never empty.
        case body([UInt8])
        /// The request is whole.
        case end
        /// The bytes are no acceptable request. The answer has this code and closes.
        case failure(RequestFailure)
    }

    enum State: Equatable, Sendable {
        /// Before the first byte of a request line; one empty line may still come.
        case idle(skippedEmptyLine: Bool)
        case fields
        /// A head was given; how large may its body be?
        case awaitingBodyLimit(HTTPRequestHead.Framing)
        case lengthBody(remaining: Int)
        case chunkSize
        case chunkData(remaining: Int)
        case chunkDataEnd
        case trailers
        case failed(RequestFailure)
    }

    let limits: Limits
    /// What was fed and not yet consumed.
    var buffer: [UInt8] = []
    /// The first unconsumed byte of `buffer`.
    var position = 0
    /// Where the search for the end of the present line goes on.
    var searched = 0
    var state = State.idle(skippedEmptyLine: false)
    var head = HeadBuilder()
    var bodyBytesLeft = 0

    public init(limits: Limits = Limits()) { self.limits = limits }

    /// How many bytes were fed and not consumed; the shell stops reading while it is large.
    public var bufferedBytes: Int { buffer.count - position }

    /// Whether the reader is between two requests with nothing in hand, so that a connection may
    /// be closed without cutting anything off.
    public var isIdle: Bool {
        if case .idle = state { return bufferedBytes == 0 }
        return false
    }

    /// Takes over bytes from the connection.
    public mutating func feed(_ bytes: some Sequence<UInt8>) {
        if case .failed = state { return }
        if position > 0 {
            buffer.removeFirst(position)
            searched -= position
            position = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// Says how many bytes of body are acceptable, which lets the reader go on behind a head.
    ///
    /// - Precondition: the last event was `head`.
    public mutating func expectBody(atMost limitBytes: Int) {
        guard case .awaitingBodyLimit(let framing) = state else {
            preconditionFailure("no head is waiting for its body's limit")
        }
        precondition(limitBytes >= 0, "limit \(limitBytes)")
        bodyBytesLeft = limitBytes
        switch framing {
        case .none: state = .lengthBody(remaining: 0)
        case .length(let length) where length > limitBytes: fail(.contentTooLarge, .bodyTooLarge)
        case .length(let length): state = .lengthBody(remaining: length)
        case .chunked: state = .chunkSize
        }
    }

    /// The next event; nil when more bytes are needed, or `expectBody`.
    public mutating func next() -> Event? {
        while true {
            switch state {
            case .idle, .fields:
                guard let event = readHeadLine() else {
                    if needsMoreBytes { return nil }
                    continue
                }
                return event
            case .awaitingBodyLimit: return nil
            case .lengthBody(0): return finishRequest()
            case .lengthBody(let remaining):
                guard let part = takePart(atMost: remaining) else { return nil }
                state = .lengthBody(remaining: remaining - part.count)
                return .body(part)
            case .chunkSize, .chunkDataEnd, .trailers:
                guard let line = takeLine(limit: Self.chunkLineBytesMax, tooLong: .malformed)
                else {
                    if needsMoreBytes { return nil }
                    continue
                }
                if let event = readChunkLine(line) { return event }
            case .chunkData(let remaining):
                guard let part = takePart(atMost: remaining) else { return nil }
                let left = remaining - part.count
                state = left == 0 ? .chunkDataEnd : .chunkData(remaining: left)
                return .body(part)
            case .failed(let failure): return .failure(failure)
            }
        }
    }

    /// A size of eight digits and its CRLF fit; everything longer is refused.
    private static let chunkLineBytesMax = 10

    /// Set by `takeLine` when the line's end has not come yet.
    var needsMoreBytes = false

    mutating func fail(_ code: ErrorCode, _ reason: RequestFailure.Reason) {
        state = .failed(RequestFailure(code: code, reason: reason))
        buffer = []
        position = 0
        searched = 0
    }

    private mutating func finishRequest() -> Event {
        state = .idle(skippedEmptyLine: false)
        head = HeadBuilder()
        return .end
    }

    private mutating func takePart(atMost count: Int) -> [UInt8]? {
        let available = min(count, bufferedBytes)
        guard available > 0 else { return nil }
        let part = Array(buffer[position..<(position + available)])
        position += available
        searched = position
        return part
    }

    /// Takes a line without its CRLF; nil when it is not whole yet, or was refused.
    mutating func takeLine(limit: Int, tooLong: ErrorCode) -> Range<Int>? {
        needsMoreBytes = false
        searched = Self.lineFeed(in: buffer.span, from: searched)
        let length = searched - position
        // The limit holds for the line with its CR, and for a beginning without its end.
        if length > limit + 1 {
            fail(tooLong, tooLong == .malformed ? .chunk : .tooLarge)
            return nil
        }
        guard searched < buffer.count else {
            needsMoreBytes = true
            return nil
        }
        guard length > 0, buffer[searched - 1] == 0x0D else {
            fail(.malformed, .bareLineFeed)
            return nil
        }
        let line = position..<(searched - 1)
        searched += 1
        position = searched
        return line
    }

    /// The first line feed, or the end where there is none.
    private static func lineFeed(in bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index < bytes.count, bytes[index] != 0x0A { index += 1 }
        return index
    }

    private mutating func readChunkLine(_ line: Range<Int>) -> Event? {
        switch state {
        case .chunkDataEnd:
            if line.isEmpty { state = .chunkSize } else { fail(.malformed, .chunk) }
        case .trailers:
            if line.isEmpty { return finishRequest() }
            fail(.malformed, .trailer)
        default: readChunkSize(line)
        }
        return nil
    }

    private mutating func readChunkSize(_ line: Range<Int>) {
        guard (1...8).contains(line.count) else { return fail(.malformed, .chunk) }
        var size = 0
        for index in line {
            guard let digit = CharacterClass.hexDigit(buffer[index]) else {
                return fail(.malformed, .chunk)
            }
            size = size << 4 | Int(digit)
        }
        guard size <= bodyBytesLeft else { return fail(.contentTooLarge, .bodyTooLarge) }
        bodyBytesLeft -= size
        state = size == 0 ? .trailers : .chunkData(remaining: size)
    }
}

/// Why bytes are no acceptable request.
public struct RequestFailure: Error, Equatable, Sendable {
    /// What is wrong; says nothing of the bytes themselves.
    public enum Reason: String, Equatable, Sendable {
        case bareLineFeed = "a line must end with CR LF"
        case bareCarriageReturn = "a CR stands alone"
        case requestLine = "the request line is malformed"
        case method = "the method is malformed"
        case target = "the request target is malformed"
        case version = "the HTTP version is not supported"
        case fieldName = "a field name is malformed"
        case fieldValue = "a field value holds a control character"
        case foldedLine = "folded field lines are obsolete"
        case host = "there must be exactly one Host"
        case contentLength = "the Content-Length is malformed or repeated"
        case transferEncoding = "the only transfer coding is chunked, once, in HTTP/1.1"
        case lengthAndCoding = "Content-Length and Transfer-Encoding exclude one another"
        case chunk = "a chunk is malformed"
        case trailer = "trailers are not accepted"
        case tooLarge = "a part of the head is too large"
        case bodyTooLarge = "the body is too large"
    }
    /// The answer's code; the connection is closed behind it.
    public var code: ErrorCode
    public var reason: Reason
    public init(code: ErrorCode, reason: Reason) {
        self.code = code
        self.reason = reason
    }
}
