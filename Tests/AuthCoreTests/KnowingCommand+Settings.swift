import ByteCodec

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

    /// Draws requests that were let through.
    mutating func addUsage() -> Command.Operation {
        .addUsage(
            .init(
                sequence: count,
                uses: [
                    Usage(
                        tenant: .platform, subject: UsageSubject(.user, UInt128(dice.below(4))),
                        day: UsagePeriod.day(of: now), count: UInt32(1 + dice.below(9)))
                ]))
    }

    mutating func signingKeys() throws -> Command.Operation {
        let version = try SigningKeys.read(tables).version
        return .rotateSigningKeys(
            .init(
                expectedVersion: version, id: fresh(9), algorithm: .edDSA,
                publicKey: Array(repeating: 1, count: 32),
                privateKey: SealedBlob(term: 1, bytes: [1]),
                leadMilliseconds: UInt64(dice.below(2) * dice.below(600_000)),
                keepMilliseconds: UInt64(dice.below(900_000)), isRevoking: dice.chance(40)))
    }

    mutating func touchKeys() throws -> Command.Operation {
        guard let key = try pick(KeyRow.self) else { return try createKey() }
        return .touchKeys(
            .init(touches: [
                KeyTouch(key: key.id, lastUsed: dice.chance(50) ? now : .max, address: "::1")
            ]))
    }
}
