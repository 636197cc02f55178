import ByteCodec
public import RaftCore

/// What became of one entry.
public struct AppliedEntry: Equatable, Sendable {
    public let index: LogIndex
    /// Whose proposal it was; nil for an entry that is no command, or cannot be read.
    public let proposal: ProposalID?
    /// An encoded `Outcome`; empty for an entry that is no command.
    public let outcome: [UInt8]
    /// Whether the proposal was applied before, and this is what became of it then.
    public let wasDuplicate: Bool
    public init(index: LogIndex, proposal: ProposalID?, outcome: [UInt8], wasDuplicate: Bool) {
        self.index = index
        self.proposal = proposal
        self.outcome = outcome
        self.wasDuplicate = wasDuplicate
    }
}

/// The replicated state machine: entries in, changed rows and outcomes out.
///
/// It is a function of the tables and the entries alone. Nothing that a command holds makes it
/// throw: it throws only what the tables throw, and `StateDamage`.
public struct StateMachine: Sendable {
    /// The highest feature level whose commands this release can apply.
    public static let featureLevel: UInt32 = 2

    /// The highest feature level that this machine applies.
    public let supports: UInt32
    private let sha256: @Sendable ([UInt8]) -> [UInt8]

    /// A machine of this release, or of an older one.
    ///
    /// - Parameters:
    ///   - supports: another level than this release's makes it behave like an older or a newer
    ///     one, as far as what is known today goes.
    ///   - sha256: the hash function that chains audit rows: 32 bytes of SHA-256.
    public init(
        supports: UInt32 = Self.featureLevel, sha256: @escaping @Sendable ([UInt8]) -> [UInt8]
    ) {
        precondition(supports >= 1, "there was no release before level 1")
        self.supports = supports
        self.sha256 = sha256
    }

    /// Begins a batch in a transaction on `tables`.
    ///
    /// - Throws: `FeatureLevelTooHigh`, `StateFormatUnknown`, `StateDamage`, or what the tables
    ///   throw.
    public func begin(_ tables: some TableReader) throws -> ApplySession {
        let meta = try StateMeta.read(tables)
        try check(meta)
        return ApplySession(meta: meta, supports: supports, sha256: sha256)
    }

    /// Checks that this release can go on from a state.
    ///
    /// - Throws: `FeatureLevelTooHigh`.
    public func check(_ meta: StateMeta) throws(FeatureLevelTooHigh) {
        guard meta.featureLevel <= supports else {
            throw FeatureLevelTooHigh(cluster: meta.featureLevel)
        }
    }
}

/// The cluster uses what this release cannot apply: it must be upgraded, and nothing is damaged.
public struct FeatureLevelTooHigh: Error, Equatable, Sendable {
    /// The level of the cluster.
    public let cluster: UInt32
}

/// A batch of entries that is applied in one transaction.
///
/// Where batches begin and end leaves no trace in the state. After a throw the transaction must
/// be dropped, and the session with it; but after `FeatureLevelTooHigh` neither has changed, so
/// that the entries before may be kept.
public struct ApplySession {
    /// As of the last entry applied; its row is written by `finish`.
    public private(set) var meta: StateMeta
    private let supports: UInt32
    private let sha256: @Sendable ([UInt8]) -> [UInt8]
    // What the present entry was for the comparison of states.
    private var checkpointWork: CheckpointWork?

    init(meta: StateMeta, supports: UInt32, sha256: @escaping @Sendable ([UInt8]) -> [UInt8]) {
        self.meta = meta
        self.supports = supports
        self.sha256 = sha256
    }

    /// Applies the next entry.
    ///
    /// - Precondition: its index follows `meta.applied`, and its term is not older.
    /// - Throws: `FeatureLevelTooHigh`, `StateDamage`, or what the tables throw.
    public mutating func apply(_ entry: Entry, _ tables: some TableWriter) throws -> AppliedEntry {
        precondition(
            entry.index == meta.applied.index.next,
            "entry \(entry.index.rawValue) after \(meta.applied.index.rawValue)")
        precondition(entry.term >= meta.applied.term, "entry of an older term")
        let before = meta
        let changes = Changes(base: tables, hash: meta.rowsHash)
        let applied: AppliedEntry
        switch entry.kind {
        case .empty:
            applied = AppliedEntry(entry.index)
        case .configuration:
            meta.configuration = try Self.configuration(entry)
            applied = AppliedEntry(entry.index)
        case .command:
            do { applied = try applyCommand(entry, changes) } catch let error as FeatureLevelTooHigh
            {
                precondition(changes.count == 0, "changes by an entry that is too new")
                meta = before
                throw error
            }
        }
        meta.applied = EntryID(index: entry.index, term: entry.term)
        meta.rowsHash = changes.hash
        try settleCheckpoint(entry)
        return applied
    }

