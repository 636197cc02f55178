import AuthCore
import ByteCodec
import Foundation
import RaftCore
import Testing

@testable import LMDB
@testable import StateStore

/// A directory that is gone when its owner is.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory
            .appending(path: "store-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    /// The names inside, sorted.
    var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            print("left behind: \(path): \(error)")
        }
    }
}

/// A machine whose digests are cheap and not secure.
let machine = machineOfRelease(supporting: StateMachine.featureLevel)

/// The same, of another release.
func machineOfRelease(supporting level: UInt32) -> StateMachine {
    StateMachine(supports: level, sha256: cheapDigest)
}

private func cheapDigest(_ bytes: [UInt8]) -> [UInt8] {
    var digest: [UInt8] = []
    for lane in UInt8(0)..<8 {
        let sum = CRC32C.checksum(of: bytes + [lane])
        for shift in [UInt32(0), 8, 16, 24] {
            digest.append(UInt8(truncatingIfNeeded: sum >> shift))
        }
    }
    return digest
}

let threeNodes = ConfState(voters: [NodeID(1), NodeID(2), NodeID(3)])

/// Options that make small files.
func smallOptions() -> LMDBStateStoreOptions {
    var options = LMDBStateStoreOptions()
    options.mapSizeBytes = 64 << 20
    options.growthStepBytes = 0
    options.growthReserveBytes = 0
    return options
}

func diskStore(
    _ directory: TemporaryDirectory, machine: StateMachine = machine,
    options: LMDBStateStoreOptions = smallOptions()
) throws -> LMDBStateStore {
    try LMDBStateStore(
        directory: directory.path, machine: machine, configuration: threeNodes, options: options)
}

func memoryStore(machine: StateMachine = machine) -> MemoryStateStore {
    MemoryStateStore(machine: machine, configuration: threeNodes)
}

/// Makes entries that follow each other.
struct EntryMaker {
    private(set) var last = EntryID.zero
    private var term = Term(1)
    private var counter: UInt64 = 0
    private var stamp = Timestamp(milliseconds: 1_700_000_000_000)
    private var earlier: [Proposal] = []
    private var random: RandomSource

    init(seed: UInt64 = 1, behind last: EntryID = .zero) {
        random = RandomSource(seed: seed)
        self.last = last
    }

    /// A batch of commands, some of them repeated, some not decodable, with an empty entry at
    /// the beginning of each term and now and then a configuration.
    mutating func batch(_ count: Int) -> [Entry] { (0..<count).map { _ in next() } }

    mutating func next() -> Entry {
        if last.index == .zero { return entry(.empty, []) }
        switch random.next(below: 20) {
        case 0:
            term = term.next
            return entry(.empty, [])
        case 1:
            let learners = [NodeID(4 + random.next(below: 3))]
            return entry(
                .configuration,
                ConfState(voters: threeNodes.voters, learners: learners).encoded())
        case 2, 3:
            guard !earlier.isEmpty else { return command(registration()) }
            let again = earlier[Int(random.next(below: UInt64(earlier.count)))]
            return entry(.command, again.encoded())
        case 4:
            return command((0..<random.next(below: 300)).map { UInt8(truncatingIfNeeded: $0) })
        default:
            return command(counter == 0 ? bootstrap() : registration())
        }
    }

    private mutating func command(_ command: [UInt8]) -> Entry {
        counter += 1
        stamp = stamp.advanced(milliseconds: random.next(below: 50))
        let proposal = Proposal(
            id: ProposalID(node: NodeID(1), run: 7, counter: counter),
            oldestPending: max(1, counter > 40 ? counter - 40 : 1), stamp: stamp, isNarrowing: true,
            command: command)
        earlier.append(proposal)
        if earlier.count > 10 { earlier.removeFirst() }
        return entry(.command, proposal.encoded())
    }

    private mutating func entry(_ kind: EntryKind, _ payload: [UInt8]) -> Entry {
        last = EntryID(index: last.index.next, term: term)
        return Entry(index: last.index, term: last.term, kind: kind, payload: payload)
    }

    private func header() -> CommandHeader {
        CommandHeader(actor: .node, requestID: "r", address: "a")
    }

