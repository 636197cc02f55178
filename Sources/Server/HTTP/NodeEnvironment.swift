internal import AuthService
internal import Budgets
internal import Cryptography
internal import HTTPAPI
internal import RaftCore
internal import ReplicaRuntime

/// The world of this node at this moment, for the API.
struct NodeEnvironment: APIEnvironment {
    let runtime: ReplicaRuntime
    let facts: NodeFactsKeeper
    let keys: NodeKeys
    let journal: NodeJournal
    let options: AuthOptions
    let metrics: NodeMetrics
    let rights = API.makeRightsMemory()

    func world() -> World {
        let opened = keys.opened
        return World(
            views: StoreViews(store: runtime.store), random: SystemRandomBytes(),
            now: runtime.clock.wall, keys: opened?.keys, tokens: opened?.tokens, options: options,
            node: facts.now, gate: LeaseGate(lease: runtime.lease), journal: journal,
            certifier: CertificateSigner(), limiter: SharedLimiter(till: runtime.till),
            meter: journal, rights: rights)
    }

    func metricsText() -> [UInt8] { metrics.text() }
}

/// Counts against the limits of the whole cluster.
private struct SharedLimiter: Limiter {
    let till: SharedTill
    func take(_ budgets: [Budget]) -> BudgetVerdict { till.take(budgets) }
}

/// Lets an allow pass under this node's read lease.
private struct LeaseGate: ReadGate {
    let lease: PublishedLease
    func admitsAllow(viewedAt index: LogIndex) -> Bool { lease.admitsAllow(viewedAt: index) }
}
