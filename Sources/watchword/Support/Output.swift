import Foundation
import WatchwordClient

/// Prints for people in columns, or for programs as JSON.
struct Output {
    let asJSON: Bool

    /// One object: its fields below each other, or the object.
    func object(_ value: JSON, fields: [String]) throws {
        if asJSON { return try json(value) }
        let width = fields.map(\.count).max() ?? 0
        for field in fields {
            let padded = field.padding(toLength: width, withPad: " ", startingAt: 0)
            print("\(padded)  \(Self.cell(value[field]))")
        }
    }

    /// A list: a table with a heading, or an array.
    func list(_ values: [JSON], columns: [String]) throws {
        if asJSON { return try json(.array(values)) }
        let rows = values.map { value in columns.map { Self.cell(value[$0]) } }
        let widths = columns.indices.map { column in
            max(columns[column].count, rows.map { $0[column].count }.max() ?? 0)
        }
        func line(_ cells: [String]) -> String {
            zip(cells, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
                .joined(separator: "  ").trimmingCharacters(in: .whitespaces)
        }
        print(line(columns.map { $0.uppercased() }))
        for row in rows { print(line(row)) }
    }

    /// A sentence for people; programs read the exit code.
    func done(_ sentence: String) {
        if !asJSON { print(sentence) }
    }

    private func json(_ value: JSON) throws {
        print(String(decoding: try value.serialized(pretty: true), as: UTF8.self))
    }

    /// One value as text, without control characters: a stored name must not steer a terminal.
    static func cell(_ value: JSON?) -> String {
        switch value {
        case nil, .null: "-"
        case .bool(let value): value ? "yes" : "no"
        case .integer(let value): String(value)
        case .number(let value): String(value)
        case .string(let value): escaped(value)
        case .array(let values): values.map { cell($0) }.joined(separator: ",")
        case .object(let members):
            members.sorted { $0.key < $1.key }.map { "\(escaped($0.key))=\(cell($0.value))" }
                .joined(separator: " ")
        }
    }

    private static func escaped(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
    }
}
