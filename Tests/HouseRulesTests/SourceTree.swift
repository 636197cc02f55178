import Foundation

/// A Swift file of the repository, as the rules see it.
struct SourceFile {
    /// Relative to the root of the repository.
    let path: String
    let lines: [String]
    /// The folder that is the target, such as `RaftCore`.
    var target: String { String(path.split(separator: "/")[1]) }
    /// The names behind `import`, whatever their access level.
    var imports: [String] {
        lines.compactMap { line in
            let words = line.split(separator: " ")
            guard let position = words.firstIndex(of: "import"), position <= 2,
                words[..<position].allSatisfy({ modifiers.contains(String($0)) }),
                position + 1 < words.count
            else { return nil }
            let kinds: Set<Substring> = [
                "struct", "class", "enum", "func", "protocol", "typealias",
            ]
            let name =
                kinds.contains(words[position + 1]) ? words[position + 2] : words[position + 1]
            return String(name.split(separator: ".")[0])
        }
    }
}

private let modifiers: Set<String> = [
    "public", "internal", "package", "private", "fileprivate", "@testable", "@_spi(Testing)",
    "@preconcurrency",
]

/// The files under the given folders of the repository.
func sourceFiles(under folders: [String]) throws -> [SourceFile] {
    let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    var files: [SourceFile] = []
    for folder in folders {
        let start = root.appendingPathComponent(folder)
        guard let walk = FileManager.default.enumerator(atPath: start.path) else { continue }
        for case let name as String in walk where name.hasSuffix(".swift") {
            let text = try String(
                contentsOf: start.appendingPathComponent(name), encoding: .utf8)
            files.append(
                SourceFile(
                    path: "\(folder)/\(name)", lines: text.components(separatedBy: "\n")))
        }
    }
    return files.sorted { $0.path < $1.path }
}