    private func bootstrap(level: UInt32 = StateMachine.featureLevel) -> [UInt8] {
        guard let name = UserName("admin") else { preconditionFailure("a name") }
        return Command(
            .bootstrap(
                Command.Bootstrap(
                    cluster: ClusterID(bits: 1), tokenBlockKey: .init(repeating: 2, count: 32),
                    keyring: SealedBlob(term: 1, bytes: [1, 2, 3]), administrator: UserID(bits: 9),
                    username: name, password: PasswordHash(phc: "$argon2id$x"),
                    configuration: threeNodes, featureLevel: level)),
            header: header()
        ).encoded()
    }

    /// A cluster of one node that could do more than the cluster does.
    mutating func founding(level: UInt32) -> [Entry] {
        [
            command(bootstrap(level: level)),
            entry(.configuration, ConfState(voters: [NodeID(1)]).encoded()),
            command(registration(of: NodeID(1))),
        ]
    }

    /// The raising to the level of keys, the first key, and one command behind it.
    mutating func usingKeys() -> [Entry] {
        guard let digest = Digest256(bytes: .init(repeating: 0xC1, count: 32)) else {
            preconditionFailure("a digest")
        }
        let key = Command.CreateKey(
            nonce: 3, owner: UserID(bits: 9),
            digest: digest,
            scope: .permissions([]), expiry: .never)
        let operations: [Command.Operation] = [
            .raiseFeatureLevel(.init(level: 2)), .createKey(key), .sweep(.init(limit: 1)),
        ]
        return operations.map { command(Command($0, header: header()).encoded()) }
    }

    /// Cluster, configuration of node 1 alone, its registration, the raising of the feature level,
    /// and one command behind it.
    mutating func raising(to level: UInt32) -> [Entry] {
        let member = Command.RegisterMember(
            node: NodeID(1), incarnation: Incarnation(1), url: "u", peer: "p", version: "1",
            featureLevel: level)
        let operations: [Command.Operation] = [
            .registerMember(member), .raiseFeatureLevel(.init(level: level)),
            .sweep(.init(limit: 1)),
        ]
        return [
            command(bootstrap()), entry(.configuration, ConfState(voters: [NodeID(1)]).encoded()),
        ]
            + operations.map { command(Command($0, header: header()).encoded()) }
    }

    private mutating func registration() -> [UInt8] {
        registration(of: NodeID(1 + random.next(below: 5)))
    }

    private mutating func registration(of node: NodeID) -> [UInt8] {
        Command(
            .registerMember(
                Command.RegisterMember(
                    node: node, incarnation: Incarnation(node.rawValue),
                    url: Text("http://\(random.next(below: 1000))"), peer: "p", version: "1",
                    featureLevel: StateMachine.featureLevel)),
            header: header()
        ).encoded()
    }
}

/// Everything in a view, for comparing.
struct Dump: Equatable {
    var meta: StateMeta
    var rows: [[UInt8]] = []

    init(_ view: ReadView) throws {
        meta = view.meta
        for table in Table.allCases {
            try view.scan(table, from: [], upTo: nil) { key, value in
                rows.append([table.rawValue, UInt8(key.count & 255)] + key + value)
                return true
            }
        }
    }
}

/// A value in few letters.
func digest(_ bytes: [UInt8]) -> String { "\(bytes.count):\(CRC32C.checksum(of: bytes))" }

extension StateStore {
    func dump() throws -> Dump { try read { try Dump($0) } }
}

/// What the error's code is when `body` throws a `StateStoreError`; nil when it returns.
func code(_ body: () throws -> Void) throws -> StateStoreError.Code? {
    do {
        try body()
        return nil
    } catch let error as StateStoreError {
        return error.code
    }
}

/// Sends a snapshot in chunks, and answers the sink, finished.
@discardableResult
func transfer(
    _ source: any SnapshotSource, to store: any StateStore, chunkBytes: Int = 10_000
) throws -> any SnapshotSink {
    let sink = try store.receiveSnapshot(source.manifest)
    while sink.receivedBytes < source.manifest.sizeBytes {
        let offset = sink.receivedBytes
        try sink.write(offset: offset, try source.read(offset: offset, count: chunkBytes))
    }
    try sink.finish()
    return sink
}
