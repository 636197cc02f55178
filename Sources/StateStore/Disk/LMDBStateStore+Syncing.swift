internal import Glibc
internal import LMDB
public import RaftCore
internal import Synchronization

// How what was applied becomes durable.

extension LMDBStateStore {
    @discardableResult
    public func synchronize() throws -> LogIndex {
        let (published, commit) = try keepPublished()
        try final { try published.generation.synchronize(commit) }
        return state.withLock { state in
            // A snapshot that has come meanwhile is durable by itself.
            if state.published?.generation === published.generation {
                state.durable = max(state.durable, published.applied.index)
            }
            return state.durable
        }
    }

    public var isSyncOverdue: Bool {
        guard let generation = state.withLock({ $0.published?.generation }) else { return false }
        return generation.unsyncedGrowthBytes > options.unsyncedBytesMax
    }

    /// The newest commit, kept, and what it has applied.
    private func keepPublished() throws -> (Published, KeptCommit) {
        for _ in 0..<Self.keepTries {
            let generation = try usable { try Self.present($0).generation }
            let commit = try noting { try generation.environment.keepCommit() }
            // It is published a moment after it can be kept.
            let published = try usable { try Self.present($0) }
            if published.generation === generation, published.commit == commit.number {
                return (published, commit)
            }
            sched_yield()
        }
        throw StateStoreError(.busy, "commits passed by \(Self.keepTries) times")
    }

    private static let keepTries = 64
}
