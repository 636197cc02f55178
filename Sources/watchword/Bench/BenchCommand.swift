import APITypes
import ArgumentParser
import Foundation
import LoadCore
import WatchwordClient

/// A load of requests against a cluster, and how long they take.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Load a cluster, and tell how long its answers take.",
        discussion: """
            Makes users bench-…, sessions for them and, if the mix reads one, a secret below \
            bench/, and removes them at the end; the audit trail keeps its records of all that. \
            Needs users:read, users:write, sessions:create, sessions:revoke and, for a secret, \
            secrets:read and secrets:write. Ctrl-C ends the load, reports and cleans up.
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup(title: "Load") var load: BenchOptions

    func validate() throws { _ = try load.plan() }

    func run() async throws {
        let plan = try load.plan()
        if let histogram = load.histogram { try HistogramFiles.check(histogram) }
        try OpenFiles.allow(connections: plan.connections)
        let interrupts = await Interrupts.watch()
        let report: LoadReport
        do {
            report = try await connection.withClientAndOptions { client, options in
                let bench = Bench(
                    plan: plan, client: client, options: options, interrupts: interrupts,
                    keeps: load.keep)
                return try await bench.run(
                    display: LiveDisplay(asJSON: connection.asJSON), show: show)
            }
        } catch {
            guard interrupts.count > 0 else { throw error }
            PrintError.line("watchword: \(error)")
            throw ExitCode(Interrupts.exitCode)
        }
        if interrupts.count > 0 { throw ExitCode(Interrupts.exitCode) }
        guard report.tally.succeeded() > 0 else {
            throw CommandFailure(.unavailable, "no request succeeded")
        }
    }

    /// Shows a report and writes its histograms.
    private func show(_ report: LoadReport) throws {
        if connection.asJSON {
            try connection.output.object(JSON(parsing: Data(report.json.bytes)), fields: [])
        } else {
            print(report.lines.joined(separator: "\n"))
        }
        if let histogram = load.histogram { try HistogramFiles.write(report, to: histogram) }
    }
}
