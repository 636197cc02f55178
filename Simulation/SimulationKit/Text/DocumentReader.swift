/// Reads the part of YAML that the simulator's files are written in: maps and lists by
/// indentation, `{a: 1}` and `[a, b]` on one line, plain and quoted texts, comments. Anything
/// else of YAML is refused with its line.
struct DocumentReader {
    private struct Line {
        let number: Int
        let indent: Int
        let text: Substring
    }

    private var lines: [Line] = []
    private var position = 0

    /// Reads a whole file.
    static func read(_ text: String) throws(DocumentError) -> DocumentValue {
        var reader = try DocumentReader(text)
        guard let first = reader.lines.first else { throw DocumentError(1, "nothing is here") }
        let value = try reader.block(indent: first.indent)
        if reader.position < reader.lines.count {
            let line = reader.lines[reader.position]
            throw DocumentError(line.number, "this is indented like nothing before it")
        }
        return value
    }

    private init(_ text: String) throws(DocumentError) {
        guard text.utf8.count <= 16 << 20 else { throw DocumentError(1, "too large") }
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            let content = Self.withoutComment(line)
            let indent = content.prefix { $0 == " " }.count
            let rest = content.dropFirst(indent)
            guard !rest.isEmpty else { continue }
            guard !rest.contains("\t") else {
                throw DocumentError(index + 1, "tabs are not allowed")
            }
            lines.append(Line(number: index + 1, indent: indent, text: rest))
        }
    }

    private static func withoutComment(_ line: Substring) -> Substring {
        var quote: Character?
        var before: Character = " "
        for position in line.indices {
            let character = line[position]
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "\"" || character == "'" {
                quote = character
            } else if character == "#", before == " " {
                return trimmed(line[..<position])
            }
            before = character
        }
        return trimmed(line)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let last = text.last, last == " " || last == "\r" { text.removeLast() }
        return text
    }

    // MARK: Blocks

    private mutating func block(indent: Int) throws(DocumentError) -> DocumentValue {
        let first = lines[position]
        if first.text == "-" || first.text.hasPrefix("- ") { return try list(indent: indent) }
        if Self.key(of: first.text) != nil { return try map(indent: indent) }
        position += 1
        return try Self.inline(first.text, first.number)
    }

    private mutating func list(indent: Int) throws(DocumentError) -> DocumentValue {
        let begin = lines[position].number
        var items: [DocumentValue] = []
        while position < lines.count, lines[position].indent == indent,
            lines[position].text == "-" || lines[position].text.hasPrefix("- ")
        {
            let line = lines[position]
            let rest = line.text.dropFirst(1)
            let spaces = rest.prefix { $0 == " " }.count
            if rest.count == spaces {
                position += 1
                items.append(try nested(under: line))
            } else {
                // The item begins on the line of its dash.
                let inner = indent + 1 + spaces
                lines[position] = Line(
                    number: line.number, indent: inner, text: rest.dropFirst(spaces))
                items.append(try block(indent: inner))
            }
        }
        return DocumentValue(line: begin, content: .list(items))
    }

    private mutating func map(indent: Int) throws(DocumentError) -> DocumentValue {
        let begin = lines[position].number
        var entries: [DocumentValue.Entry] = []
        while position < lines.count, lines[position].indent == indent,
            let (key, rest) = Self.key(of: lines[position].text)
        {
            let line = lines[position]
            guard !entries.contains(where: { $0.key == key }) else {
                throw DocumentError(line.number, "\(key) is here twice")
            }
            position += 1
            let value = rest.isEmpty ? try nested(under: line) : try Self.inline(rest, line.number)
            entries.append(DocumentValue.Entry(key: key, line: line.number, value: value))
        }
        return DocumentValue(line: begin, content: .map(entries))
    }

    private mutating func nested(under line: Line) throws(DocumentError) -> DocumentValue {
        guard position < lines.count else { throw DocumentError(line.number, "nothing follows") }
        let next = lines[position]
        // A list may stand as far left as its key.
        let isList =
            next.indent == line.indent && next.text.hasPrefix("-")
            && !line.text.hasPrefix("-")
        guard next.indent > line.indent || isList else {
            throw DocumentError(line.number, "nothing follows")
        }
        return try block(indent: next.indent)
    }

    /// The key and the rest of a line `key: rest`.
    private static func key(of text: Substring) -> (key: String, rest: Substring)? {
        guard let first = text.first, !"\"'{[".contains(first) else { return nil }
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let rest = text[text.index(after: colon)...]
        guard rest.isEmpty || rest.first == " " else { return nil }
        return (String(text[..<colon]), rest.drop { $0 == " " })
    }

    // MARK: Values on one line

    private static func inline(
        _ text: Substring, _ line: Int
    ) throws(DocumentError) -> DocumentValue {
        var rest = text
        let value = try flow(&rest, line, isNested: false)
        guard rest.isEmpty else { throw DocumentError(line, "\(rest) is too much") }
        return value
    }

    private static func flow(
        _ rest: inout Substring, _ line: Int, isNested: Bool
    ) throws(DocumentError) -> DocumentValue {
        switch rest.first {
        case "[": return try flowList(&rest, line)
        case "{": return try flowMap(&rest, line)
        case "\"", "'": return try quoted(&rest, line)
        case "&", "*", "!", "|", ">", "%", "@", "`":
            throw DocumentError(line, "a value cannot begin with \(rest.prefix(1))")
        default:
            let end = isNested ? rest.firstIndex { ",]}".contains($0) } : nil
            let text = trimmed(rest[..<(end ?? rest.endIndex)])
            rest = rest[(end ?? rest.endIndex)...]
            guard !text.isEmpty else { throw DocumentError(line, "a value is missing") }
            return DocumentValue(line: line, content: .text(String(text)))
        }
    }

    private static func flowList(
        _ rest: inout Substring, _ line: Int
    ) throws(DocumentError) -> DocumentValue {
        var items: [DocumentValue] = []
        skip(&rest, 1)
        while rest.first != "]" {
            items.append(try flow(&rest, line, isNested: true))
            try separator(&rest, line, before: "]")
        }
        skip(&rest, 1)
        return DocumentValue(line: line, content: .list(items))
    }

    private static func flowMap(
        _ rest: inout Substring, _ line: Int
    ) throws(DocumentError) -> DocumentValue {
        var entries: [DocumentValue.Entry] = []
        skip(&rest, 1)
        while rest.first != "}" {
            guard let (key, value) = key(of: rest) else {
                throw DocumentError(line, "expected a key and a colon at \(rest)")
            }
            rest = value
            entries.append(
                DocumentValue.Entry(
                    key: key, line: line, value: try flow(&rest, line, isNested: true)))
            try separator(&rest, line, before: "}")
        }
        skip(&rest, 1)
        return DocumentValue(line: line, content: .map(entries))
    }

    private static func separator(
        _ rest: inout Substring, _ line: Int, before end: Character
    ) throws(DocumentError) {
        rest = rest.drop { $0 == " " }
        if rest.first == "," { return skip(&rest, 1) }
        guard rest.first == end else { throw DocumentError(line, "\(end) is missing") }
    }

    private static func skip(_ rest: inout Substring, _ count: Int) {
        rest = rest.dropFirst(count).drop { $0 == " " }
    }

    private static func quoted(
        _ rest: inout Substring, _ line: Int
    ) throws(DocumentError) -> DocumentValue {
        let quote = rest.removeFirst()
        guard let end = rest.firstIndex(of: quote) else {
            throw DocumentError(line, "the quote is not closed")
        }
        let text = String(rest[..<end])
        guard !text.contains("\\") else {
            throw DocumentError(line, "backslashes are not allowed")
        }
        rest = rest[rest.index(after: end)...].drop { $0 == " " }
        return DocumentValue(line: line, content: .text(text))
    }
}
