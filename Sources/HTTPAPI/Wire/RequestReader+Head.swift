internal import APITypes

/// What is known of a head whose lines are still arriving.
struct HeadBuilder: Equatable, Sendable {
    var method = ""
    var path = ""
    var query: String?
    var minorVersion: UInt8 = 1
    var headers = HTTPHeaders()
    var bytes = 0
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
        guard let firstSpace = buffer[line].firstIndex(of: 0x20),
            let lastSpace = buffer[line].lastIndex(of: 0x20), firstSpace < lastSpace
        else { return fail(.malformed, .requestLine) }
        let method = buffer[line.lowerBound..<firstSpace]
        let target = buffer[(firstSpace + 1)..<lastSpace]
        let version = buffer[(lastSpace + 1)..<line.upperBound]
        guard (1...24).contains(method.count), method.allSatisfy(CharacterClass.isToken) else {
            return fail(.malformed, .method)
        }
        guard readVersion(version) else { return }
        guard
            let (path, query) = Self.parseTarget(
                target, isOptions: method.elementsEqual("OPTIONS".utf8))
        else { return fail(.malformed, .target) }
        head.method = String(decoding: method, as: UTF8.self)
        head.path = path
        head.query = query
        state = .fields
    }

    private mutating func readVersion(_ version: ArraySlice<UInt8>) -> Bool {
        let bytes = Array(version)
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard bytes.count == 8, bytes.starts(with: "HTTP/".utf8), digits.contains(bytes[5]),
            bytes[6] == UInt8(ascii: "."), digits.contains(bytes[7])
        else {
            fail(.malformed, .requestLine)
            return false
        }
        guard bytes[5] == UInt8(ascii: "1"), bytes[7] <= UInt8(ascii: "1") else {
            fail(.httpVersion, .version)
            return false
        }
        head.minorVersion = bytes[7] - UInt8(ascii: "0")
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
        let parts = rest.split(
            separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts.first ?? []
        guard
            isEncoded(
                path, allowing: { CharacterClass.isPathCharacter($0) || $0 == UInt8(ascii: "/") })
        else { return nil }
        let query = parts.count > 1 ? parts[1] : nil
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
            guard isAuthority(authority) else { return nil }
            return rest[(end ?? rest.endIndex)...]
        }
        return nil
    }

    /// Whether these bytes are a host with an optional port, without user information.
    static func isAuthority(_ bytes: ArraySlice<UInt8>) -> Bool {
        !bytes.isEmpty
            && bytes.allSatisfy {
                CharacterClass.isUnreserved($0) || $0 == UInt8(ascii: ":")
                    || $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "]")
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
        guard head.bytes <= limits.headerBytesMax,
            head.headers.fields.count < limits.fieldCountMax
        else { return fail(.headersTooLarge, .tooLarge) }
        if buffer[line.lowerBound] == 0x20 || buffer[line.lowerBound] == 0x09 {
            return fail(.malformed, .foldedLine)
        }
        guard let colon = buffer[line].firstIndex(of: UInt8(ascii: ":")) else {
            return fail(.malformed, .fieldName)
        }
        let name = buffer[line.lowerBound..<colon]
        guard !name.isEmpty, name.allSatisfy(CharacterClass.isToken) else {
            return fail(.malformed, .fieldName)
        }
        var value = buffer[(colon + 1)..<line.upperBound]
        guard !value.contains(0x0D) else { return fail(.malformed, .bareCarriageReturn) }
        guard value.allSatisfy(CharacterClass.isFieldValue) else {
            return fail(.malformed, .fieldValue)
        }
        while let first = value.first, first == 0x20 || first == 0x09 { value.removeFirst() }
        while let last = value.last, last == 0x20 || last == 0x09 { value.removeLast() }
        head.headers.add(
            String(decoding: name.map(HTTPHeaders.lower), as: UTF8.self), Self.text(value))
    }

    /// A value as text: UTF-8, or where it is not, each byte as the scalar of its number.
    private static func text(_ value: ArraySlice<UInt8>) -> String {
        if let text = String(validating: value, as: UTF8.self) { return text }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: value.map { Unicode.Scalar($0) })
        return String(text)
    }

    private mutating func finishHead() -> Event? {
        guard checkHost() else { return nil }
        guard let framing = readFraming() else { return nil }
        let connection = head.headers.list("connection").map(\.asciiLowercased)
        let expectations = head.headers.all("expect")
        let isContinue =
            expectations.count == 1
            && HTTPHeaders.same(expectations[0], "100-continue")
        let result = HTTPRequestHead(
            method: head.method, path: head.path, query: head.query,
            minorVersion: head.minorVersion, headers: head.headers, framing: framing,
            keepsAlive: head.minorVersion == 1 && !connection.contains("close"),
            // A client of HTTP/1.0 cannot wait for it (RFC 9110 §10.1.1).
            expectsContinue: isContinue && head.minorVersion == 1,
            expectsUnknown: !expectations.isEmpty && !isContinue)
        state = .awaitingBodyLimit(framing)
        head = HeadBuilder()
        return .head(result)
    }

    private mutating func checkHost() -> Bool {
        let hosts = head.headers.all("host")
        // An empty Host is what a target without an authority has (RFC 9110 §7.2).
        guard hosts.count == 1 || (hosts.isEmpty && head.minorVersion == 0),
            hosts.allSatisfy({ $0.isEmpty || Self.isAuthority(ArraySlice($0.utf8)) })
        else {
            fail(.malformed, .host)
            return false
        }
        return true
    }

    private mutating func readFraming() -> HTTPRequestHead.Framing? {
        let lengths = head.headers.all("content-length")
        let codings = head.headers.all("transfer-encoding")
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
