import ByteCodec
public import RaftCore

/// What is known of the proposals of one run of a node, so that one that stands twice in the log
/// takes effect once.
///
/// A run's outcomes are kept from its oldest pending proposal on. What lies below is `forgotten`:
/// it was applied, or nobody waits for it. So is everything of a run that is older than another
/// run of its node: runs are numbered in the order of a node's starts, and a process that has
/// started knows that the one before has ended. A copy of its proposals may still be on its way
/// to the log; whether or not another was applied, this one has no effect. No clock is asked: the
/// state's time may be wrong by hours (found by the simulator, seed 827).
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
        let newest = try ProposalRunRow.row(Key.of(id.node.rawValue), reader)
        if let newest, newest.run >= id.run {
            run = newest
        } else {
            run = ProposalRunRow(node: id.node, run: id.run, floor: 0)
        }
        if Planted.retryAppliedTwice.isOn {
            finding = .new
        } else if run.run > id.run {
            finding = .forgotten
        } else if let outcome = try reader.get(.proposals, Self.key(id)) {
            finding = .known(outcome)
        } else {
            finding = id.counter < run.floor ? .forgotten : .new
        }
    }

    /// Keeps the outcome, and removes a few that nobody can ask for any more: more than it adds, so
    /// that what an older run left goes too.
    mutating func record(_ outcome: [UInt8], _ tables: some TableWriter) throws {
        let id = proposal.id
        // A proposer that contradicts itself forgets nothing but what lies below this one.
        var floor = min(proposal.oldestPending, id.counter)
        if id.counter >= Limits.proposalWindow {
            floor = max(floor, id.counter - Limits.proposalWindow + 1)
        }
        run.floor = max(run.floor, floor)
        try run.put(tables)
        try tables.put(.proposals, Self.key(id), outcome)
        var keys: [[UInt8]] = []
        try tables.scan(
            .proposals, from: Key.of(id.node.rawValue),
            upTo: Key.of(id.node.rawValue, id.run) + Key.of(run.floor)
        ) { key, _ in
            guard keys.count < Limits.proposalsForgotten else { return false }
            keys.append(key)
            return true
        }
        for key in keys { try tables.delete(.proposals, key) }
    }

    private static func key(_ id: ProposalID) -> [UInt8] {
        Key.of(id.node.rawValue, id.run) + Key.of(id.counter)
    }
}

/// What is known of the newest run of a proposer.
struct ProposalRunRow: Hashable, Row {
    static let table = Table.proposalRuns
    let node: NodeID
    let run: UInt64
    /// Counters below are not proposed again.
    var floor: UInt64

    var key: [UInt8] { Key.of(node.rawValue) }

    init(node: NodeID, run: UInt64, floor: UInt64) {
        self.node = node
        self.run = run
        self.floor = floor
    }

    /// Of a node that is gone for good: newer than all of its runs.
    static func closed(_ node: NodeID) -> ProposalRunRow {
        ProposalRunRow(node: node, run: .max, floor: 0)
    }

    /// Whether the node is gone for good.
    var isClosed: Bool { run == .max }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(node.rawValue)
        writer.write(run)
        writer.write(floor)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "proposer's run")
        node = NodeID(try reader.read())
        run = try reader.read()
        floor = try reader.read()
    }
}

extension ProposalID {
    /// The newest run of a node of which anything was applied: the next one must be higher. Zero
    /// when there was none.
    ///
    /// - Throws: `StateDamage`, or what the reader throws.
    public static func newestRun(of node: NodeID, _ reader: some TableReader) throws -> UInt64 {
        try ProposalRunRow.row(Key.of(node.rawValue), reader)?.run ?? 0
    }
}
