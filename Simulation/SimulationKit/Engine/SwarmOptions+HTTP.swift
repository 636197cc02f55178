import RaftCore

extension SwarmOptions {
    /// Whether clients speak HTTP and what they do then, by a chance of its own, so that everything
    /// else of a seed is the same without it.
    mutating func drawHTTP(_ seed: UInt64, _ emphasis: Emphasis) {
        let always: Emphasis = [.http, .keys, .limits, .tokens, .crowds, .codes, .tenants]
        var random = RandomSource(seed: seed ^ 0x4854_5450)
        let isPlain = membersEvery == 0 && releasesEvery == 0
        guard random.chance(1, in: 8) && isPlain || !emphasis.isDisjoint(with: always) else {
            return
        }
        isHTTP = true
        // Nodes of an older release are asked for commands only.
        releasesEvery = 0
        // What is answered from a state that nobody knows to be damaged proves nothing.
        stateEvery = 0
        thinkTime = min(thinkTime, 400_000)
        // Who waits for all that others do has less of each.
        mix = random.chance(1, in: 2) ? .all : WorkloadMix(rawValue: random.next() & 255)
        mix.formUnion([.logIns, .validations])
        if emphasis.contains(.keys) { mix.formUnion([.keys, .roles]) }
        if emphasis.contains(.limits) { mix.insert(.limits) }
        if emphasis.contains(.tenants) { mix.insert(.tenants) }
        if emphasis.contains(.tokens) {
            mix.formUnion([.accessTokens, .refreshes, .revocations, .expiry])
        }
        if emphasis.contains(.crowds) { mix.formUnion([.crowds, .revocations]) }
        if emphasis.contains(.codes) { mix.insert(.codes) }
    }
}
