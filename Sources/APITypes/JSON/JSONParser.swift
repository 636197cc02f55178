extension JSONValue {
    /// Reads one JSON text, strictly as RFC 8259 spells it and within `limits`.
    ///
    /// - Throws: `JSONError`, which never holds anything of the text.
    /// - Complexity: linear in the bytes; memory is bounded by the limits.
    public init(
        parsing bytes: [UInt8], limits: JSONLimits = .request
    ) throws(JSONError) {
        var parser = JSONParser(bytes: bytes, limits: limits)
        self = try parser.parse()
    }
}

/// Reads one text with a stack of its own: depth is a limit, and not the thread's stack.
struct JSONParser {
    /// An array or object whose end has not come yet. It grows in place, on the stack.
    private struct Frame {
        /// The name whose value is awaited; nil in an array.
        var name: [UInt8]?
        var elements: [JSONValue] = []
        var members: [JSONMember] = []
        var names: Set<[UInt8]> = []
    }

    private let bytes: [UInt8]
    private let limits: JSONLimits
    private var position = 0
    private var nodes = 0
    private var stack: [Frame] = []

    init(bytes: [UInt8], limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    /// Reads the value, and checks that nothing follows it.
    mutating func parse() throws(JSONError) -> JSONValue {
        while true {
            guard let value = try readValueOrOpen() else { continue }
            guard let root = try close(with: value) else { continue }
            skipSpace()
            guard position == bytes.count else { throw JSONError(.trailing, at: position) }
            return root
        }
    }

    /// Reads a scalar or an empty container; or opens a container and gives nil.
    private mutating func readValueOrOpen() throws(JSONError) -> JSONValue? {
        skipSpace()
        nodes += 1
        guard nodes <= limits.nodesMax else { throw JSONError(.tooManyNodes, at: position) }
        switch try peek() {
        case UInt8(ascii: "["):
            try enter()
            if try takes(UInt8(ascii: "]")) { return .array([]) }
            stack.append(Frame())
            return nil
        case UInt8(ascii: "{"):
            try enter()
            if try takes(UInt8(ascii: "}")) { return .object([JSONMember]()) }
            let name = try readName()
            stack.append(Frame(name: name, names: [name]))
            return nil
        case UInt8(ascii: "\""): return .string(text(try readString()))
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try readNumber()
        default: throw JSONError(.unexpectedByte, at: position)
        }
    }

    /// Puts a finished value into the container around it, and finishes every container that ends
    /// here; gives the outermost value once it is whole.
    private mutating func close(with finished: JSONValue) throws(JSONError) -> JSONValue? {
        var value = finished
        while !stack.isEmpty {
            let top = stack.count - 1
            skipSpace()
            let byte = try peek()
            let isObject = stack[top].name != nil
            if let name = stack[top].name {
                stack[top].members.append(JSONMember(text(name), value))
            } else {
                stack[top].elements.append(value)
            }
            if byte == UInt8(ascii: ",") {
                position += 1
                if isObject { try awaitNextMember(of: top) }
                return nil
            }
            guard byte == UInt8(ascii: isObject ? "}" : "]") else {
                throw JSONError(.unexpectedByte, at: position)
            }
            position += 1
            let frame = stack.removeLast()
            value = isObject ? .object(frame.members) : .array(frame.elements)
        }
        return value
    }

    private mutating func awaitNextMember(of top: Int) throws(JSONError) {
        skipSpace()
        let start = position
        let name = try readName()
        guard stack[top].names.insert(name).inserted else {
            throw JSONError(.duplicateName, at: start)
        }
        stack[top].name = name
    }

    private mutating func enter() throws(JSONError) {
        guard stack.count < limits.depthMax else { throw JSONError(.tooDeep, at: position) }
        position += 1
    }

    /// Reads a member's name and the colon behind it.
    private mutating func readName() throws(JSONError) -> [UInt8] {
        skipSpace()
        guard try peek() == UInt8(ascii: "\"") else {
            throw JSONError(.unexpectedByte, at: position)
        }
        let name = try readString()
        guard try takes(UInt8(ascii: ":")) else { throw JSONError(.unexpectedByte, at: position) }
        return name
    }

    private mutating func literal(
        _ word: StaticString, _ value: JSONValue
    ) throws(JSONError) -> JSONValue {
        for expected in word.description.utf8 {
            guard try peek() == expected else { throw JSONError(.unexpectedByte, at: position) }
            position += 1
        }
        return value
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private func peek() throws(JSONError) -> UInt8 {
        guard position < bytes.count else { throw JSONError(.unexpectedEnd, at: position) }
        return bytes[position]
    }

    /// Skips space, and takes `byte` if it is next.
    private mutating func takes(_ byte: UInt8) throws(JSONError) -> Bool {
        skipSpace()
        guard try peek() == byte else { return false }
        position += 1
        return true
    }

    private func text(_ utf8: [UInt8]) -> String { String(decoding: utf8, as: UTF8.self) }
}

// MARK: - Numbers

extension JSONParser {
    private mutating func readNumber() throws(JSONError) -> JSONValue {
        let start = position
        let negative = bytes[position] == UInt8(ascii: "-")
        if negative { position += 1 }
        let firstDigit = position
        try digits()
        if position - firstDigit > 1, bytes[firstDigit] == UInt8(ascii: "0") {
            throw JSONError(.badNumber, at: firstDigit)
        }
        var isInteger = true
        if next(is: UInt8(ascii: ".")) {
            isInteger = false
            position += 1
            try digits()
        }
        if next(is: UInt8(ascii: "e")) || next(is: UInt8(ascii: "E")) {
            isInteger = false
            try exponent()
        }
        guard position - start <= limits.numberBytesMax else {
            throw JSONError(.numberTooLarge, at: start)
        }
        let spelling = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let number = Int64(spelling) { return .integer(number) }
        return .decimal(spelling)
    }

    private mutating func exponent() throws(JSONError) {
        let start = position
        position += 1
        if next(is: UInt8(ascii: "+")) || next(is: UInt8(ascii: "-")) { position += 1 }
        let first = position
        try digits()
        var size = 0
        for index in first..<position where size <= limits.exponentMax {
            size = size * 10 + Int(bytes[index] - UInt8(ascii: "0"))
        }
        guard size <= limits.exponentMax else { throw JSONError(.numberTooLarge, at: start) }
    }

    private mutating func digits() throws(JSONError) {
        let start = position
        while position < bytes.count,
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position])
        {
            position += 1
        }
        guard position > start else {
            throw JSONError(position == bytes.count ? .unexpectedEnd : .badNumber, at: position)
        }
    }

