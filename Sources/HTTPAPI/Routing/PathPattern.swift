/// A path with places for parameters, as `/v1/users/{id}/roles/{name}`.
struct PathPattern: Hashable, Sendable, ExpressibleByStringLiteral {
    enum Segment: Hashable, Sendable {
        case literal(String)
        /// One segment.
        case parameter(String)
        /// Everything up to the end, or up to `suffix`, slashes included.
        case rest(String, suffix: String)
    }

    /// The pattern as it is written in the document; a rest shows as an ordinary parameter.
    let text: String
    let segments: [Segment]

    /// Reads a pattern: `{name}` is one segment, `{name...}` the rest of the path, behind which
    /// only a verb such as `:versions` may stand.
    ///
    /// - Precondition: well-formed; patterns stand in this source only.
    init(stringLiteral pattern: StaticString) {
        let spelled = pattern.description
        precondition(spelled.utf8.first == UInt8(ascii: "/"), "\(spelled) is no path")
        segments = spelled.split(separator: "/").map { part in
            guard part.utf8.first == UInt8(ascii: "{"),
                let end = part.utf8.firstIndex(of: UInt8(ascii: "}"))
            else { return .literal(String(part)) }
            let name = part[part.index(after: part.startIndex)..<end]
            let suffix = String(part[part.index(after: end)...])
            if name.hasSuffix("...") { return .rest(String(name.dropLast(3)), suffix: suffix) }
            precondition(suffix.isEmpty, "\(spelled): a suffix behind one segment")
            return .parameter(String(name))
        }
        text = spelled.split(separator: "...").joined()
    }

    private init(text: String, segments: [Segment]) {
        self.text = text
        self.segments = segments
    }

    /// The same path in another tenant.
    ///
    /// - Precondition: it begins with `/v1/`.
    var inTenant: PathPattern {
        precondition(segments.first == .literal("v1"), "\(text) is of no version")
        let place: PathPattern = "/v1/tenants/{tenant_id}"
        return PathPattern(
            text: place.text + text.dropFirst(3),
            segments: place.segments + segments.dropFirst())
    }

    /// The names of the parameters, in order.
    var parameterNames: [String] {
        segments.compactMap {
            switch $0 {
            case .literal: nil
            case .parameter(let name), .rest(let name, _): name
            }
        }
    }

    /// Whether it is one path and no other.
    var isLiteral: Bool {
        segments.allSatisfy { if case .literal = $0 { true } else { false } }
    }

    /// The values of the parameters, when the path matches.
    ///
    /// - Parameter path: its segments as they were sent, still percent-encoded.
    func match(_ path: [Substring]) -> [String: String]? {
        var values: [String: String] = [:]
        for (index, segment) in segments.enumerated() {
            switch segment {
            case .literal(let word):
                guard index < path.count, path[index].utf8.elementsEqual(word.utf8) else {
                    return nil
                }
            case .parameter(let name):
                guard index < path.count, let value = PercentEncoding.decode(path[index]),
                    !value.isEmpty, !value.utf8.contains(UInt8(ascii: "/"))
                else { return nil }
                values[name] = value
            case .rest(let name, let suffix):
                guard index < path.count,
                    let rest = PercentEncoding.decode(path[index...].joined(separator: "/")),
                    rest.utf8.count > suffix.utf8.count, rest.hasSuffix(suffix)
                else { return nil }
                let value = rest.dropLast(suffix.count)
                // A colon has no place in a path of ours: it begins a verb.
                guard !value.utf8.contains(UInt8(ascii: ":")) else { return nil }
                values[name] = String(value)
                return values
            }
        }
        return path.count == segments.count ? values : nil
    }

    /// How exactly the pattern names a path: among matching ones the greatest is taken.
    var precision: Int {
        segments.reduce(0) { sum, segment in
            switch segment {
            case .literal: sum + 4
            case .parameter: sum + 2
            case .rest(_, let suffix): sum + (suffix.isEmpty ? 0 : 1)
            }
        }
    }
}
