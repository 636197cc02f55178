import RaftCore

/// What a world is like: its size, its load, and which faults happen how often. A seed draws one;
/// whole families of faults are switched on or off, so that seeds differ in kind and not only in
/// degree (swarm testing).
///
/// Times are in microseconds of virtual time unless they say otherwise.
public struct SwarmOptions: Equatable, Sendable {
    /// How many nodes.
    public var nodes = 3
    /// How many more machines there are, which belong to no cluster until somebody adds them.
    var spares = 0
    /// How long faults go on, in seconds; then everything heals and must come to rest.
    public var seconds: UInt64 = 60

    // Links.
    /// The least time that a message takes.
    var latencyMin: UInt64 = 100
    /// What is added at most, usually.
    var latencySpread: UInt64 = 200
    /// One message in 256 takes up to this much longer; 0 for none.
    var latencyTail: UInt64 = 0
    /// Consensus messages lost, in 65,536.
    var loss: UInt64 = 0
    /// Consensus messages that come twice, in 65,536.
    var duplication: UInt64 = 0
    /// Bytes in a millisecond over each link; 0 for no limit.
    var bandwidth: UInt64 = 0
    /// Whether messages overtake each other on one link.
    var isReordering = false
    /// Messages on their way on one link at once; more are dropped.
    var queueMax = 1_024
    /// Whether what is sent through a cut arrives after it, as from a kernel's buffers.
    var isHeldThroughCuts = false
    /// Whether a transport keeps what is sent while it has no connection.
    var isQueuedWhileDown = false
    /// Silence after which a connection is given up.
    var silenceMax: UInt64 = 700_000

    // Nodes.
    /// From an input to the turn that takes it.
    var turnDelayMax: UInt64 = 20
    var syncMin: UInt64 = 100
    var syncSpread: UInt64 = 400
    /// One sync in 128 takes up to this much longer; 0 for none.
    var syncTail: UInt64 = 0
    var applyMin: UInt64 = 50
    /// From what is applied to the sync of the state.
    var stateSyncEvery: UInt64 = 100_000
    var applySpread: UInt64 = 200
    /// One apply in 128 takes up to this much longer; 0 for none.
    var applyTail: UInt64 = 0
    /// Clocks run fast or slow by up to this, in parts per million.
    var driftMax: UInt64 = 0
    /// Whether they run wrong by just that, one way or the other.
    var isDriftExtreme = false
    /// Wall clocks are off by up to this at the start, in milliseconds.
    var wallOffsetMax: UInt64 = 0
    var segmentBytes = 64 << 10
    var retainedBytes = 32 << 10
    var trimStep: UInt64 = 16
    /// Room on each disk.
    var diskBytes = Int.max

    // Faults: the mean time between two of a kind anywhere in the world; 0 for never.
    var killEvery: UInt64 = 0
    var powerLossEvery: UInt64 = 0
    var totalCrashEvery: UInt64 = 0
    var pauseEvery: UInt64 = 0
    var stopEvery: UInt64 = 0
    var transferEvery: UInt64 = 0
    var partitionEvery: UInt64 = 0
    var flapEvery: UInt64 = 0
    var resetEvery: UInt64 = 0
    var wallStepEvery: UInt64 = 0
    var slowDiskEvery: UInt64 = 0
    var fullDiskEvery: UInt64 = 0
    var restartLoopEvery: UInt64 = 0
    var slowLinkEvery: UInt64 = 0
    var driftEvery: UInt64 = 0
    var freezeEvery: UInt64 = 0
    var failSyncEvery: UInt64 = 0
    var damageEvery: UInt64 = 0
    var suspendEvery: UInt64 = 0
    /// The mean time between two that hit a state, or a snapshot on its way.
    var stateEvery: UInt64 = 0
    /// A checkpoint is begun after so many entries, and after so many milliseconds.
    var checkpointEntries: UInt64 = 64
    var checkpointMilliseconds: UInt64 = 1_000
    /// The mean time between two changes of members that somebody asks for.
    var membersEvery: UInt64 = 0
    /// The mean time between two changes of a node's release, or of the feature level; 0: all nodes
    /// are of one release.
    var releasesEvery: UInt64 = 0
    /// Whether more goes wrong than the protocol promises to survive: then nothing may be wrong,
    /// but everything may stand still.
    public var isPastPromises = false
    /// Restarts follow a crash within this time.
    var restartMax: UInt64 = 2_000_000
    /// Pauses last up to this long.
    var pauseMax: UInt64 = 2_000_000
    /// Partitions last up to this long.
    var partitionMax: UInt64 = 3_000_000

