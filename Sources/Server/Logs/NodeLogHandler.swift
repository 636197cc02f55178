internal import Foundation
public import Logging

/// One line per event: JSON for programs, or text for people.
///
/// Metadata is written as it is given, with control characters escaped; nothing that holds a
/// credential has a type that could be given.
public struct NodeLogHandler: LogHandler {
    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    private let label: String
    private let isJSON: Bool
    private let write: @Sendable (String) -> Void

    /// A handler that writes to standard error.
    public init(label: String, level: Logger.Level, json: Bool) {
        self.label = label
        logLevel = level
        isJSON = json
        write = { LogSink.standardError.write($0) }
    }

    /// A handler that gives its lines to `write`.
    init(
        label: String, level: Logger.Level, json: Bool, write: @escaping @Sendable (String) -> Void
    ) {
        self.label = label
        logLevel = level
        isJSON = json
        self.write = write
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var fields = metadata
        if let more = event.metadata { fields.merge(more) { _, new in new } }
        let at = Date().formatted(
            Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        let pairs = fields.sorted { $0.key < $1.key }
        write(
            isJSON
                ? json(at: at, event: event, pairs: pairs)
                : text(at: at, event: event, pairs: pairs))
    }

    private func json(
        at: String, event: LogEvent, pairs: [(key: String, value: Logger.Metadata.Value)]
    ) -> String {
        var line = "{\"at\":\"\(at)\",\"level\":\"\(event.level)\",\"target\":\"\(label)\","
        line += "\"message\":\"\(Self.escaped(event.message.description))\""
        for (key, value) in pairs {
            line += ",\"\(Self.escaped(key))\":\"\(Self.escaped(value.description))\""
        }
        return line + "}"
    }

    private func text(
        at: String, event: LogEvent, pairs: [(key: String, value: Logger.Metadata.Value)]
    ) -> String {
        let fields = pairs.map { " \(Self.escaped($0.key))=\(Self.escaped($0.value.description))" }
        return "\(at) \(event.level) \(label): \(Self.escaped(event.message.description))"
            + fields.joined()
    }

    /// The inside of a JSON string: quotes, backslashes and control characters escaped.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": escaped += "\\\""
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\r": escaped += "\\r"
            case "\t": escaped += "\\t"
            case _
            where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
                || scalar.value == 0x2028
                || scalar.value == 0x2029:
                let digits = String(scalar.value, radix: 16)
                escaped += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
