import ArgumentParser
import Dispatch
import Foundation
import Logging
import Server

/// The program of a node.
@main
struct WatchwordDaemon: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watchwordd",
        abstract: "Run a node of a Watchword cluster.",
        discussion: """
            Signals: TERM and INT hand leadership over and end the node within 5 s, HUP reads \
            certificates again. Every key of the configuration is described in \
            docs/configuration.md.
            """)

    @Option(help: "The configuration, a YAML file.") var config: String
    @Option(name: .customLong("set"), help: "A key and its value, as log.level=debug; repeatable.")
    var settings: [String] = []
    @Flag(help: "Read and check the configuration, and end.") var checkConfig = false

    func run() throws {
        let configuration: NodeConfiguration
        do {
            configuration = try NodeConfiguration.load(
                file: config, settings: settings,
                environment: ProcessInfo.processInfo.environment)
        } catch {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            throw ExitCode(64)
        }
        guard !checkConfig else { return print("the configuration is good") }
        NodeProcess.run(configuration)
    }
}