    // Load.
    var clients = 4
    /// The mean pause of a client between two operations.
    var thinkTime: UInt64 = 200_000
    /// Operations in 256 that are reads.
    var readShare: UInt64 = 64
    /// Operations in 256 that are repeated under the same identity when their outcome is unknown.
    var retryShare: UInt64 = 200
    /// A client gives up after this many milliseconds.
    var deadline: UInt64 = 5_000
    /// Bytes of a large value.
    var valueMax = 64
    /// Whether clients speak HTTP to the nodes, through a load balancer, instead of commands.
    public var isHTTP = false
    /// What clients over HTTP do.
    var mix = WorkloadMix.all

    /// A validation takes up to so long between its steps, as a thread does that is stopped; 0: it
    /// is done in one instant.
    var dawdleMax: UInt64 = 0
    /// Whether every node is asked at once for what has just ended.
    var isPrying = false
    /// Asks for leases and grants take up to so much longer, one in four.
    var leaseDelayMax: UInt64 = 0
    /// Whether leaders hear late, and hand over while answers to what they sent before are on
    /// their way.
    var isAnsweredLate = false
    /// Whether disks that get slow are those of leaders, which are then cut off.
    var isOvertaken = false
    /// Whether messages to a process reach the one that runs on its node then.
    var isOutlivingRestarts = false
    /// In the second after its start a process takes up to so much longer to apply.
    var coldApplyMax: UInt64 = 0
    /// So many machines, the first ones, take up to `slowApplyMax` longer to apply in the storm.
    var slowAppliers = 0
    var slowApplyMax: UInt64 = 0

    // Times of the consensus, in milliseconds.
    var raft = RaftOptions()
    /// How long a read lease lasts at most; 0: there are none.
    var leaseMilliseconds: UInt64 = 2_000

    public init() {}

    /// A world without any fault, for measuring.
    ///
    /// - Parameter operationsPerSecond: of all clients together, about.
    public static func calm(
        nodes: Int, seconds: UInt64, operationsPerSecond: UInt64 = 20
    ) -> SwarmOptions {
        var options = SwarmOptions()
        options.nodes = nodes
        options.seconds = seconds
        options.clients = Int((operationsPerSecond + 4) / 5)
        options.thinkTime =
            operationsPerSecond == 0 ? 0 : UInt64(options.clients) * 1_000_000 / operationsPerSecond
        return options
    }

    /// Has processes end, machines pause, links break and disks get slow every few seconds, for
    /// measuring.
    public mutating func addFaults() {
        latencyTail = 20_000
        loss = 650
        duplication = 650
        killEvery = 10_000_000
        powerLossEvery = 20_000_000
        stopEvery = 20_000_000
        pauseEvery = 10_000_000
        partitionEvery = 5_000_000
        resetEvery = 5_000_000
        slowDiskEvery = 10_000_000
        wallStepEvery = 20_000_000
    }

    /// The same world in which members change, with so many more machines.
    public func changingMembers(everyMilliseconds: UInt64, spares: Int) -> SwarmOptions {
        precondition(nodes + spares <= 9, "\(nodes) and \(spares) machines")
        var options = self
        options.membersEvery = everyMilliseconds * 1_000
        options.spares = spares
        return options
    }

    /// What a seed draws.
    public static func drawn(
        seed: UInt64, nodes: Int?, seconds: UInt64, emphasis: Emphasis = []
    ) -> SwarmOptions {
        var random = RandomSource(seed: seed ^ 0x5741_524D_5357_4F50)
        var options = SwarmOptions()
        options.seconds = seconds
        let sizes = [3, 3, 3, 3, 3, 3, 3, 5, 5, 2, 4, 1]
        options.nodes = nodes ?? sizes[Int(random.next(below: UInt64(sizes.count)))]
        options.drawLinks(&random)
        options.drawNodes(&random)
        options.drawFaults(&random, damagesLogs: emphasis.contains(.logs))
        options.drawLoad(&random)
        options.drawMembers(&random, always: emphasis.contains(.members))
        options.drawReleases(&random, always: emphasis.contains(.releases))
        options.drawSuspensions(seed)
        options.drawStates(&random, always: emphasis.contains(.states))
        options.drawHTTP(seed, emphasis)
        options.drawLeases(seed, returns: emphasis.contains(.returns))
        options.drawDamage(seed)
        if emphasis.contains(.overtaken) { options.overtakeDisks() }
        return options
    }
}

