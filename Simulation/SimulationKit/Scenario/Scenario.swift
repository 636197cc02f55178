import RaftCore

/// A described cluster with its load, and what goes wrong in it when: what an operator asks
/// "what if" with.
public struct Scenario: Sendable {
    public let name: String
    public let about: String
    public let plan: Plan
    /// About how much is asked for in a second, by all clients together.
    public let rate: UInt64
    /// What must not be exceeded, in microseconds without an acknowledged write.
    public let longestGapMax: UInt64?

    /// What came of a scenario.
    public struct Outcome: Sendable {
        public let report: SimulationReport
        public let writes: OperationFigures
        public let reads: OperationFigures
        /// For each fault: what it was, when it came, and the longest time without an acknowledged
        /// write from then until the next fault.
        public let faults: [(what: String, at: UInt64, gap: UInt64?)]
        /// The longest time of all without an acknowledged write, and when it began.
        public let longestGap: (from: UInt64, length: UInt64)
    }

    /// Runs it.
    public func run(tell: ((String) -> Void)? = nil) -> Outcome {
        let world = World(plan, tell: tell)
        world.measurements = Measurements()
        let report = world.run()
        let measured = world.measurements ?? Measurements()
        let writes = OperationFigures(measured.writes)
        let end = plan.options.seconds * 1_000_000
        var faults: [(what: String, at: UInt64, gap: UInt64?)] = []
        for (position, planned) in plan.faults.enumerated() {
            let next = plan.faults[(position + 1)...].first { $0.at > planned.at }?.at ?? end
            let gap = planned.at < next ? writes.longestGap(in: planned.at...next).length : nil
            faults.append((planned.text, planned.at, gap))
        }
        return Outcome(
            report: report, writes: writes, reads: OperationFigures(measured.reads),
            faults: faults, longestGap: writes.longestGap(in: 0...end))
    }

    // MARK: Reading

    /// Reads a scenario.
    public init(text: String) throws(DocumentError) {
        var fields = try DocumentFields(try DocumentReader.read(text), "a scenario")
        name = try fields.require("name").text("name")
        about = try fields.take("about")?.text("about") ?? ""
        var options = SwarmOptions()
        let seed = try fields.number("seed", in: 0...UInt64.max) ?? 1
        let length = try fields.time("lasts") ?? 30_000_000
        guard (1_000_000...3_600_000_000_000) ~= length else {
            throw DocumentError(fields.line, "lasts takes 1s or more")
        }
        options.seconds = length / 1_000_000
        if let value = fields.take("cluster") { try Self.readCluster(value, &options) }
        rate = try Self.readLoad(fields.take("load"), &options)
        if let value = fields.take("timings") { try Self.readTimings(value, &options) }
        var faults: [PlannedFault] = []
        for value in try fields.take("faults")?.list("faults") ?? [] {
            faults += try Self.readFaults(value, nodes: options.machines)
        }
        options.isPastPromises = try fields.truth("past-promises") ?? false
        longestGapMax = try Self.readExpectations(fields.take("expect"))
        try fields.finish()
        plan = Plan(
            seed: seed, options: options, faults: PlannedFault.inOrder(faults), workload: .drawn)
    }

    private static func readCluster(
        _ value: DocumentValue, _ options: inout SwarmOptions
    ) throws(DocumentError) {
        var fields = try DocumentFields(value, "cluster")
        options.nodes = Int(try fields.number("nodes", in: 1...9) ?? 3)
        options.spares =
            Int(try fields.number("spares", in: 0...UInt64(9 - options.nodes)) ?? 0)
        if let value = fields.take("latency") {
            try readDelay(
                value, "latency", &options.latencyMin, &options.latencySpread,
                &options.latencyTail)
        }
        if let value = fields.take("sync") {
            try readDelay(
                value, "sync", &options.syncMin, &options.syncSpread, &options.syncTail)
        }
        if let value = fields.take("apply") {
            try readDelay(
                value, "apply", &options.applyMin, &options.applySpread, &options.applyTail)
        }
        options.loss = try fields.share("loss", of: 65_536) ?? 0
        options.duplication = try fields.share("duplication", of: 65_536) ?? 0
        options.bandwidth = try fields.number("bytes-per-ms", in: 0...1 << 40) ?? 0
        options.driftMax = try fields.number("clock-drift-ppm", in: 0...250_000) ?? 0
        options.silenceMax = try fields.time("silence") ?? options.silenceMax
        try fields.finish()
    }

