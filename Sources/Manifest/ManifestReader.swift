internal import APITypes
internal import AuthCore
internal import ByteCodec
internal import Yams

extension Manifest {
    /// The longest file that is read.
    public static let bytesMax = 4 << 20

    /// Reads a file.
    ///
    /// - Throws: `ManifestError` with everything that is wrong with it.
    public init(yaml text: String) throws(ManifestError) {
        guard text.utf8.count <= Self.bytesMax else {
            throw ManifestError([.init(1, "the file is larger than \(Self.bytesMax) bytes")])
        }
        let root: Node?
        do { root = try Yams.compose(yaml: text) } catch {
            throw ManifestError([ManifestReader.problem(error)])
        }
        var reader = ManifestReader()
        self = reader.manifest(root)
        guard reader.problems.isEmpty else { throw ManifestError(reader.problems) }
    }
}

/// Turns the nodes of a file into declarations, and gathers what is wrong on its way.
private struct ManifestReader {
    var problems: [ManifestError.Problem] = []

    static func problem(_ error: any Error) -> ManifestError.Problem {
        switch error {
        case YamlError.scanner(_, let problem, let mark, _),
            YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            .init(mark.line, problem)
        case YamlError.duplicatedKeysInMapping(let names, let context):
            .init(context.mark.line, "\(names.sorted().joined(separator: ", ")) is there twice")
        default: .init(1, "this is no YAML")
        }
    }

    mutating func manifest(_ root: Node?) -> Manifest {
        guard let root, let sections = root.mapping else {
            note(root, "a file has the sections roles, users, keys and settings")
            return Manifest()
        }
        var manifest = Manifest()
        for (name, content) in sections {
            switch name.string {
            case "roles": manifest.roles = named(content) { $0.role($1, $2, $3) }
            case "users": manifest.users = named(content) { $0.user($1, $2, $3) }
            case "keys": manifest.keys = keys(content)
            case "settings": manifest.settings = settings(name, content)
            default: note(name, "unknown section \(name.string ?? "")")
            }
        }
        return manifest
    }

    /// The objects of a section that are listed by name.
    private mutating func named(
        _ section: Node,
        _ read: (inout Self, _ name: String, _ key: Node, _ fields: Node.Mapping) -> Declaration?
    ) -> [Declaration] {
        guard let entries = mapping(section) else {
            note(section, "a section lists objects by name: NAME: {...}")
            return []
        }
        var found: [Declaration] = []
        for (key, content) in entries {
            guard let fields = mapping(content) else {
                note(content, "an object has fields")
                continue
            }
            guard let declaration = read(&self, key.string ?? "", key, fields) else { continue }
            if found.contains(where: { $0.subject == declaration.subject }) {
                note(key, "\(declaration.subject) is there twice")
            }
            found.append(declaration)
        }
        return found
    }

    private mutating func role(
        _ name: String, _ key: Node, _ fields: Node.Mapping
    ) -> Declaration? {
        guard let name = RoleName(name) else {
            note(key, "this is no name of a role")
            return nil
        }
        return Declaration(
            .role(name.string), line: line(key), fields: members(fields, ManifestField.role))
    }

    private mutating func user(
        _ name: String, _ key: Node, _ fields: Node.Mapping
    ) -> Declaration? {
        guard let name = UserName(name) else {
            note(key, "this is no name of a user")
            return nil
        }
        if fields.contains(where: { $0.key.string == "password" }) {
            note(key, "no password stands in this file: use password_file or password_hash")
        }
        let secrets = ["password_hash", "password_file", "password"]
        var user = Declaration(
            .user(name.string), line: line(key),
            fields: members(fields, ManifestField.user, besides: secrets))
        let hash = text("password_hash", of: fields)
        let file = text("password_file", of: fields)
        if let hash {
            if case .unsupported(let kind) = PasswordHashKind(of: hash) {
                note(key, "password_hash: \(kind) cannot be taken over")
            }
            user.secret = .passwordHash(hash)
        }
        if let file { user.secret = .passwordFile(file) }
        if hash != nil, file != nil { note(key, "password_file or password_hash, not both") }
        if user.secret != nil, user.field("kind")?.string == "service" {
            note(key, "a service has no password")
        }
        return user
    }

    private mutating func keys(_ section: Node) -> [Declaration] {
        guard let items = section.sequence else {
            if !isEmpty(section) { note(section, "keys are a list") }
            return []
        }
        var found: [Declaration] = []
        for item in items {
            guard let fields = item.mapping else {
                note(item, "a key has fields")
                continue
            }
            guard let key = key(item, fields) else { continue }
            if found.contains(where: { $0.subject == key.subject }) {
                note(item, "\(key.subject) is there twice")
            }
            found.append(key)
        }
        return found
    }