    /// What follows from an entry for the comparison of states.
    private mutating func settleCheckpoint(_ entry: Entry) throws {
        switch checkpointWork {
        case .begun:
            let digest = meta.configuration.isEmpty ? nil : meta.digest
            meta.checkpoint = Checkpoint(index: entry.index, digest: digest)
        case .attested:
            try meta.checkpoint.compare(meta.configuration)
        case nil:
            if entry.kind != .empty { meta.written = entry.index }
        }
        checkpointWork = nil
    }

    /// Writes what is kept once for the whole state. The transaction may be committed then.
    public func finish(_ tables: some TableWriter) throws { try meta.write(tables) }

    private static func configuration(_ entry: Entry) throws -> ConfState {
        do {
            return try ConfState(decoding: entry.payload)
        } catch {
            // The core that appended it encoded it: a difference between releases, or damage.
            throw StateDamage(table: .meta, key: StateMeta.key, what: "configuration: \(error)")
        }
    }

    private mutating func applyCommand(
        _ entry: Entry, _ changes: Changes
    ) throws -> AppliedEntry {
        let proposal: Proposal
        do {
            proposal = try Proposal(decoding: entry.payload)
        } catch {
            return AppliedEntry(entry.index, refused: .undecodable, stamp: meta.lastStamp)
        }
        // Stamps never go back, whatever a leader wrote (consensus: time is data).
        meta.lastStamp = max(meta.lastStamp, proposal.stamp)
        var records = try ProposalRecords(of: proposal, changes)
        switch records.finding {
        case .known(let outcome):
            sometimes(.proposalKnown)
            try compareAnyway(proposal, at: entry.index, changes)
            return AppliedEntry(
                index: entry.index, proposal: proposal.id, outcome: outcome, wasDuplicate: true)
        case .forgotten:
            sometimes(.proposalForgotten)
            try compareAnyway(proposal, at: entry.index, changes)
            return AppliedEntry(
                entry.index, proposal.id, refused: .forgotten, stamp: meta.lastStamp,
                wasDuplicate: true)
        case .new:
            let outcome = try execute(proposal, at: entry.index, changes).encoded()
            try records.record(outcome, changes)
            return AppliedEntry(
                index: entry.index, proposal: proposal.id, outcome: outcome, wasDuplicate: false)
        }
    }

    /// Carries out what compares states also when the records say that it was done.
    ///
    /// These records are rows, and may be what has come apart: a node that takes another's word for
    /// a repeated one would never learn that it is alone. Done twice it does no harm.
    private mutating func compareAnyway(
        _ proposal: Proposal, at index: LogIndex, _ changes: Changes
    ) throws {
        let operation: Command.Operation
        do { operation = try Command(decoding: proposal.command).operation } catch {
            // What cannot be decoded compares nothing. Its proposer was told so by `execute` when
            // it came first, and is told the same again from the records.
            return
        }
        switch operation {
        case .beginCheckpoint, .attestCheckpoint:
            _ = try execute(proposal, at: index, changes)
        default: return
        }
    }

    private mutating func execute(
        _ proposal: Proposal, at index: LogIndex, _ changes: Changes
    ) throws -> Outcome {
        let command: Command
        do {
            command = try Command(decoding: proposal.command)
        } catch {
            return Outcome(result: .refused(.undecodable), index: index, stamp: meta.lastStamp)
        }
        guard command.featureLevel <= meta.featureLevel else {
            // As an older release would answer, whose members may be applying it now.
            return Outcome(result: .refused(.undecodable), index: index, stamp: meta.lastStamp)
        }
        guard proposal.isNarrowing || !command.isNarrowing else {
            // It was acknowledged without regard to who might still say yes: it has no effect.
            return Outcome(result: .refused(.undecodable), index: index, stamp: meta.lastStamp)
        }
        var execution = Execution(
            command: command, node: proposal.id.node, nodeRun: proposal.id.run, index: index,
            meta: meta, tables: changes, supports: supports, sha256: sha256)
        let outcome = try execution.run()
        meta = execution.meta
        checkpointWork = execution.checkpointWork
        return outcome
    }
}

extension AppliedEntry {
    fileprivate init(_ index: LogIndex) {
        self.init(index: index, proposal: nil, outcome: [], wasDuplicate: false)
    }

    fileprivate init(
        _ index: LogIndex, _ proposal: ProposalID? = nil, refused refusal: Refusal,
        stamp: Timestamp, wasDuplicate: Bool = false
    ) {
        let outcome = Outcome(result: .refused(refusal), index: index, stamp: stamp)
        self.init(
            index: index, proposal: proposal, outcome: outcome.encoded(),
            wasDuplicate: wasDuplicate)
    }
}