    /// A minimum, what is added at most usually, and what is added at most seldom.
    private static func readDelay(
        _ value: DocumentValue, _ what: String, _ minimum: inout UInt64, _ spread: inout UInt64,
        _ tail: inout UInt64
    ) throws(DocumentError) {
        var fields = try DocumentFields(value, what)
        minimum = try fields.time("min") ?? minimum
        spread = try fields.time("spread") ?? spread
        tail = try fields.time("tail") ?? tail
        try fields.finish()
    }

    private static func readLoad(
        _ value: DocumentValue?, _ options: inout SwarmOptions
    ) throws(DocumentError) -> UInt64 {
        var rate: UInt64 = 100
        options.clients = 10
        options.readShare = 128
        options.retryShare = 256
        if let value {
            var fields = try DocumentFields(value, "load")
            options.clients = Int(try fields.number("clients", in: 1...1_000) ?? 10)
            rate = try fields.number("rate", in: 1...100_000) ?? rate
            options.readShare = try fields.share("reads", of: 256) ?? options.readShare
            options.deadline = (try fields.time("deadline") ?? 5_000_000) / 1_000
            options.valueMax = Int(
                try fields.number("value-bytes", in: 0...1 << 16) ?? UInt64(options.valueMax))
            try fields.finish()
        }
        options.thinkTime = UInt64(options.clients) * 1_000_000 / rate
        return rate
    }

    private static func readTimings(
        _ value: DocumentValue, _ options: inout SwarmOptions
    ) throws(DocumentError) {
        var fields = try DocumentFields(value, "timings")
        func milliseconds(_ key: String, _ value: inout UInt64) throws(DocumentError) {
            if let time = try fields.time(key) { value = max(1, time / 1_000) }
        }
        try milliseconds("heartbeat", &options.raft.heartbeatMilliseconds)
        try milliseconds("election-timeout", &options.raft.electionTimeoutMilliseconds)
        try milliseconds("campaign-retry", &options.raft.campaignRetryMilliseconds)
        try milliseconds("check-quorum", &options.raft.checkQuorumMilliseconds)
        try milliseconds("lease", &options.leaseMilliseconds)
        let line = fields.line
        try fields.finish()
        guard options.raft.electionTimeoutMilliseconds > options.raft.heartbeatMilliseconds,
            options.raft.checkQuorumMilliseconds > options.raft.heartbeatMilliseconds
        else {
            throw DocumentError(
                line, "election-timeout and check-quorum are longer than heartbeat")
        }
    }

    /// One fault, or one for each of `nodes`, or one again and again: `every` and `times`.
    private static func readFaults(
        _ value: DocumentValue, nodes: Int
    ) throws(DocumentError) -> [PlannedFault] {
        guard case .map(var entries) = value.content else {
            throw DocumentError(value.line, "a fault is a map")
        }
        func remove(_ key: String) -> DocumentValue? {
            guard let position = entries.firstIndex(where: { $0.key == key }) else { return nil }
            return entries.remove(at: position).value
        }
        let every = try remove("every").map { value throws(DocumentError) in
            try DocumentFields.time(value, "every")
        }
        var repeats: UInt64 = 1
        if every != nil, let value = remove("repeats") {
            guard let number = UInt64(try value.text("repeats")), (1...10_000) ~= number else {
                throw DocumentError(value.line, "repeats takes 1 to 10000")
            }
            repeats = number
        }
        var values = [entries]
        if let list = remove("nodes") {
            values = []
            for node in try list.list("nodes") {
                let named = DocumentValue.Entry(key: "node", line: node.line, value: node)
                values.append(entries + [named])
            }
        }
        var faults: [PlannedFault] = []
        for entries in values {
            let map = DocumentValue(line: value.line, content: .map(entries))
            let fault = try PlannedFault(map, nodes: nodes)
            for time in 0..<repeats {
                faults.append(PlannedFault(at: fault.at + time * (every ?? 0), fault: fault.fault))
            }
        }
        return faults
    }

    private static func readExpectations(
        _ value: DocumentValue?
    ) throws(DocumentError) -> UInt64? {
        guard let value else { return nil }
        var fields = try DocumentFields(value, "expect")
        let gap = try fields.time("longest-gap")
        try fields.finish()
        return gap
    }
}
