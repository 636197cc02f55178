import AuthCore
import Foundation
import RaftCore
import StateStore

/// The state of a node once more, in LMDB on real files, which goes through everything that the
/// model goes through: whatever one does otherwise than the other is found.
final class DiskTwin {
    /// Where the two differ.
    struct Difference: Error, CustomStringConvertible {
        let description: String
    }

    /// A snapshot between two twins.
    struct Copy {
        let manifest: SnapshotManifest
        let bytes: [UInt8]
    }

    private let directory: String
    private let machine: StateMachine
    private let configuration: ConfState
    // Nil only while it is opened again.
    private var store: LMDBStateStore?
    private var received: [Copy] = []

    /// Makes an empty state in a directory of its own.
    init(directory: String, machine: StateMachine, configuration: ConfState) throws {
        self.directory = directory
        self.machine = machine
        self.configuration = configuration
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        store = try open()
    }

    private func open() throws -> LMDBStateStore {
        var options = LMDBStateStoreOptions()
        options.mapSizeBytes = 1 << 30
        options.growthStepBytes = 0
        options.growthReserveBytes = 0
        return try LMDBStateStore(
            directory: directory, machine: machine, configuration: configuration,
            options: options)
    }

    private var opened: LMDBStateStore {
        guard let store else { preconditionFailure("a state that is not open") }
        return store
    }

    /// Calls `body` with a view of the last commit.
    func read<R>(_ body: (ReadView) throws -> R) throws -> R { try opened.read(body) }

    // MARK: What the model does

    /// Applies what the model has applied, with what must come of it.
    func apply(_ entries: [Entry], as model: ApplyResult) throws {
        let result = try opened.apply(entries)
        guard result.entries == model.entries, result.meta == model.meta,
            result.durable == model.durable, opened.applied == model.applied
        else {
            throw Difference(description: "the disk applies \(model.applied) otherwise")
        }
    }

    func synchronize() throws { try opened.synchronize() }

    /// Ends as a process does, and is found again.
    func crash() throws {
        store = nil
        received = []
        store = try open()
    }

    // MARK: Snapshots

    /// A copy of the last commit.
    func export() throws -> Copy {
        let source = try opened.exportSnapshot()
        defer { source.close() }
        var bytes: [UInt8] = []
        while bytes.count < Int(source.manifest.sizeBytes) {
            bytes += try source.read(offset: UInt64(bytes.count), count: 1 << 20)
        }
        return Copy(manifest: source.manifest, bytes: bytes)
    }

    /// A copy has come whole; it may be installed.
    func receive(_ copy: Copy) { received.append(copy) }

    /// Puts a copy up to this entry in the place of the state.
    func install(_ last: EntryID) throws {
        guard let copy = received.last(where: { $0.manifest.last == last }) else {
            throw Difference(description: "no copy up to \(last) has come")
        }
        let sink = try opened.receiveSnapshot(copy.manifest)
        var offset = Int(sink.receivedBytes)
        while offset < copy.bytes.count {
            let end = min(offset + 65_536, copy.bytes.count)
            try sink.write(offset: UInt64(offset), Array(copy.bytes[offset..<end]))
            offset = end
        }
        try sink.finish()
        try opened.install(copy.manifest)
        received = []
    }

    // MARK: Comparing

    /// Throws unless all rows are those of the model.
    func compare(_ model: MemoryStateStore) throws {
        let (mine, theirs) = (try read { try Self.rows($0) }, try model.read { try Self.rows($0) })
        guard mine.count == theirs.count else {
            throw Difference(description: "\(mine.count) rows on the disk, \(theirs.count) in all")
        }
        for (left, right) in zip(mine, theirs) where left != right {
            throw Difference(
                description: "row \(left.key) of table \(left.table) differs on the disk")
        }
    }

    private struct Row: Equatable {
        let table: UInt8
        let key: [UInt8]
        let value: [UInt8]
    }

    private static func rows(_ view: ReadView) throws -> [Row] {
        var rows: [Row] = []
        for table in Table.allCases {
            try view.scan(table, from: [], upTo: nil) { key, value in
                rows.append(Row(table: table.rawValue, key: key, value: value))
                return true
            }
        }
        return rows
    }
}

extension World {
    /// Has the twin of a node do what the model did; what it does otherwise breaks the promise of
    /// the model.
    func twin(_ node: SimulatedNode, _ body: (DiskTwin) throws -> Void) {
        guard let twin = node.twin else { return }
        do {
            try body(twin)
        } catch {
            oracle.fail("model", "n\(node.index + 1) on real files: \(error)")
        }
    }

    /// Gives each node a twin on real files; none where nodes change their release, which a twin
    /// does not follow.
    func addTwins(under directory: String) {
        guard !mixesReleases, !hurtsStates else { return }
        for node in nodes {
            let isSpare = node.index >= options.nodes
            do {
                node.twin = try DiskTwin(
                    directory: "\(directory)/n\(node.index + 1)", machine: machine,
                    configuration: isSpare ? ConfState(voters: []) : oracle.configuration)
            } catch {
                oracle.fail("model", "n\(node.index + 1) has no files: \(error)")
            }
        }
    }

    /// Closes the twins and removes what they have left behind.
    func removeTwins(under directory: String) {
        guard nodes.contains(where: { $0.twin != nil }) else { return }
        for node in nodes { node.twin = nil }
        do {
            try FileManager.default.removeItem(atPath: directory)
        } catch {
            oracle.fail("model", "the files cannot be removed: \(error)")
        }
    }
}
