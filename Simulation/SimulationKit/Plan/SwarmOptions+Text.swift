import RaftCore

// Options as they are written in files: every one by its name.

extension SwarmOptions {
    /// An option that a plan may name.
    struct Option {
        let name: String
        let get: (SwarmOptions) -> UInt64
        let set: (inout SwarmOptions, UInt64) -> Void
    }

    private static func option(_ name: String, _ path: WritableKeyPath<SwarmOptions, UInt64>)
        -> Option
    {
        Option(name: name, get: { $0[keyPath: path] }, set: { $0[keyPath: path] = $1 })
    }

    private static func count(_ name: String, _ path: WritableKeyPath<SwarmOptions, Int>)
        -> Option
    {
        Option(
            name: name, get: { UInt64($0[keyPath: path]) },
            set: { $0[keyPath: path] = Int(min($1, UInt64(Int.max))) })
    }

    private static func truth(_ name: String, _ path: WritableKeyPath<SwarmOptions, Bool>)
        -> Option
    {
        Option(
            name: name, get: { $0[keyPath: path] ? 1 : 0 }, set: { $0[keyPath: path] = $1 != 0 })
    }

    /// Everything but the size of the world, which has keys of its own, and the rates of faults,
    /// of which a plan has the faults.
    static var named: [Option] {
        [
            option("latency-min", \.latencyMin), option("latency-spread", \.latencySpread),
            option("latency-tail", \.latencyTail), option("loss", \.loss),
            option("duplication", \.duplication), option("bandwidth", \.bandwidth),
            truth("reordering", \.isReordering), count("queue-max", \.queueMax),
            truth("held-through-cuts", \.isHeldThroughCuts),
            truth("queued-while-down", \.isQueuedWhileDown),
            option("silence-max", \.silenceMax), option("turn-delay-max", \.turnDelayMax),
            option("sync-min", \.syncMin), option("sync-spread", \.syncSpread),
            option("sync-tail", \.syncTail), option("apply-min", \.applyMin),
            option("apply-spread", \.applySpread), option("apply-tail", \.applyTail),
            option("state-sync-every", \.stateSyncEvery), option("drift-max", \.driftMax),
            truth("drift-extreme", \.isDriftExtreme), option("wall-offset-max", \.wallOffsetMax),
            count("segment-bytes", \.segmentBytes), count("retained-bytes", \.retainedBytes),
            option("trim-step", \.trimStep), count("disk-bytes", \.diskBytes),
            option("kill-every", \.killEvery), option("power-loss-every", \.powerLossEvery),
            option("restart-max", \.restartMax), truth("past-promises", \.isPastPromises),
            option("checkpoint-entries", \.checkpointEntries),
            option("checkpoint-milliseconds", \.checkpointMilliseconds),
            option("releases-every", \.releasesEvery), count("spares", \.spares),
            count("clients", \.clients),
            option("think-time", \.thinkTime),
            option("read-share", \.readShare), option("retry-share", \.retryShare),
            option("deadline", \.deadline), count("value-max", \.valueMax),
            truth("http", \.isHTTP),
            option("dawdle-max", \.dawdleMax), truth("prying", \.isPrying),
            option("lease-delay-max", \.leaseDelayMax),
            truth("answered-late", \.isAnsweredLate),
            truth("outliving-restarts", \.isOutlivingRestarts),
            option("cold-apply-max", \.coldApplyMax), count("slow-appliers", \.slowAppliers),
            option("slow-apply-max", \.slowApplyMax),
            Option(
                name: "mix", get: { $0.mix.rawValue },
                set: { $0.mix = WorkloadMix(rawValue: $1) }),
        ] + namedOfConsensus
    }

    private static var namedOfConsensus: [Option] {
        [
            option("heartbeat", \.raft.heartbeatMilliseconds),
            option("election-timeout", \.raft.electionTimeoutMilliseconds),
            option("campaign-retry", \.raft.campaignRetryMilliseconds),
            option("check-quorum", \.raft.checkQuorumMilliseconds),
            option("lease", \.leaseMilliseconds),
            option("connection-loss-jitter", \.raft.connectionLossJitterMilliseconds),
            count("raft-retained-bytes", \.raft.retainedBytesMax),
            count("grace-bytes", \.raft.graceBytesMax),
            option("grace-milliseconds", \.raft.graceMilliseconds),
            count("committed-bytes-max", \.raft.committedBytesMax),
            count("unapplied-bytes-max", \.raft.unappliedBytesMax),
            count("entry-bytes-max", \.raft.entryBytesMax),
            count("uncommitted-bytes-max", \.raft.uncommittedBytesMax),
            count("append-entries-max", \.raft.appendEntriesMax),
            count("inflight-messages-max", \.raft.inflightMessagesMax),
            count("inflight-bytes-max", \.raft.inflightBytesMax),
        ]
    }
}
