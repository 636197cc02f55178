import AuthCore
import RaftCore
import StateStore

/// What the state must be: one more copy that applies each committed entry by itself, once, and
/// never crashes.
final class Reference {
    private let machine: StateMachine
    private let configuration: ConfState
    private var store: MemoryStateStore
    private var hashes: [(digest: StateHash, rows: StateHash)] = []
    // Old states, from which the ones behind are computed again. Values that share their rows.
    private var checkpoints: [(index: LogIndex, store: MemoryStateStore)] = []
    private var entries: [Entry] = []
    private var firstEntry = LogIndex(1)

    private static let checkpointEvery: UInt64 = 8
    private static let checkpointsMax = 512

    init(machine: StateMachine, configuration: ConfState) {
        self.machine = machine
        self.configuration = configuration
        store = MemoryStateStore(machine: machine, configuration: configuration)
        do {
            hashes = [try store.read { ($0.meta.digest, $0.meta.rowsHash) }]
        } catch {
            preconditionFailure("an empty model cannot be read: \(error)")
        }
        checkpoints = [(.zero, store.copy())]
    }

    var applied: EntryID { store.applied }

    /// Applies the next committed entry.
    func apply(_ entry: Entry) throws -> AppliedEntry {
        let result = try store.apply([entry])
        hashes.append((result.meta.digest, result.meta.rowsHash))
        entries.append(entry)
        if entry.index.rawValue % Self.checkpointEvery == 0 {
            checkpoints.append((entry.index, store.copy()))
            if checkpoints.count > Self.checkpointsMax {
                checkpoints.removeFirst()
                let drop = checkpoints[0].index.next.distance(from: firstEntry)
                entries.removeFirst(Int(drop))
                firstEntry = checkpoints[0].index.next
            }
        }
        return result.entries[0]
    }

    /// The hashes of the whole state and of its rows after this entry; nil if it is not committed.
    func hash(at index: LogIndex) -> (digest: StateHash, rows: StateHash)? {
        hashes.indices.contains(Int(index.rawValue)) ? hashes[Int(index.rawValue)] : nil
    }

    /// Reads the newest state.
    func read<R>(_ body: (ReadView) throws -> R) throws -> R { try store.read(body) }

    /// Whether a store holds other rows than it must at its index. States too old to be computed
    /// again are taken for right.
    func differs(from other: MemoryStateStore) throws -> Bool {
        let index = other.applied.index
        guard let start = checkpoints.last(where: { $0.index <= index }) else { return false }
        let copy = start.store.copy()
        var next = start.index.next
        while next <= index {
            _ = try copy.apply([entries[Int(next.distance(from: firstEntry))]])
            next = next.next
        }
        guard try copy.holdsSameRows(as: other) else { return true }
        try other.shareRows(with: copy)
        return false
    }
}
