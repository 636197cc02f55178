@testable import AuthCore

extension KnowingCommand {
    /// Draws what a tenant asks of sessions, mostly so that older ones give way.
    mutating func updateSettings() -> Command.Operation {
        .updateSettings(
            .init(
                idleMilliseconds: dice.chance(10) ? .set(1_800_000) : .clear,
                absoluteMilliseconds: dice.chance(10) ? .set(36_000_000) : .clear,
                sessionsPerUser: dice.chance(60) ? .set(UInt64(2 + dice.below(3))) : .clear,
                overflow: dice.chance(90) ? .evictOldest : .deny))
    }
}
