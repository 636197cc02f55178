import ArgumentParser

@main
struct Watchword: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watchword",
        abstract: "Work with a Watchword cluster.",
        subcommands: [InitCommand.self])
}
