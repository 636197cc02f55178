internal import AuthCore
internal import ByteCodec
internal import Cryptography
public import RaftCore
public import StateStore
public import WriteAheadLog

/// The recovery of a cluster that has lost its quorum, on the data directory of one stopped node.
///
/// The node's log gets two more entries, as if a leader had committed them: a configuration in
/// which it alone votes, and a command that forgets everybody else. Both are of a term that no
/// history of the old cluster comes near: the upper half of a term counts recoveries. The state
/// applies all of the log at once, so that the node knows nobody from its first moment on: it
/// neither dials a former member nor lets one in, so none can depose it or be taken for one of the
/// new cluster.
///
/// A mark in the directory comes first and goes last; a node does not start where it is. Whatever
/// fails or stops in between, the same call again comes to the same end.
public struct Recovery {
    private let directory: String
    private let fileSystem: any FileSystem
    private let inspectState: () throws -> StateInspection
    private let openStore: () throws -> any StateStore
    /// The highest feature level that this release knows.
    private let level: UInt32

    /// For a data directory on the disk.
    public init(directory: String) {
        let machine = StateMachine(sha256: { SHA256.hash($0).bytes })
        self.init(
            directory: directory, fileSystem: PosixFileSystem(), level: machine.supports,
            inspectState: { try StateInspection.read(directory: directory) },
            openStore: {
                // It has a configuration of its own; there is none to begin with.
                try LMDBStateStore(
                    directory: directory, machine: machine, configuration: ConfState(voters: []))
            })
    }

    /// For a directory, and a state, that lie elsewhere.
    public init(
        directory: String, fileSystem: any FileSystem, level: UInt32,
        inspectState: @escaping () throws -> StateInspection,
        openStore: @escaping () throws -> any StateStore
    ) {
        self.directory = directory
        self.fileSystem = fileSystem
        self.level = level
        self.inspectState = inspectState
        self.openStore = openStore
    }

    /// Tells what the node has. Changes nothing.
    ///
    /// - Throws: `DataDirectoryError`, `WALError`, `StateStoreError`.
    public func plan() throws -> RecoveryPlan {
        try withDirectory { try look($0).plan }
    }

    /// What a recovery has done.
    public struct Result: Equatable, Sendable {
        public let node: NodeID
        /// The last entry of before.
        public let base: LogIndex
        /// The last entry now.
        public let last: EntryID
        /// Who is no member any more.
        public let forgotten: [NodeID]
    }

    /// Makes the node the only member of its cluster.
    ///
    /// - Throws: `RecoveryError` with nothing changed, where that cannot be; then whatever keeps it
    ///   from coming to its end. The node does not start until it has, by another call.
    public func apply() throws -> Result {
        try withDirectory { data in
            let found = try look(data)
            if let obstacle = found.plan.obstacle(supporting: level) {
                throw RecoveryError(obstacle)
            }
            let marker = try RunMarker.open(
                directory: directory, fileSystem: fileSystem, boot: Self.unknownBoot)
            if marker.last.ending == .failed {
                // As at a node's start: nothing is built on what only the cache has.
                _ = try CachedFile.makeAllDurable(
                    in: directory, besides: LostState.fileName, fileSystem: fileSystem)
            }
            try marker.noteBegin()
            do {
                try data.beginRecovery()
                let result = try carryOut(data, found)
                try data.endRecovery()
                try marker.noteStopped()
                return result
            } catch {
                do { try marker.noteFailed() } catch let second {
                    throw RecoveryError("\(error); and that could not be noted: \(second)")
                }
                throw error
            }
        }
    }

    // The machine's present start has no name that matters here.
    private static let unknownBoot = [UInt8](repeating: 0, count: 16)

    private func withDirectory<R>(_ body: (DataDirectory) throws -> R) throws -> R {
        let data = try DataDirectory.openStopped(directory, fileSystem: fileSystem)
        do {
            let result = try body(data)
            try data.close()
            return result
        } catch {
            do { try data.close() } catch let second {
                throw RecoveryError("\(error); and the directory could not be closed: \(second)")
            }
            throw error
        }
    }

    // MARK: Looking

    private struct Found {
        let plan: RecoveryPlan
        let segmentBytes: Int
    }

    private func look(_ data: DataDirectory) throws -> Found {
        let state = try inspectState()
        let applied = state.meta?.applied ?? state.lost?.applied ?? .zero
        let snapshot =
            state.meta == nil ? state.lost?.installedSnapshot ?? .zero : state.installedSnapshot
        let inspection = try WriteAheadLog.inspect(
            directory: directory, fileSystem: fileSystem, identity: data.identity,
            state: DurableState(applied: applied, snapshot: snapshot, isLost: state.meta == nil))
        let log = inspection.recovered
        let plan = RecoveryPlan(
            clusterID: data.identity.clusterID, node: data.identity.node, term: log.hardState.term,
            committed: max(log.hardState.commit, applied.index), applied: applied, last: log.last,
            promised: log.promised, logDamage: log.report.damage.places.map { "\($0)" },
            stateDamage: state.damage,
            configuration: Self.configuration(
                state.meta?.configuration, log.entries, behind: applied.index),
            featureLevel: state.meta?.featureLevel ?? 0,
            isBootstrapped: state.meta?.isBootstrapped ?? true, isBegun: try data.isRecovering)
        return Found(plan: plan, segmentBytes: inspection.segmentBytes)
    }

