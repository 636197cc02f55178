import Foundation
import Testing

@Suite("Scenarios, whole traces")
struct ScenarioTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Scenarios")

    /// With `WATCHWORD_REWRITE_SCENARIOS=1` the pages are written anew, to be reviewed as a diff.
    private static let isRewriting =
        ProcessInfo.processInfo.environment["WATCHWORD_REWRITE_SCENARIOS"] == "1"

    static let names: [String] =
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
        .filter { $0.hasSuffix(".txt") }.sorted()

    @Test("are there")
    func notVacuous() { #expect(Self.names.count >= 15) }

    @Test("give the trace that is written down", arguments: names)
    func trace(name: String) throws {
        let file = Self.folder.appending(path: name)
        let page = try String(contentsOf: file, encoding: .utf8)
        let result = try Scenario.run(page)
        if Self.isRewriting {
            try result.write(to: file, atomically: true, encoding: .utf8)
            return
        }
        guard result != page else { return }
        let expected = page.split(separator: "\n", omittingEmptySubsequences: false)
        let actual = result.split(separator: "\n", omittingEmptySubsequences: false)
        let line = zip(expected, actual).prefix { $0 == $1 }.count
        Issue.record(
            """
            \(name) differs from line \(line + 1) on:
            expected: \(line < expected.count ? expected[line] : "the end")
            actual:   \(line < actual.count ? actual[line] : "the end")
            """)
    }
}
