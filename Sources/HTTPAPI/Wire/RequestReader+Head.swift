internal import APITypes

/// What is known of a head whose lines are still arriving.
struct HeadBuilder: Equatable, Sendable {
    var method = ""
    var path = ""
    var query: String?
    var minorVersion: UInt8 = 1
    var headers = HTTPHeaders()
    /// What the fields have taken so far.
    var bytes = 0
    var fields = 0
}

extension RequestReader {
    /// Reads one line of a head; gives the head with its last line, or a failure.
    mutating func readHeadLine() -> Event? {
        let isRequestLine = state != .fields
        let limit = isRequestLine ? limits.requestLineBytesMax : limits.fieldBytesMax
        guard
            let line = takeLine(
                limit: limit, tooLong: isRequestLine ? .uriTooLong : .headersTooLarge)
        else { return nil }
        switch state {
        case .idle(let skippedEmptyLine):
            if line.isEmpty {
                // One empty line in front is what some old clients send (RFC 9112 §2.2).
                if skippedEmptyLine {
                    fail(.malformed, .requestLine)
                } else {
                    state = .idle(skippedEmptyLine: true)
                }
                return nil
            }
            readRequestLine(line)
        default:
            if line.isEmpty { return finishHead() }
            readField(line)
        }
        return nil
    }

    private mutating func readRequestLine(_ line: Range<Int>) {
        guard let firstSpace = line.first(where: { buffer[$0] == 0x20 }),
            let lastSpace = line.last(where: { buffer[$0] == 0x20 }), firstSpace < lastSpace
        else { return fail(.malformed, .requestLine) }
        let method = buffer[line.lowerBound..<firstSpace]
        let target = buffer[(firstSpace + 1)..<lastSpace]
        guard (1...24).contains(method.count), method.allSatisfy(CharacterClass.isToken) else {
            return fail(.malformed, .method)
        }
        guard readVersion((lastSpace + 1)..<line.upperBound) else { return }
        guard
            let (path, query) = Self.parseTarget(
                target, isOptions: method.elementsEqual("OPTIONS".utf8))
        else { return fail(.malformed, .target) }
        head.method = String(decoding: method, as: UTF8.self)
        head.path = path
        head.query = query
        head.headers.reserve(fields: 12, bytes: 512)
        state = .fields
    }

    private mutating func readVersion(_ version: Range<Int>) -> Bool {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let bytes = buffer[version]
        let major = version.lowerBound + 5
        guard bytes.count == 8, bytes.starts(with: "HTTP/".utf8), digits.contains(bytes[major]),
            bytes[major + 1] == UInt8(ascii: "."), digits.contains(bytes[major + 2])
        else {
            fail(.malformed, .requestLine)
            return false
        }
        guard bytes[major] == UInt8(ascii: "1"), bytes[major + 2] <= UInt8(ascii: "1") else {
            fail(.httpVersion, .version)
            return false
        }
        head.minorVersion = bytes[major + 2] - UInt8(ascii: "0")
        return true
    }

    /// Splits a target into path and query; nil when it is malformed.
    ///
    /// The absolute form is accepted, as RFC 9112 §3.2.2 asks, and its authority is dropped:
    /// nothing here depends on the host.
    static func parseTarget(
        _ target: ArraySlice<UInt8>, isOptions: Bool
    ) -> (path: String, query: String?)? {
        if target.elementsEqual("*".utf8) { return isOptions ? ("*", nil) : nil }
        var rest = target
        if rest.first != UInt8(ascii: "/") {
            guard let afterAuthority = dropSchemeAndAuthority(rest) else { return nil }
            rest = afterAuthority
        }
        let mark = rest.firstIndex(of: UInt8(ascii: "?"))
        let path = rest[..<(mark ?? rest.endIndex)]
        guard
            isEncoded(
                path, allowing: { CharacterClass.isPathCharacter($0) || $0 == UInt8(ascii: "/") })
        else { return nil }
        let query = mark.map { rest[($0 + 1)...] }
        if let query {
            let isQuery: (UInt8) -> Bool = {
                CharacterClass.isPathCharacter($0) || $0 == UInt8(ascii: "/")
                    || $0 == UInt8(ascii: "?")
            }
            guard isEncoded(query, allowing: isQuery) else { return nil }
        }
        return (
            path.isEmpty ? "/" : String(decoding: path, as: UTF8.self),
            query.map { String(decoding: $0, as: UTF8.self) }
        )
    }