    /// The configuration in force: the last one in the log, or else the state's.
    private static func configuration(
        _ state: ConfState?, _ entries: [Entry], behind applied: LogIndex
    ) -> ConfState {
        let last = entries.last {
            $0.kind == .configuration && (state == nil || $0.index > applied)
        }
        do {
            if let last { return try ConfState(decoding: last.payload) }
        } catch {
            // Apply will say so.
            return ConfState(voters: [])
        }
        return state ?? ConfState(voters: [])
    }

    // MARK: Carrying out

    private func carryOut(_ data: DataDirectory, _ found: Found) throws -> Result {
        let store = try openStore()
        if let damage = store.damage { throw damage }
        var options = WALOptions()
        options.segmentBytes = found.segmentBytes
        options.mayCreate = false
        let before = try store.read { $0.meta }
        let (log, recovered) = try WriteAheadLog.open(
            directory: directory, fileSystem: fileSystem, identity: data.identity,
            options: options,
            state: DurableState(applied: before.applied, snapshot: store.installedSnapshot))
        try apply(recovered.entries, to: store)
        let node = data.identity.node
        let alone = ConfState(voters: [node])
        let present = try store.read { $0.meta }
        guard present.applied.index == recovered.last.index else {
            throw RecoveryError("the state could not follow the log to \(recovered.last)")
        }
        guard present.configuration != alone else {
            // An earlier call came so far: the entries are in the log, together or not at all.
            try finish(store, log)
            return Result(
                node: node, base: recovered.last.index.previous.previous, last: recovered.last,
                forgotten: [])
        }
        let run = try Self.nextRun(of: node, store, recovered.entries)
        let entries = Self.entries(
            behind: recovered.last, term: Self.nextHistory(recovered.hardState.term), node, run)
        guard let last = entries.last else { preconditionFailure("a recovery without entries") }
        try log.append(
            PersistRequest(
                token: StorageToken(
                    generation: 0, term: last.term, lastIndex: last.index, sequence: 1),
                hardState: HardState(term: last.term, vote: nil, commit: last.index),
                entries: entries))
        try log.sync()
        try apply(entries, to: store)
        try finish(store, log)
        return Result(
            node: node, base: recovered.last.index, last: last.id,
            forgotten: present.configuration.members.filter { $0 != node })
    }

    /// Applies what the state has not applied yet.
    private func apply(_ entries: [Entry], to store: any StateStore) throws {
        var rest = entries.drop { $0.index <= store.appliedIndex }
        while !rest.isEmpty {
            let batch = Array(rest.prefix(Self.batchEntries))
            rest = rest.dropFirst(batch.count)
            if let level = try store.apply(batch).levelBeyond {
                throw RecoveryError(
                    "a newer release is needed, which knows feature level \(level)")
            }
        }
    }

    private static let batchEntries = 512

    private func finish(_ store: any StateStore, _ log: WriteAheadLog) throws {
        let meta = try store.read { $0.meta }
        precondition(meta.configuration.members.count == 1, "recovered as \(meta.configuration)")
        try store.synchronize()
        try log.close()
    }

    /// The first term of the next history: terms count up by single elections, and the upper half
    /// by recoveries, so no two histories ever have an entry of one index and one term in common.
    static func nextHistory(_ term: Term) -> Term { Term((term.rawValue >> 32 + 1) << 32) }

    private static func entries(
        behind last: EntryID, term: Term, _ node: NodeID, _ run: UInt64
    ) -> [Entry] {
        let command = Command(
            .recover(.init(survivor: node, last: last)),
            header: CommandHeader(actor: .node, requestID: "recover"))
        let proposal = Proposal(
            id: ProposalID(node: node, run: run, counter: 1), oldestPending: 1,
            // The state's own time goes on from where it is.
            stamp: .zero, isNarrowing: command.isNarrowing, command: command.encoded())
        return [
            Entry(
                index: last.index.next, term: term, kind: .configuration,
                payload: ConfState(voters: [node]).encoded()),
            Entry(
                index: last.index.next.next, term: term, kind: .command,
                payload: proposal.encoded()),
        ]
    }

    /// A run behind all that are known of this node, as if a process of it had begun; the next
    /// process finds it in the state and takes a higher one.
    private static func nextRun(
        of node: NodeID, _ store: any StateStore, _ entries: [Entry]
    ) throws -> UInt64 {
        var newest = try store.read { try ProposalID.newestRun(of: node, $0) }
        for entry in entries where entry.kind == .command {
            do {
                let id = try Proposal(decoding: entry.payload).id
                if id.node == node { newest = max(newest, id.run) }
            } catch {
                // What cannot be read is nobody's, and has no effect.
                continue
            }
        }
        return (newest >> 16 + 1) << 16
    }
}

extension Entry {
    fileprivate var id: EntryID { EntryID(index: index, term: term) }
}
