/// What a world is to have, if it can, whatever its seed draws.
public struct Emphasis: OptionSet, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Members change; else for one seed in four.
    public static let members = Emphasis(rawValue: 1)
    /// There are two releases; else for one seed in six.
    public static let releases = Emphasis(rawValue: 2)
    /// Clients speak HTTP; else for one seed in eight.
    public static let http = Emphasis(rawValue: 4)
    /// Nodes come back behind from power cuts, with leases from before on their way; else for one
    /// seed in six.
    public static let returns = Emphasis(rawValue: 8)
    /// Rows of states are damaged, where members do not change and logs are whole; else for one
    /// seed in three of those.
    public static let states = Emphasis(rawValue: 16)
    /// Logs are damaged, where members do not change; else for one seed in three of those.
    public static let logs = Emphasis(rawValue: 32)

    /// Clients over HTTP use API keys, and roles with them; no seed draws that by itself.
    public static let keys = Emphasis(rawValue: 64)
    /// Clients over HTTP use API keys with limits; no seed draws that by itself.
    public static let limits = Emphasis(rawValue: 128)

    /// Clients over HTTP use access tokens; no seed draws that by itself.
    public static let tokens = Emphasis(rawValue: 256)

    /// Leaders with slow disks are cut off, so that what these say comes after others have replaced
    /// what it is about; no seed draws that by itself.
    public static let overtaken = Emphasis(rawValue: 512)

    /// Tenants limit how many sessions a user may have; no seed draws that by itself.
    public static let crowds = Emphasis(rawValue: 1024)
    /// Users have one-time codes, which several show at once; no seed draws that by itself.
    public static let codes = Emphasis(rawValue: 2048)
    /// Clients over HTTP work in several tenants; no seed draws that by itself.
    public static let tenants = Emphasis(rawValue: 4096)

    private static let named: [(word: String, emphasis: Emphasis)] = [
        ("--members", .members), ("--releases", .releases), ("--http", .http),
        ("--returns", .returns), ("--rotten-states", .states), ("--rotten-logs", .logs),
        ("--keys", .keys), ("--limits", .limits), ("--tokens", .tokens),
        ("--overtaken", .overtaken), ("--crowds", .crowds), ("--codes", .codes),
        ("--tenants", .tenants),
    ]

    /// What a word on the command line asks for; nil for every other word.
    public init?(word: String) {
        guard let found = Self.named.first(where: { $0.word == word }) else { return nil }
        self = found.emphasis
    }

    /// The words that ask for this.
    public var words: [String] { Self.named.filter { contains($0.emphasis) }.map(\.word) }
}
