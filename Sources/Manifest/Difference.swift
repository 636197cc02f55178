internal import APITypes

/// The lines in which a change is shown to people.
enum Difference {
    /// What differs between two values of one field; `present` is nil where the object is new.
    static func lines(
        _ subject: Subject, _ field: String, from present: JSONValue?, to desired: JSONValue
    ) -> [String] {
        switch (present, desired) {
        case (_, .array(let items)):
            let old = present?.array?.compactMap(\.string) ?? []
            let new = items.compactMap(\.string)
            return old.filter { !new.contains($0) }.map { line(.remove, subject, field, $0) }
                + new.filter { !old.contains($0) }.map { line(.add, subject, field, $0) }
        case (_, .object(let members)): return lines(subject, field, from: present, to: members)
        case (nil, _): return [line(.add, subject, field, text(desired, of: field))]
        case (let present?, _):
            let both = "\(text(present, of: field)) -> \(text(desired, of: field))"
            return [line(.update, subject, field, both)]
        }
    }

    private static func lines(
        _ subject: Subject, _ field: String, from present: JSONValue?, to desired: [JSONMember]
    ) -> [String] {
        let old = (present?.members ?? []).sorted { $0.name < $1.name }
        var lines: [String] = []
        for member in old where !desired.contains(where: { $0.name == member.name }) {
            let name = "\(field).\(member.name)"
            lines.append(line(.remove, subject, name, text(member.value, of: field)))
        }
        for member in desired.sorted(by: { $0.name < $1.name }) {
            let name = "\(field).\(member.name)"
            guard let before = old.first(where: { $0.name == member.name })?.value else {
                lines.append(line(.add, subject, name, text(member.value, of: field)))
                continue
            }
            guard before != member.value else { continue }
            let both = "\(text(before, of: field)) -> \(text(member.value, of: field))"
            lines.append(line(.update, subject, name, both))
        }
        return lines
    }

    /// One line of one field.
    static func line(
        _ kind: Change.Kind, _ subject: Subject, _ field: String, _ text: String
    ) -> String {
        "\(kind.rawValue) \(shown("\(subject) \(field): \(text)"))"
    }

    /// Text without control characters: what is stored must not steer a terminal.
    static func shown(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
    }

    private static func text(_ value: JSONValue, of field: String) -> String {
        switch value {
        case .string(let text): text.isEmpty ? "\"\"" : text
        case .null: field == "expires_at" ? "never" : "none"
        default: String(decoding: value.bytes, as: UTF8.self)
        }
    }
}

extension JSONValue {
    /// Whether two values say the same: the order of members and of lists of texts does not count.
    func saysTheSame(as other: JSONValue) -> Bool {
        switch (self, other) {
        case (.object(let own), .object(let others)):
            return own.count == others.count
                && own.allSatisfy { member in other[member.name] == member.value }
        case (.array(let own), .array(let others)):
            let (own, others) = (own.compactMap(\.string), others.compactMap(\.string))
            return Set(own) == Set(others)
        default: return self == other
        }
    }
}
