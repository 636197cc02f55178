internal import AuthService
internal import Cryptography
internal import HTTPAPI
internal import ReplicaRuntime

/// The world of this node at this moment, for the API.
struct NodeEnvironment: APIEnvironment {
    let runtime: ReplicaRuntime
    let facts: NodeFactsKeeper
    let keys: NodeKeys
    let journal: NodeJournal
    let options: AuthOptions
    let metrics: NodeMetrics

    func world() -> World {
        let opened = keys.opened
        return World(
            views: StoreViews(store: runtime.store), random: SystemRandomBytes(),
            now: runtime.clock.wall, keys: opened?.keys, tokens: opened?.tokens, options: options,
            node: facts.now, journal: journal)
    }

    func metricsText() -> [UInt8] { metrics.text() }
}