extension SwarmOptions {
    private func isOn(_ random: inout RandomSource) -> Bool { random.chance(1, in: 2) }

    private func pick<Value>(_ values: [Value], _ random: inout RandomSource) -> Value {
        values[Int(random.next(below: UInt64(values.count)))]
    }

    private mutating func drawLinks(_ random: inout RandomSource) {
        latencyMin = pick([50, 100, 500, 2_000], &random)
        latencySpread = pick([50, 200, 1_000, 5_000], &random)
        latencyTail = pick([0, 0, 20_000, 200_000], &random)
        if isOn(&random) { loss = pick([64, 650, 3_300, 13_000], &random) }
        if isOn(&random) { duplication = pick([650, 6_500, 20_000], &random) }
        isReordering = isOn(&random)
        queueMax = pick([8, 64, 1_024], &random)
        isHeldThroughCuts = isOn(&random)
        isQueuedWhileDown = isOn(&random)
        silenceMax = pick([300_000, 700_000, 2_000_000], &random)
        if random.chance(1, in: 4) { bandwidth = pick([200, 1_000, 10_000], &random) }
    }

    private mutating func drawNodes(_ random: inout RandomSource) {
        turnDelayMax = pick([1, 20, 500], &random)
        syncMin = pick([20, 100, 1_000, 5_000], &random)
        syncSpread = pick([50, 400, 5_000], &random)
        syncTail = pick([0, 0, 30_000, 300_000], &random)
        applyMin = pick([20, 100, 1_000], &random)
        applySpread = pick([50, 400, 10_000], &random)
        applyTail = pick([0, 0, 50_000, 500_000], &random)
        stateSyncEvery = pick([10_000, 100_000, 100_000, 2_000_000], &random)
        driftMax = pick([0, 200, 20_000, 100_000], &random)
        wallOffsetMax = pick([0, 100, 60_000], &random)
        segmentBytes = pick([32 << 10, 64 << 10, 256 << 10], &random)
        retainedBytes = pick([0, 1 << 10, 16 << 10, 256 << 10], &random)
        trimStep = pick([1, 16, 128], &random)
        raft.retainedBytesMax = retainedBytes
        raft.graceBytesMax = retainedBytes
        raft.appendEntriesMax = pick([1, 4, 1_024], &random)
        raft.inflightMessagesMax = pick([2, 8, 64], &random)
        raft.inflightBytesMax = pick([4 << 10, 8 << 20], &random)
        raft.graceBytesMax = pick([0, 4 << 10, 64 << 20], &random)
        raft.graceMilliseconds = pick([100, 1_000, 10_000], &random)
        raft.committedBytesMax = pick([1, 4 << 10, 4 << 20], &random)
        raft.unappliedBytesMax = pick([4 << 10, 64 << 20], &random)
        raft.entryBytesMax = pick([8 << 10, 1 << 20], &random)
        raft.uncommittedBytesMax = raft.entryBytesMax * pick([2, 64], &random)
        raft.connectionLossJitterMilliseconds = pick([5, 20, 60], &random)
        // Times that fit to links of up to some milliseconds each way.
        let factor: UInt64 = latencyMin + latencySpread + latencyTail / 8 > 4_000 ? 4 : 1
        raft.heartbeatMilliseconds *= factor
        raft.electionTimeoutMilliseconds *= factor
        raft.campaignRetryMilliseconds *= factor
        raft.checkQuorumMilliseconds *= factor
        // Short ones end in the middle of more.
        leaseMilliseconds = pick([50, 200, 500, 2_000], &random)
    }

