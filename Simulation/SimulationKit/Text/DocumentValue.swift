/// A value in a file of the simulator: a text, a list or a map, and the line where it begins.
struct DocumentValue {
    enum Content {
        case text(String)
        case list([DocumentValue])
        case map([Entry])
    }

    struct Entry {
        let key: String
        let line: Int
        let value: DocumentValue
    }

    let line: Int
    let content: Content

    /// What it is, for telling.
    var kind: String {
        switch content {
        case .text: "a value"
        case .list: "a list"
        case .map: "a map"
        }
    }

    func text(_ what: String) throws(DocumentError) -> String {
        guard case .text(let text) = content else {
            throw DocumentError(line, "\(what) is one value, not \(kind)")
        }
        return text
    }

    func list(_ what: String) throws(DocumentError) -> [DocumentValue] {
        guard case .list(let list) = content else {
            throw DocumentError(line, "\(what) is a list, not \(kind)")
        }
        return list
    }
}

/// The entries of a map, taken one by one: what is left over at the end is refused.
struct DocumentFields {
    let line: Int
    private let what: String
    private var entries: [DocumentValue.Entry]
    private var known: [String] = []

    init(_ value: DocumentValue, _ what: String) throws(DocumentError) {
        guard case .map(let entries) = value.content else {
            throw DocumentError(value.line, "\(what) is a map, not \(value.kind)")
        }
        line = value.line
        self.what = what
        self.entries = entries
    }

    mutating func take(_ key: String) -> DocumentValue? {
        known.append(key)
        guard let position = entries.firstIndex(where: { $0.key == key }) else { return nil }
        return entries.remove(at: position).value
    }

    mutating func require(_ key: String) throws(DocumentError) -> DocumentValue {
        guard let value = take(key) else { throw DocumentError(line, "\(what) needs \(key)") }
        return value
    }

    /// Refuses what nobody took.
    func finish() throws(DocumentError) {
        guard let entry = entries.first else { return }
        throw DocumentError(
            entry.line,
            "\(what) has no \(entry.key); it may have \(known.sorted().joined(separator: ", "))")
    }

    // MARK: Values

    /// A time with its unit, in microseconds.
    mutating func time(_ key: String) throws(DocumentError) -> UInt64? {
        guard let value = take(key) else { return nil }
        return try Self.time(value, key)
    }

    mutating func number(_ key: String, in range: ClosedRange<UInt64>)
        throws(DocumentError) -> UInt64?
    {
        guard let value = take(key) else { return nil }
        let text = try value.text(key)
        guard let number = UInt64(text), range.contains(number) else {
            throw DocumentError(
                value.line,
                "\(key) is a number from \(range.lowerBound) to \(range.upperBound), not \(text)")
        }
        return number
    }

    mutating func signed(_ key: String, within limit: Int64) throws(DocumentError) -> Int64? {
        guard let value = take(key) else { return nil }
        let text = try value.text(key)
        guard let number = Int64(text), (-limit...limit).contains(number) else {
            throw DocumentError(
                value.line, "\(key) is a number from \(-limit) to \(limit), not \(text)")
        }
        return number
    }

    mutating func truth(_ key: String) throws(DocumentError) -> Bool? {
        guard let value = take(key) else { return nil }
        switch try value.text(key) {
        case "true": return true
        case "false": return false
        case let text: throw DocumentError(value.line, "\(key) is true or false, not \(text)")
        }
    }

    /// A share in percent, as so many of `whole`.
    mutating func share(_ key: String, of whole: UInt64) throws(DocumentError) -> UInt64? {
        guard let value = take(key) else { return nil }
        let text = try value.text(key)
        guard text.hasSuffix("%"), let percent = Double(text.dropLast()), (0...100) ~= percent
        else { throw DocumentError(value.line, "\(key) is a share such as 5%, not \(text)") }
        return UInt64(percent / 100 * Double(whole))
    }

    static func time(_ value: DocumentValue, _ what: String) throws(DocumentError) -> UInt64 {
        let text = try value.text(what)
        let units: [(String, Double)] = [
            ("us", 1), ("µs", 1), ("ms", 1e3), ("min", 6e7), ("h", 3.6e9), ("s", 1e6),
        ]
        for (unit, factor) in units where text.hasSuffix(unit) {
            guard let number = Double(text.dropLast(unit.count)), number >= 0,
                number * factor < 1e15
            else { break }
            return UInt64((number * factor).rounded())
        }
        throw DocumentError(value.line, "\(what) is a time such as 250ms or 2s, not \(text)")
    }
}
