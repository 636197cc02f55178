import ByteCodec
import RaftCore

/// What is known of the proposals of one run of a node, so that one that stands twice in the log
/// takes effect once.
///
/// A run's outcomes are kept from its oldest pending proposal on. What lies below is `forgotten`:
/// it was applied, and nobody waits for it. A run that was idle for an hour is dropped by the
/// sweep; no proposal lives that long.
struct ProposalRecords {
    /// What is known of a proposal.
    enum Finding {
        /// Not applied before.
        case new
        /// Applied before, with this encoded outcome.
        case known([UInt8])
        /// Applied before, or given up by its proposer; the outcome is not kept.
        case forgotten
    }

    let finding: Finding
    private let proposal: Proposal
    private var run: ProposalRunRow

    /// Looks up what is known of the proposal and its run.
    init(of proposal: Proposal, _ reader: some TableReader) throws {
        self.proposal = proposal
        let id = proposal.id
        let runKey = Key.of(id.node.rawValue, id.run)
        run =
            try ProposalRunRow.row(runKey, reader)
            ?? ProposalRunRow(node: id.node, run: id.run, floor: 0, lastStamp: .zero)
        if Planted.retryAppliedTwice.isOn {
            finding = .new
        } else if let outcome = try reader.get(.proposals, Self.key(id)) {
            finding = .known(outcome)
        } else {
            finding = id.counter < run.floor ? .forgotten : .new
        }
    }

    /// Keeps the outcome, and removes a few that nobody can ask for any more.
    mutating func record(
        _ outcome: [UInt8], stamp: Timestamp, _ tables: some TableWriter
    ) throws {
        let id = proposal.id
        // A proposer that contradicts itself forgets nothing but what lies below this one.
        var floor = min(proposal.oldestPending, id.counter)
        if id.counter >= Limits.proposalWindow {
            floor = max(floor, id.counter - Limits.proposalWindow + 1)
        }
        run.floor = max(run.floor, floor)
        run.lastStamp = stamp
        try run.put(tables)
        try tables.put(.proposals, Self.key(id), outcome)
        let first = Key.of(id.node.rawValue, id.run)
        try Self.remove(
            from: first + Key.of(0), upTo: first + Key.of(run.floor),
            atMost: Limits.proposalsForgotten, tables)
    }

    /// Removes outcomes in a range of keys, and says how many.
    @discardableResult
    static func remove(
        from: [UInt8], upTo: [UInt8]?, atMost limit: Int, _ tables: some TableWriter
    ) throws -> Int {
        var keys: [[UInt8]] = []
        try tables.scan(.proposals, from: from, upTo: upTo) { key, _ in
            guard keys.count < limit else { return false }
            keys.append(key)
            return true
        }
        for key in keys { try tables.delete(.proposals, key) }
        return keys.count
    }

    private static func key(_ id: ProposalID) -> [UInt8] {
        Key.of(id.node.rawValue, id.run) + Key.of(id.counter)
    }
}

/// What is known of one run of a proposer.
struct ProposalRunRow: Hashable, Row {
    static let table = Table.proposalRuns
    let node: NodeID
    let run: UInt64
    /// Counters below are not proposed again.
    var floor: UInt64
    /// The stamp of the run's last entry.
    var lastStamp: Timestamp

    var key: [UInt8] { Key.of(node.rawValue, run) }

    init(node: NodeID, run: UInt64, floor: UInt64, lastStamp: Timestamp) {
        self.node = node
        self.run = run
        self.floor = floor
        self.lastStamp = lastStamp
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(node.rawValue)
        writer.write(run)
        writer.write(floor)
        writer.write(lastStamp)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "proposer's run")
        node = NodeID(try reader.read())
        run = try reader.read()
        floor = try reader.read()
        lastStamp = try reader.readTime()
    }
}
