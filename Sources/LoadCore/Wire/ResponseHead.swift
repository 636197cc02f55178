/// The status line and the fields of a response that matter to a load.
struct ResponseHead: Sendable {
    private(set) var status: Int
    private(set) var bodyBytes = 0
    private(set) var closes = false
    private(set) var errorCode: String?

    /// Reads a head with the empty line at its end; nil when it is none of HTTP/1, or its body has
    /// another framing than a length.
    init?(_ bytes: ArraySlice<UInt8>) {
        // HTTP/1.x, a space, three digits.
        let start = bytes.startIndex
        guard bytes.count >= 14, bytes.starts(with: "HTTP/1.".utf8),
            let status = Self.number(bytes[(start + 9)..<(start + 12)]), status >= 100
        else { return nil }
        self.status = status
        closes = bytes[start + 7] == UInt8(ascii: "0")
        var length: Int?
        guard var position = bytes.firstIndex(of: 0x0A).map({ $0 + 1 }) else { return nil }
        while position < bytes.endIndex, bytes[position] != 0x0D {
            guard let end = bytes[position...].firstIndex(of: 0x0A) else { return nil }
            guard read(bytes[position..<end], &length) else { return nil }
            position = end + 1
        }
        let hasNoBody = status == 204 || status == 304 || status < 200
        if let length, !hasNoBody {
            bodyBytes = length
        } else if !hasNoBody {
            // Its end is that of the connection: the status is all that is taken of it.
            closes = true
        }
    }

    /// Reads one field, with a CR at its end; false when this reader cannot go on behind it.
    private mutating func read(_ line: ArraySlice<UInt8>, _ length: inout Int?) -> Bool {
        // Most fields are told apart by their first letter.
        switch line.first.map({ $0 | 0x20 }) {
        case UInt8(ascii: "c"):
            if let value = Self.value(of: "content-length", line) {
                guard let number = Self.number(value) else { return false }
                length = number
            } else if let value = Self.value(of: "connection", line) {
                if Self.isEqual(value, "close") { closes = true }
            }
        case UInt8(ascii: "t"):
            return Self.value(of: "transfer-encoding", line) == nil
        case UInt8(ascii: "x"):
            if let value = Self.value(of: "x-error-code", line) {
                errorCode = String(decoding: value, as: UTF8.self)
            }
        default: break
        }
        return true
    }

    /// The value of a line, if its name is this one, in lower case.
    private static func value(
        of name: StaticString, _ line: ArraySlice<UInt8>
    ) -> ArraySlice<UInt8>? {
        let count = name.utf8CodeUnitCount
        guard line.count > count, line[line.startIndex + count] == UInt8(ascii: ":"),
            isEqual(line.prefix(count), name)
        else { return nil }
        return line.dropFirst(count + 1).drop { $0 == 0x20 || $0 == 0x09 }
            .prefix { $0 != 0x0D && $0 != 0x20 && $0 != 0x09 }
    }

    /// Whether these are the same but for the case of ASCII letters.
    private static func isEqual(_ bytes: ArraySlice<UInt8>, _ word: StaticString) -> Bool {
        bytes.count == word.utf8CodeUnitCount
            && zip(bytes, word.description.utf8).allSatisfy { byte, expected in
                byte == expected || byte | 0x20 == expected
            }
    }

    /// A number of one to nine decimal digits.
    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard (1...9).contains(digits.count) else { return nil }
        var number = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            number = number * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return number
    }
}