    private mutating func drawFaults(_ random: inout RandomSource, damagesLogs: Bool) {
        // Seldom to constantly.
        func every(_ random: inout RandomSource) -> UInt64 {
            guard isOn(&random) else { return 0 }
            return pick([500_000, 2_000_000, 8_000_000, 30_000_000], &random)
        }
        killEvery = every(&random)
        powerLossEvery = every(&random)
        totalCrashEvery = isOn(&random) ? pick([5_000_000, 20_000_000], &random) : 0
        pauseEvery = every(&random)
        stopEvery = every(&random)
        transferEvery = every(&random)
        partitionEvery = every(&random)
        flapEvery = every(&random)
        resetEvery = every(&random)
        wallStepEvery = every(&random)
        slowDiskEvery = every(&random)
        fullDiskEvery = isOn(&random) ? pick([5_000_000, 20_000_000], &random) : 0
        restartMax = pick([100_000, 2_000_000, 10_000_000], &random)
        pauseMax = pick([50_000, 500_000, 5_000_000], &random)
        partitionMax = pick([200_000, 2_000_000, 10_000_000], &random)
        restartLoopEvery = isOn(&random) ? pick([8_000_000, 30_000_000], &random) : 0
        slowLinkEvery = every(&random)
        driftEvery = every(&random)
        // Where clocks stand still there are no leases.
        freezeEvery = isOn(&random) ? every(&random) : 0
        failSyncEvery = isOn(&random) ? pick([2_000_000, 20_000_000], &random) : 0
        let isDamaged = random.chance(1, in: 3) || damagesLogs
        damageEvery = isDamaged ? pick([1_000_000, 10_000_000], &random) : 0
    }

    /// Drawn last, so that everything else of a seed is the same without it.
    private mutating func drawMembers(_ random: inout RandomSource, always: Bool) {
        guard random.chance(1, in: 4) || always else { return }
        membersEvery = pick([300_000, 1_000_000, 3_000_000], &random)
        spares = min(9 - nodes, pick([2, 4, 6], &random))
        // A minority of today's voters may be too many of tomorrow's.
        damageEvery = 0
    }

    /// Drawn behind the members, for the same reason.
    private mutating func drawReleases(_ random: inout RandomSource, always: Bool) {
        guard random.chance(1, in: 6) || always else { return }
        releasesEvery = pick([1_000_000, 4_000_000, 15_000_000], &random)
    }

    /// By a chance of its own, so that everything else of a seed is the same without it.
    private mutating func drawSuspensions(_ seed: UInt64) {
        var random = RandomSource(seed: seed ^ 0x5355_5350)
        guard random.chance(1, in: 4) else { return }
        suspendEvery = pick([2_000_000, 8_000_000, 30_000_000], &random)
    }

    /// Drawn behind everything, as above.
    private mutating func drawStates(_ random: inout RandomSource, always: Bool) {
        // Whose voters change has no minority that is always the same, and one whose log was
        // damaged needs its state.
        guard random.chance(1, in: 3) || always, membersEvery == 0, damageEvery == 0 else { return }
        stateEvery = pick([1_000_000, 4_000_000, 15_000_000], &random)
        checkpointEntries = pick([8, 64, 1_024], &random)
        checkpointMilliseconds = pick([500, 2_000], &random)
    }

    private mutating func drawLoad(_ random: inout RandomSource) {
        clients = pick([1, 4, 16], &random)
        thinkTime = pick([5_000, 50_000, 500_000], &random) * UInt64(clients)
        readShare = pick([16, 64, 192], &random)
        retryShare = pick([0, 128, 250], &random)
        deadline = pick([300, 1_000, 5_000], &random)
        valueMax = pick([16, 64, 2_000], &random)
    }
}

extension SwarmOptions {
    /// All machines.
    public var machines: Int { nodes + spares }

    /// The mean time between two faults of a family anywhere in the world; 0 for never.
    subscript(family: FaultFamily) -> UInt64 {
        switch family {
        case .kill: killEvery
        case .powerLoss: powerLossEvery
        case .totalCrash: totalCrashEvery
        case .pause: pauseEvery
        case .stop: stopEvery
        case .transfer: transferEvery
        case .restartLoop: restartLoopEvery
        case .partition: partitionEvery
        case .flap: flapEvery
        case .reset: resetEvery
        case .slowLink: slowLinkEvery
        case .wallStep: wallStepEvery
        case .drift: driftEvery
        case .freeze: freezeEvery
        case .slowDisk: slowDiskEvery
        case .fullDisk: fullDiskEvery
        case .failSync: failSyncEvery
        case .damage: damageEvery
        case .members: membersEvery
        case .release: releasesEvery
        case .suspend: suspendEvery
        case .state: stateEvery
        }
    }
}
