import APITypes
import Foundation
import Testing

@testable import HTTPAPI

@Suite("docs/api.md tells of every endpoint")
struct APIGuideTests {
    private static let file = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "docs/api.md")

    /// The table of endpoints, as it stands in the guide.
    private static var table: String {
        var lines = [
            "| method and path | what | who | body |", "| --- | --- | --- | --- |",
        ]
        for route in Endpoints.all where !route.isInTenant {
            let method = route.method == "*" ? "any" : route.method
            let body: String =
                switch route.body {
                case .none: ""
                case .ignored: "ignored"
                case .json(.object(let schema), let limit, _, _):
                    "`\(schema.name ?? "object")`, at most \(limit >> 10) KiB"
                case .json: "JSON"
                }
            var summary = route.summary
            if case .read(let stale, _) = route.handler, !stale { summary += " Never stale." }
            lines.append(
                "| `\(method) \(route.pattern.text)` | \(summary) | \(route.gate.words) | \(body) |"
            )
        }
        return lines.joined(separator: "\n")
    }

    /// The routes of other tenants, by path.
    private static var inTenant: String {
        var methods: [(path: String, methods: [String])] = []
        for route in Endpoints.all where route.isInTenant {
            if let place = methods.firstIndex(where: { $0.path == route.pattern.text }) {
                methods[place].methods.append(route.method)
            } else {
                methods.append((route.pattern.text, [route.method]))
            }
        }
        return methods.map { "- `\($0.methods.joined(separator: " ")) \($0.path)`" }
            .joined(separator: "\n")
    }

    /// The table of error codes.
    private static var codes: String {
        var lines = ["| status | code | title |", "| --- | --- | --- |"]
        for code in ErrorCode.allCases.sorted(by: { $0.status < $1.status }) {
            lines.append("| \(code.status) | `\(code.rawValue)` | \(code.title) |")
        }
        return lines.joined(separator: "\n")
    }

    @Test("each code is looked up in docs/troubleshooting.md")
    func troubleshooting() throws {
        let guide = Self.file.deletingLastPathComponent().appending(path: "troubleshooting.md")
        let text = try String(contentsOf: guide, encoding: .utf8)
        // In the first column of a table, as what one looks for.
        let firsts = text.split(separator: "\n").filter { $0.hasPrefix("| `") }
            .compactMap { $0.split(separator: "|").first }.joined()
        for code in ErrorCode.allCases {
            #expect(firsts.contains("`\(code.rawValue)`"), "\(code.rawValue)")
        }
    }

    @Test("its tables are those of the program; WATCHWORD_REWRITE=1 writes them anew")
    func tables() throws {
        var text = try String(contentsOf: Self.file, encoding: .utf8)
        let rewrites = ProcessInfo.processInfo.environment["WATCHWORD_REWRITE"] != nil
        let contents = [
            ("endpoints", Self.table), ("codes", Self.codes), ("tenants", Self.inTenant),
        ]
        for (name, content) in contents {
            let begin = "<!-- begin \(name) -->\n"
            let end = "\n<!-- end \(name) -->"
            let start = try #require(text.range(of: begin)).upperBound
            let stop = try #require(text.range(of: end)).lowerBound
            if rewrites {
                text.replaceSubrange(start..<stop, with: content)
            } else {
                #expect(String(text[start..<stop]) == content)
            }
        }
        if rewrites { try text.write(to: Self.file, atomically: true, encoding: .utf8) }
    }
}