    private func next(is byte: UInt8) -> Bool {
        position < bytes.count && bytes[position] == byte
    }
}

// MARK: - Strings

extension JSONParser {
    /// Reads a string with its quotes, and gives its UTF-8 with escapes resolved.
    private mutating func readString() throws(JSONError) -> [UInt8] {
        let start = position
        position += 1
        var result: [UInt8] = []
        var runStart = position
        while true {
            let byte = try peek()
            if byte == UInt8(ascii: "\"") { break }
            guard byte >= 0x20 else { throw JSONError(.controlCharacter, at: position) }
            if byte == UInt8(ascii: "\\") {
                result.append(contentsOf: bytes[runStart..<position])
                try readEscape(into: &result)
                runStart = position
            } else {
                position += 1
            }
            guard result.count + (position - runStart) <= limits.stringBytesMax else {
                throw JSONError(.stringTooLong, at: start)
            }
        }
        result.append(contentsOf: bytes[runStart..<position])
        position += 1
        guard String(validating: result, as: UTF8.self) != nil else {
            throw JSONError(.badUTF8, at: start)
        }
        return result
    }

    private mutating func readEscape(into result: inout [UInt8]) throws(JSONError) {
        let start = position
        position += 1
        let byte = try peek()
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(byte)
        case UInt8(ascii: "b"): result.append(0x08)
        case UInt8(ascii: "f"): result.append(0x0C)
        case UInt8(ascii: "n"): result.append(0x0A)
        case UInt8(ascii: "r"): result.append(0x0D)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "u"):
            let scalar = try readUnicodeEscape(from: start)
            result.append(contentsOf: UTF8.encode(scalar)!)
        default: throw JSONError(.badEscape, at: start)
        }
    }

    /// Reads the four digits behind `\u`, and the second half of a surrogate pair with them.
    private mutating func readUnicodeEscape(from start: Int) throws(JSONError) -> Unicode.Scalar {
        let first = try fourHexDigits(from: start)
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, next(is: UInt8(ascii: "\\")) else {
            throw JSONError(.loneSurrogate, at: start)
        }
        position += 1
        guard next(is: UInt8(ascii: "u")) else { throw JSONError(.loneSurrogate, at: start) }
        position += 1
        let second = try fourHexDigits(from: start)
        guard (0xDC00...0xDFFF).contains(second) else {
            throw JSONError(.loneSurrogate, at: start)
        }
        let code = 0x10000 + (UInt32(first - 0xD800) << 10) + UInt32(second - 0xDC00)
        guard let scalar = Unicode.Scalar(code) else { throw JSONError(.loneSurrogate, at: start) }
        return scalar
    }

    private mutating func fourHexDigits(from start: Int) throws(JSONError) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            let byte = try peek()
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw JSONError(.badEscape, at: start)
            }
            value = value << 4 | UInt16(digit)
            position += 1
        }
        return value
    }
}
