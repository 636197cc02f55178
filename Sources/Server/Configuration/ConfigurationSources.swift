internal import Yams

/// Why a configuration cannot be used: everything that is wrong with it, at once.
public struct ConfigurationError: Error, Equatable, CustomStringConvertible, Sendable {
    public let problems: [String]
    public var description: String { problems.joined(separator: "\n") }
}

/// One member of the cluster, as the file names it.
struct ConfiguredMember: Equatable, Sendable {
    var id: String
    var peer: String
    var url: String
}

/// What was said, key by key, before it is understood: the file, then the environment, then the
/// command line, each above the one before.
struct ConfigurationSources {
    private(set) var values: [String: String] = [:]
    private(set) var members: [ConfiguredMember] = []
    private(set) var problems: [String] = []
    /// The API keys with which a cluster begins.
    private(set) var bootstrapKeys: [ConfiguredKey] = []

    private static let known = Dictionary(
        ConfigurationKey.all.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })

    /// Takes the file's text in.
    mutating func add(yaml text: String) {
        let root: Yams.Node?
        do { root = try Yams.compose(yaml: text) } catch {
            problems.append("the file is not YAML: \(error)")
            return
        }
        guard let root else { return }
        guard root.mapping != nil else {
            problems.append("the file is not a mapping")
            return
        }
        add(root, prefix: "")
    }

    private mutating func add(_ node: Yams.Node, prefix: String) {
        guard let mapping = node.mapping else { return }
        for (name, value) in mapping {
            guard let name = name.string else {
                problems.append("\(prefix): a name that is no text")
                continue
            }
            let path = prefix.isEmpty ? name : "\(prefix).\(name)"
            if case .members? = Self.known[path]?.kind {
                addMembers(value)
            } else if value.mapping != nil, Self.known[path] == nil {
                if ConfigurationKey.all.contains(where: { $0.path.hasPrefix(path + ".") }) {
                    add(value, prefix: path)
                } else {
                    refuseUnknown(path)
                }
            } else if let list = value.sequence {
                set(path, list.compactMap(\.scalar?.string).joined(separator: ","))
            } else if let scalar = value.scalar {
                set(path, scalar.string)
            } else {
                problems.append("\(path): neither a value nor a list")
            }
        }
    }

    private mutating func addMembers(_ node: Yams.Node) {
        guard let list = node.sequence else {
            problems.append("cluster.members: not a list")
            return
        }
        for (number, item) in list.enumerated() {
            var fields: [String: String] = [:]
            for (name, value) in item.mapping ?? [:] {
                fields[name.string ?? ""] = value.scalar?.string
            }
            let unknown = fields.keys.filter { !["id", "peer", "url"].contains($0) }.sorted()
            guard unknown.isEmpty, let id = fields["id"], let peer = fields["peer"],
                let url = fields["url"]
            else {
                problems.append("cluster.members[\(number)]: needs id, peer and url, nothing else")
                continue
            }
            members.append(ConfiguredMember(id: id, peer: peer, url: url))
        }
    }

    /// Takes the process's environment in. Other programs' variables are left alone.
    mutating func add(environment: [String: String]) {
        let others: Set<String> = ["WATCHWORD_PROFILE", "WATCHWORD_TOKEN_FILE"]
        let byVariable = Dictionary(
            ConfigurationKey.all.map { ($0.variable, $0.path) },
            uniquingKeysWith: { first, _ in first })
        for (name, value) in environment.sorted(by: { $0.key < $1.key })
        where name.hasPrefix("WATCHWORD_") && !others.contains(name) && !BootstrapKeys.isAbout(name)
        {
            if let path = byVariable[name] {
                set(path, value)
            } else {
                problems.append("the environment variable \(name) names no key")
            }
        }
        let read = BootstrapKeys.read(environment)
        bootstrapKeys += read.keys
        problems += read.problems
    }

    /// Takes `key=value` from the command line in.
    mutating func add(setting: String) {
        guard let equals = setting.firstIndex(of: "=") else {
            problems.append("--set \(setting): not of the form key=value")
            return
        }
        set(String(setting[..<equals]), String(setting[setting.index(after: equals)...]))
    }

    private mutating func set(_ path: String, _ value: String) {
        guard let key = Self.known[path] else { return refuseUnknown(path) }
        if case .members = key.kind {
            problems.append("\(path) can only be said in the file")
        } else {
            values[path] = value
        }
    }

    private mutating func refuseUnknown(_ path: String) {
        let nearest = ConfigurationKey.all.map(\.path)
            .map { (distance(path, $0), $0) }.min { $0 < $1 }
        let hint = nearest.map { $0.0 <= 4 ? "; did you mean \($0.1)?" : "" } ?? ""
        problems.append("unknown key \(path)\(hint)")
    }

    /// The fewest insertions, deletions and replacements between two names (Levenshtein).
    private func distance(_ a: String, _ b: String) -> Int {
        let a = Array(a.utf8)
        let b = Array(b.utf8)
        var row = Array(0...b.count)
        for (i, x) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                let above = row[j + 1]
                row[j + 1] = min(above + 1, row[j] + 1, diagonal + (x == y ? 0 : 1))
                diagonal = above
            }
        }
        return row[b.count]
    }
}