    private mutating func key(_ item: Node, _ fields: Node.Mapping) -> Declaration? {
        guard let name = text("name", of: fields), !name.isEmpty,
            ManifestField.shortText(name) != nil,
            let owner = text("owner", of: fields).flatMap({ UserName($0) })
        else {
            note(item, "a key has a name, and the name of its owner")
            return nil
        }
        guard let sha256 = text("sha256", of: fields), sha256.utf8.count == 64,
            sha256.utf8.allSatisfy(Self.isSmallHexDigit)
        else {
            note(item, "sha256: 64 small hexadecimal digits")
            return nil
        }
        let key = Declaration(
            .key(name, owner: owner.string), line: line(item),
            fields: members(fields, ManifestField.key, besides: ["name", "owner", "sha256"]),
            secret: .sha256(sha256))
        if key.field("roles") != nil, key.field("permissions") != nil {
            note(item, "roles or permissions, not both")
        }
        return key
    }

    private mutating func settings(_ key: Node, _ section: Node) -> Declaration? {
        guard let fields = mapping(section) else {
            note(section, "settings have fields")
            return nil
        }
        return Declaration(
            .settings, line: line(key), fields: members(fields, ManifestField.settings))
    }

    // MARK: - Fields

    /// The fields that are written, in the order in which they are known.
    private mutating func members(
        _ mapping: Node.Mapping, _ known: [ManifestField], besides others: [String] = []
    ) -> [JSONMember] {
        var values: [String: JSONValue] = [:]
        for (name, content) in mapping where !others.contains(name.string ?? "") {
            guard let field = known.first(where: { $0.name == name.string }) else {
                note(name, "unknown field \(name.string ?? "")")
                continue
            }
            guard let value = value(content, field.form) else {
                note(content, "\(field.name): this cannot stand here")
                continue
            }
            values[field.name] = value
        }
        return known.compactMap { field in values[field.name].map { JSONMember(field.name, $0) } }
    }

    private func value(_ node: Node, _ form: ManifestField.Form) -> JSONValue? {
        switch form {
        case .text(let canonical):
            return node.scalar.flatMap { canonical($0.string) }.map { .string($0) }
        case .list(let canonical):
            guard let items = node.sequence else { return isEmpty(node) ? .array([]) : nil }
            let texts = items.map { $0.scalar.flatMap { canonical($0.string) } }
            guard texts.allSatisfy({ $0 != nil }) else { return nil }
            return .strings(
                Set(texts.compactMap { $0 }).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        case .boolean:
            switch node.scalar?.string {
            case "true": return .bool(true)
            case "false": return .bool(false)
            default: return nil
            }
        case .metadata:
            guard let entries = mapping(node) else { return nil }
            var members: [JSONMember] = []
            for (name, content) in entries {
                guard let name = name.scalar?.string, let text = content.scalar?.string else {
                    return nil
                }
                members.append(JSONMember(name, .string(text)))
            }
            let value = JSONValue.object(members)
            return value.bytes.count <= Limits.metadataBytes ? value : nil
        case .end:
            guard let text = node.scalar?.string else { return nil }
            if text == "never" { return .null }
            return Timestamp(rfc3339: text).map { .string($0.rfc3339) }
        case .number(let bounds):
            guard let text = node.scalar?.string else { return nil }
            if text == "none" { return .null }
            return UInt64(text).flatMap { bounds.contains($0) ? .unsigned($0) : nil }
        }
    }

    private mutating func text(_ name: String, of mapping: Node.Mapping) -> String? {
        guard let node = mapping.first(where: { $0.key.string == name })?.value else { return nil }
        guard let scalar = node.scalar else {
            note(node, "\(name): this cannot stand here")
            return nil
        }
        return scalar.string
    }

    /// A mapping; nothing at all is one without entries.
    private func mapping(_ node: Node) -> Node.Mapping? {
        isEmpty(node) ? Node.Mapping([]) : node.mapping
    }

    private func isEmpty(_ node: Node) -> Bool {
        guard let scalar = node.scalar, scalar.style == .plain else { return false }
        return ["", "null", "~"].contains(scalar.string)
    }

    private func line(_ node: Node?) -> Int { node?.mark?.line ?? 1 }

    private mutating func note(_ node: Node?, _ text: String) {
        problems.append(.init(line(node), Difference.shown(text)))
    }

    private static func isSmallHexDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
