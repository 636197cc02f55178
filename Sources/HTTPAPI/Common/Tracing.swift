internal import Cryptography

/// The name under which one request stands in its answer, the log and the audit trail.
enum RequestID {
    /// The incoming name when it is well-formed, else a new one of 128 random bits.
    static func choose(
        _ headers: HTTPHeaders, _ names: RequestNames, random: any RandomBytes
    ) -> String {
        let incoming = headers.all(.requestID)
        if incoming.count == 1, isWellFormed(incoming[0]) { return incoming[0] }
        return names.draw(random)
    }

    /// Whether these are 1 to 128 of `[A-Za-z0-9._-]`.
    static func isWellFormed(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { CharacterClass.isUnreserved($0) && $0 != UInt8(ascii: "~") }
    }

    static func hex(_ bytes: [UInt8]) -> String { hex(bytes.span) }

    static func hex(_ bytes: Span<UInt8>) -> String {
        func digit(_ value: UInt8) -> UInt8 {
            value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + (value - 10)
        }
        // Every place is written, with ASCII.
        return unsafe String(unsafeUninitializedCapacity: 2 * bytes.count) { text in
            for index in bytes.indices {
                unsafe text[2 * index] = digit(bytes[index] >> 4)
                unsafe text[2 * index + 1] = digit(bytes[index] & 15)
            }
            return 2 * bytes.count
        }
    }
}

/// A position in a distributed trace (W3C Trace Context §3.2).
public struct TraceParent: Hashable, Sendable, CustomStringConvertible {
    /// 32 lower-case hexadecimal digits.
    public let traceID: String
    /// 16 lower-case hexadecimal digits: the caller's span.
    public let parentID: String
    /// 2 lower-case hexadecimal digits.
    public let flags: String

    /// Reads a `traceparent`; nil for what the specification calls invalid.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        func isHex(_ part: Substring, _ count: Int) -> Bool {
            part.utf8.count == count
                && part.utf8.allSatisfy {
                    CharacterClass.hexDigit($0) != nil && HTTPHeaders.lower($0) == $0
                }
        }
        // Version 00 has four parts; a later one may have more, and ff is none.
        guard parts.count >= 4, isHex(parts[0], 2), parts[0] != "ff",
            parts[0] != "00" || parts.count == 4, isHex(parts[1], 32), isHex(parts[2], 16),
            isHex(parts[3], 2), parts[1].utf8.contains(where: { $0 != UInt8(ascii: "0") }),
            parts[2].utf8.contains(where: { $0 != UInt8(ascii: "0") })
        else { return nil }
        traceID = String(parts[1])
        parentID = String(parts[2])
        flags = String(parts[3])
    }

    public var description: String { "00-\(traceID)-\(parentID)-\(flags)" }
}
