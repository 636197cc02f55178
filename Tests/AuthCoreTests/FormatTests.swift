import ByteCodec
import Foundation
import RaftCore
import Testing

@testable import AuthCore

/// The examples in `docs/formats` are frozen: a release that cannot read them, or writes them
/// otherwise, needs a new version byte.
@Suite struct FormatTests {
    @Test(
        "Every frozen row is read, means what it meant, and is written with the same bytes",
        arguments: Example.rows + Example.quotaRows)
    func rows(example: Example) throws { try check(example, page: "rows.md") }

    @Test(
        "Every frozen command and outcome is read and written with the same bytes",
        arguments: Example.commands + Example.quotaCommands)
    func commands(example: Example) throws { try check(example, page: "commands.md") }

    @Test("The pages hold no other examples than these")
    func nothingElse() throws {
        let rows = Example.rows + Example.quotaRows
        let commands = Example.commands + Example.quotaCommands
        #expect(try Set(frozen("rows.md").keys) == Set(rows.map(\.name)))
        #expect(try Set(frozen("commands.md").keys) == Set(commands.map(\.name)))
    }

    private func check(_ example: Example, page: String) throws {
        let written = Example.hex(example.bytes)
        let frozen = try frozen(page)[example.name]
        #expect(frozen == written, "the line would be: \(example.name) \(written)")
        try #expect(example.rewrite(example.bytes) == example.bytes)
    }

    /// The examples of a page: lines of a code block, each a name and hexadecimal digits.
    private func frozen(_ page: String) throws -> [String: String] {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let file = root.appending(path: "docs/formats/\(page)")
        let text = try String(contentsOf: file, encoding: .utf8)
        let block = text.split(separator: "```", omittingEmptySubsequences: false)
        return block.indices.filter { $0 % 2 == 1 }.flatMap { block[$0].split(separator: "\n") }
            .reduce(into: [:]) { found, line in
                let parts = line.split(separator: " ")
                if parts.count == 2 { found[String(parts[0])] = String(parts[1]) }
            }
    }
}
