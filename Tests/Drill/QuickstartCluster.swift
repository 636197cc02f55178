import Foundation
import WatchwordClient

/// A cluster that `deploy/quickstart` started, and its way to stop and start nodes.
struct QuickstartCluster: Sendable {
    struct Node: Sendable {
        let id: String
        let url: String
        let dataFolder: String
    }

    let folder: String
    let script: String
    let balancer: String?
    let nodes: [Node]
    let adminPassword: String

    /// Reads `cluster.json`.
    init(folder: String, script: String) throws {
        self.folder = folder
        self.script = script
        let json = try JSON(
            parsing: Data(contentsOf: URL(fileURLWithPath: "\(folder)/cluster.json")))
        balancer = json["lb"]?.text
        nodes = (json["nodes"]?.elements ?? []).map { node in
            Node(
                id: node["id"]?.text ?? "", url: node["http"]?.text ?? "",
                dataFolder: node["data_dir"]?.text ?? "")
        }
        let file = json["admin"]?["password_file"]?.text ?? ""
        adminPassword = try String(contentsOfFile: file, encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func node(_ id: String) -> Node {
        guard let node = nodes.first(where: { $0.id == id }) else { fatalError("no node \(id)") }
        return node
    }

    /// The process of a node, as the quickstart noted it.
    func process(of id: String) throws -> Int32 {
        let text = try String(contentsOfFile: "\(folder)/\(id)/pid", encoding: .utf8)
        guard let pid = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw DrillFailure("no process id of \(id)")
        }
        return pid
    }

    /// Sends a signal at once, without a shell in between.
    func signal(_ id: String, _ number: Int32) throws {
        let pid = try process(of: id)
        guard kill(pid, number) == 0 else { throw DrillFailure("signal \(number) to \(id)") }
    }

    /// Whether the process of a node is there.
    func isRunning(_ id: String) throws -> Bool { kill(try process(of: id), 0) == 0 }

    /// Starts a node that does not run, or was killed and is about to end.
    func start(_ id: String) async throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while try isRunning(id) {
            guard ContinuousClock.now < deadline else { throw DrillFailure("\(id) does not end") }
            try await Task.sleep(for: .milliseconds(1))
        }
        try await quickstart(["start", id])
    }

    /// Runs the quickstart script.
    func quickstart(_ arguments: [String]) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: script)
        process.arguments = arguments + ["--dir", folder]
        process.standardOutput = FileHandle.nullDevice
        let status: Int32 = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        guard status == 0 else { throw DrillFailure("quickstart \(arguments): status \(status)") }
    }
}

/// A drill could not be carried out, or found something wrong.
struct DrillFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
