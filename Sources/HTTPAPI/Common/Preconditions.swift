internal import AuthCore
internal import AuthService

/// An object's version as an entity tag, and the conditions that name one (RFC 9110 §13).
enum EntityTag {
    /// The strong tag of a version.
    static func of(_ version: UInt64) -> String { "\"\(version)\"" }

    /// The condition that a write's fields ask for; nil when they are malformed or contradict.
    ///
    /// `If-Match: *` asks that there be an object, which every update does by itself.
    static func condition(_ headers: HTTPHeaders) -> VersionCondition? {
        let match = headers.all("if-match")
        let noneMatch = headers.all("if-none-match")
        guard match.count + noneMatch.count <= 1 else { return nil }
        if let tag = match.first {
            if tag == "*" { return .any }
            guard let version = version(tag) else { return nil }
            return .version(version)
        }
        if let tag = noneMatch.first { return tag == "*" ? .absent : nil }
        return .any
    }

    /// Whether a read's `If-None-Match` names `tag`, so that 304 is the answer.
    static func isUnchanged(_ headers: HTTPHeaders, tag: String) -> Bool {
        headers.list("if-none-match").contains { $0 == "*" || $0 == tag || $0 == "W/" + tag }
    }

    private static func version(_ tag: String) -> UInt64? {
        let utf8 = tag.utf8
        guard (3...22).contains(utf8.count), utf8.first == UInt8(ascii: "\""),
            utf8.last == UInt8(ascii: "\"")
        else { return nil }
        let digits = utf8.dropFirst().dropLast()
        guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return UInt64(String(decoding: digits, as: UTF8.self))
    }
}
