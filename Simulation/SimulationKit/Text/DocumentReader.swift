internal import Yams

/// Reads the simulator's files, which are YAML, and keeps for each value the line where it begins.
struct DocumentReader {
    private static let bytesMax = 16 << 20
    private static let depthMax = 32
    // A few lines with aliases may stand for more than fits into memory.
    private static let valuesMax = 4_000_000

    private var values = 0

    /// Reads a whole file of at most 16 MiB.
    static func read(_ text: String) throws(DocumentError) -> DocumentValue {
        guard text.utf8.count <= bytesMax else { throw DocumentError(1, "too large") }
        let root: Node?
        do { root = try Yams.compose(yaml: text) } catch let error as YamlError {
            throw DocumentError(error)
        } catch {
            throw DocumentError(1, "\(error)")
        }
        guard let root else { throw DocumentError(1, "nothing is here") }
        var reader = DocumentReader()
        return try reader.value(root, depth: 0)
    }

    private mutating func value(_ node: Node, depth: Int) throws(DocumentError) -> DocumentValue {
        let line = node.mark?.line ?? 1
        values += 1
        guard values <= Self.valuesMax else { throw DocumentError(line, "too many values") }
        guard depth < Self.depthMax else { throw DocumentError(line, "nested too deeply") }
        switch node {
        case .scalar(let scalar):
            guard !scalar.string.isEmpty || scalar.style != .plain else {
                throw DocumentError(line, "nothing follows")
            }
            return DocumentValue(line: line, content: .text(scalar.string))
        case .sequence(let sequence):
            var items: [DocumentValue] = []
            for item in sequence { items.append(try value(item, depth: depth + 1)) }
            return DocumentValue(line: line, content: .list(items))
        case .mapping(let mapping):
            var entries: [DocumentValue.Entry] = []
            for (key, content) in mapping {
                let line = key.mark?.line ?? line
                guard let name = key.scalar?.string else {
                    throw DocumentError(line, "a key is a text")
                }
                entries.append(
                    DocumentValue.Entry(
                        key: name, line: line, value: try value(content, depth: depth + 1)))
            }
            return DocumentValue(line: line, content: .map(entries))
        case .alias: throw DocumentError(line, "an alias of nothing")
        }
    }
}

extension DocumentError {
    init(_ error: YamlError) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            self.init(mark.line, problem)
        case .duplicatedKeysInMapping(let duplicates, let context):
            self.init(
                context.mark.line, "\(duplicates.sorted().joined(separator: ", ")) is here twice")
        default: self.init(1, "\(error)")
        }
    }
}
