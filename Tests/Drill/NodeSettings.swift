import Foundation

extension QuickstartCluster {
    private func settingsPath(of id: String) -> String { "\(folder)/\(id)/node.yaml" }

    /// The value of `section.key` in a node's file, without quotes; nil when it is not there.
    func setting(_ id: String, _ section: String, _ key: String) throws -> String? {
        let lines = try String(contentsOfFile: settingsPath(of: id), encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(of: "\(section):") else { return nil }
        for line in lines[(start + 1)...] {
            guard line.hasPrefix("  ") else { return nil }
            if line.hasPrefix("  \(key): ") {
                return line.dropFirst(key.count + 4).trimmingCharacters(in: ["\"", " "])
            }
        }
        return nil
    }

    /// Writes `section.key` into a node's file; the node takes it at its next start.
    func set(_ id: String, _ section: String, _ key: String, _ value: String) throws {
        var lines = try String(contentsOfFile: settingsPath(of: id), encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let new = "  \(key): \(value)"
        if let start = lines.firstIndex(of: "\(section):") {
            let rest = lines[(start + 1)...]
            let end = rest.firstIndex { !$0.hasPrefix("  ") } ?? lines.endIndex
            if let old = lines[(start + 1)..<end].firstIndex(where: { $0.hasPrefix("  \(key): ") })
            {
                lines[old] = new
            } else {
                lines.insert(new, at: end)
            }
        } else {
            if lines.last == "" { lines.removeLast() }
            lines += ["\(section):", new, ""]
        }
        try lines.joined(separator: "\n")
            .write(toFile: settingsPath(of: id), atomically: true, encoding: .utf8)
    }

    /// Takes a section out of a node's file.
    func unset(_ id: String, _ section: String) throws {
        var lines = try String(contentsOfFile: settingsPath(of: id), encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard let start = lines.firstIndex(of: "\(section):") else { return }
        let end = lines[(start + 1)...].firstIndex { !$0.hasPrefix("  ") } ?? lines.endIndex
        lines.removeSubrange(start..<end)
        try lines.joined(separator: "\n")
            .write(toFile: settingsPath(of: id), atomically: true, encoding: .utf8)
    }

    /// Stops a node politely and waits for its end.
    func stop(_ id: String) async throws { try await quickstart(["stop", id]) }
}
