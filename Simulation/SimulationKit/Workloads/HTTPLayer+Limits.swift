import APITypes
import AuthCore
import AuthService
import Budgets
import HTTPAPI
import RaftCore
import StateStore

// API keys with limits: who makes them, who uses them on every node far more often than they allow,
// and what is made of the answers.

extension HTTPLayer {
    /// One that is soon used up and hardly comes back, and one that comes back fast.
    private static let limits = [("60/hour", 60, 3_600), ("1200/minute", 1_200, 60)]
    /// Requests in a day of the key with a quota, which comes behind those with a limit.
    private static let quota: UInt64 = 60
    private var limitedKeys: Int { judge.limits.keys.count + (judge.quotas.key == nil ? 0 : 1) }

    func limitMakerWants(_ index: Int) -> HTTPOperation? {
        let made = limitedKeys
        guard made <= Self.limits.count else { return nil }
        guard let session = ownSession(index) else { return .enter }
        return HTTPOperation(
            kind: .createLimited(made), session: session,
            key: "key-\(index)-\(clients[index].operations)")
    }

    func limitUserWants(_ index: Int, _ node: Int) -> HTTPOperation? {
        let count = limitedKeys
        guard world.nodes[node].isUsed, count > 0 else { return nil }
        let place = Int(clients[index].random.next(below: UInt64(count)))
        var operation = HTTPOperation(kind: .useLimited(place), session: nil, key: nil)
        operation.node = node
        return operation
    }

    /// How long a user at this node waits between two requests: the load is very uneven.
    func limitPause(_ index: Int, _ node: Int) -> UInt64 {
        clients[index].random.upTo([8_000, 60_000, 400_000][node % 3])
    }

    func limitDraft(_ operation: HTTPOperation) -> Draft {
        switch operation.kind {
        case .createLimited(let place):
            let isQuota = place == Self.limits.count
            let value = isQuota ? "\(Self.quota)/day" : Self.limits[place].0
            return Draft(
                method: "POST", path: "/v1/keys",
                body: .object([
                    "name": .string("limited"),
                    isQuota ? "quota" : "rate_limit": .string(value),
                ]))
        case .useLimited(let place):
            var draft = Draft(method: "GET", path: "/v1/validate", backend: .read)
            if place < judge.limits.keys.count {
                draft.headers.append(("X-API-Key", judge.limits.keys[place].token))
            } else {
                judge.quotas.sent()
                draft.headers.append(("X-API-Key", judge.quotas.key?.token ?? ""))
            }
            return draft
        default: preconditionFailure("\(operation.kind.told) is not about a limit")
        }
    }

    func judgeLimit(_ flight: Flight, _ answer: Answer) {
        guard case .useLimited(let place) = flight.intent.kind else { return }
        guard place < judge.limits.keys.count else { return judgeQuota(answer) }
        if answer.isSuccess {
            world.counters[.limitsPassed] += 1
            world.oracle.fail(judge.limits.passed(place, at: world.now))
        } else if answer.code == ErrorCode.rateLimited.rawValue {
            world.counters[.limitsRefused] += 1
        }
    }

    func learnLimited(_ place: Int, _ answer: Answer) {
        guard let token = answer.json["key"]?.string, place == limitedKeys else {
            return world.oracle.fail("wire", "the answer to a new key cannot be read")
        }
        if place == Self.limits.count {
            guard let id = answer.json["id"]?.string.flatMap({ judge.codec?.readKeyID($0) }) else {
                return world.oracle.fail("wire", "the id of a new key cannot be read")
            }
            return judge.quotas.learn(token, id, quota: Self.quota)
        }
        let (_, count, seconds) = Self.limits[place]
        judge.limits.learn(
            token, BudgetRate(count: UInt32(count), seconds: UInt32(seconds)))
    }

    private func judgeQuota(_ answer: Answer) {
        if answer.isSuccess {
            world.counters[.quotasPassed] += 1
            world.oracle.fail(judge.quotas.passed())
        } else {
            judge.quotas.refused()
            if answer.code == ErrorCode.quota.rawValue { world.counters[.quotasRefused] += 1 }
        }
    }

    /// A batch of usage is in the log: what all states know of it at most, against the answers.
    func judgeUsage() {
        guard let key = judge.quotas.key else { return }
        let subject = UsageSubject(.key, key.id.bits)
        var most: UInt64 = 0
        var untold: UInt64 = 0
        for service in services.compactMap({ $0 }) {
            let known = readable({
                try service.store.read { view in
                    let month = UsagePeriod.month(ofDay: UsagePeriod.day(of: view.meta.lastStamp))
                    return try recordedUsage(of: subject, in: .platform, month, view)
                }
            })
            most = max(most, known ?? 0)
            untold += service.usage.untold(of: subject)
        }
        world.oracle.fail(
            judge.quotas.recorded(
                most, untold: untold, gone: services.count { $0 == nil }))
    }

    /// A node was elected: if no quorum of processes has heard a leader, nobody of whom the new one
    /// hears may know what was used.
    func elected() {
        let knowing = services.count { $0?.hasHeardOfLimits == true }
        if knowing * 2 <= options.nodes { judge.limits.forgot() }
    }
}