    private static func dropSchemeAndAuthority(
        _ target: ArraySlice<UInt8>
    ) -> ArraySlice<UInt8>? {
        for scheme in ["http://", "https://"] {
            let prefix = target.prefix(scheme.utf8.count).map(HTTPHeaders.lower)
            guard prefix.elementsEqual(scheme.utf8) else { continue }
            let rest = target.dropFirst(scheme.utf8.count)
            let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }
            let authority = rest[rest.startIndex..<(end ?? rest.endIndex)]
            guard isAuthority(authority.span) else { return nil }
            return rest[(end ?? rest.endIndex)...]
        }
        return nil
    }

    /// Whether these bytes are a host with an optional port, without user information.
    static func isAuthority(_ bytes: Span<UInt8>) -> Bool {
        !bytes.isEmpty
            && bytes.indices.allSatisfy { index in
                let byte = bytes[index]
                return CharacterClass.isUnreserved(byte) || byte == UInt8(ascii: ":")
                    || byte == UInt8(ascii: "[") || byte == UInt8(ascii: "]")
            }
    }

    private static func isEncoded(
        _ bytes: ArraySlice<UInt8>, allowing isAllowed: (UInt8) -> Bool
    ) -> Bool {
        var index = bytes.startIndex
        while index < bytes.endIndex {
            if bytes[index] == UInt8(ascii: "%") {
                guard index + 2 < bytes.endIndex,
                    CharacterClass.hexDigit(bytes[index + 1]) != nil,
                    CharacterClass.hexDigit(bytes[index + 2]) != nil
                else { return false }
                index += 3
            } else {
                guard isAllowed(bytes[index]) else { return false }
                index += 1
            }
        }
        return true
    }

    private mutating func readField(_ line: Range<Int>) {
        head.bytes += line.count + 2
        guard head.bytes <= limits.headerBytesMax, head.fields < limits.fieldCountMax else {
            return fail(.headersTooLarge, .tooLarge)
        }
        head.fields += 1
        // A second owner for as long as its bytes are lent: nothing is copied.
        let bytes = buffer
        switch Self.parseField(bytes.span.extracting(line)) {
        case .failure(let reason): fail(.malformed, reason)
        case .success(let field):
            head.headers.add(
                received: bytes.span.extracting(line), name: field.name, value: field.value,
                hash: field.hash)
        }
    }

    /// Where name and value lie in a line.
    private struct ParsedField {
        let name: Range<Int>
        /// Without the space around it.
        let value: Range<Int>
        let hash: UInt32
    }

    private enum FieldResult {
        case success(ParsedField)
        case failure(RequestFailure.Reason)
    }

    /// Takes a line apart (RFC 9112 §5).
    private static func parseField(_ line: Span<UInt8>) -> FieldResult {
        if line[0] == 0x20 || line[0] == 0x09 { return .failure(.foldedLine) }
        var hash = HeaderName.Hash()
        var colon = 0
        while colon < line.count, line[colon] != UInt8(ascii: ":") {
            guard CharacterClass.isToken(line[colon]) else { return .failure(.fieldName) }
            hash.add(HTTPHeaders.lower(line[colon]))
            colon += 1
        }
        guard colon > 0, colon < line.count else { return .failure(.fieldName) }
        var begin = colon + 1
        var end = line.count
        var areGood = true
        for index in begin..<end { areGood = areGood && CharacterClass.isFieldValue(line[index]) }
        guard areGood else {
            let hasReturn = (begin..<end).contains { line[$0] == 0x0D }
            return .failure(hasReturn ? .bareCarriageReturn : .fieldValue)
        }
        while begin < end, line[begin] == 0x20 || line[begin] == 0x09 { begin += 1 }
        while begin < end, line[end - 1] == 0x20 || line[end - 1] == 0x09 { end -= 1 }
        return .success(ParsedField(name: 0..<colon, value: begin..<end, hash: hash.value))
    }

    private mutating func finishHead() -> Event? {
        guard checkHost() else { return nil }
        guard let framing = readFraming() else { return nil }
        let isLast = head.headers.list(.connection).contains { $0.asciiLowercased == "close" }
        let expectations = head.headers.all(.expect)
        let isContinue =
            expectations.count == 1
            && HTTPHeaders.same(expectations[0], "100-continue")
        let result = HTTPRequestHead(
            method: head.method, path: head.path, query: head.query,
            minorVersion: head.minorVersion, headers: head.headers, framing: framing,
            keepsAlive: head.minorVersion == 1 && !isLast,
            // A client of HTTP/1.0 cannot wait for it (RFC 9110 §10.1.1).
            expectsContinue: isContinue && head.minorVersion == 1,
            expectsUnknown: !expectations.isEmpty && !isContinue)
        state = .awaitingBodyLimit(framing)
        head = HeadBuilder()
        return .head(result)
    }

    private mutating func checkHost() -> Bool {
        var count = 0
        var areGood = true
        head.headers.visit(.host) { host in
            count += 1
            areGood = areGood && (host.isEmpty || Self.isAuthority(host))
        }
        // An empty Host is what a target without an authority has (RFC 9110 §7.2).
        guard areGood, count == 1 || (count == 0 && head.minorVersion == 0)
        else {
            fail(.malformed, .host)
            return false
        }
        return true
    }

    private mutating func readFraming() -> HTTPRequestHead.Framing? {
        let lengths = head.headers.all(.contentLength)
        let codings = head.headers.all(.transferEncoding)
        if !lengths.isEmpty && !codings.isEmpty {
            fail(.malformed, .lengthAndCoding)
            return nil
        }
        if !codings.isEmpty {
            guard codings.count == 1, HTTPHeaders.same(codings[0], "chunked"),
                head.minorVersion == 1
            else {
                fail(.malformed, .transferEncoding)
                return nil
            }
            return .chunked
        }
        guard let spelling = lengths.first else { return HTTPRequestHead.Framing.none }
        guard lengths.count == 1, (1...15).contains(spelling.utf8.count),
            spelling.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let length = Int(spelling)
        else {
            fail(.malformed, .contentLength)
            return nil
        }
        return .length(length)
    }
}
