import RaftCore

@testable import WriteAheadLog

/// The data directory of every test in memory.
let root = "data"

let identity = WALIdentity(
    clusterID: [UInt8](0..<16), node: NodeID(1), incarnation: Incarnation(0xABCD))

/// Segments as small as they get to hold something: eight blocks.
var tinyOptions: WALOptions {
    var options = WALOptions()
    options.segmentBytes = 8 * 4096
    options.groupBytesMax = 8192
    options.reserveStepBytes = 4 * 4096
    return options
}

func entry(_ index: UInt64, _ term: UInt64, bytes: Int = 20) -> Entry {
    Entry(
        index: LogIndex(index), term: Term(term), kind: .command,
        payload: (0..<bytes).map { UInt8(truncatingIfNeeded: $0 &+ Int(index &* 7 &+ term)) })
}

func request(
    _ entries: [Entry], term: UInt64? = nil, vote: UInt64? = nil, commit: UInt64 = 0
) -> PersistRequest {
    PersistRequest(
        token: StorageToken(
            generation: 0, term: Term(term ?? 0), lastIndex: .zero, sequence: 0),
        hardState: term.map {
            HardState(term: Term($0), vote: vote.map { NodeID($0) }, commit: LogIndex(commit))
        }, entries: entries)
}

func openLog(
    _ fileSystem: any FileSystem, options: WALOptions = tinyOptions, state: DurableState = .empty
) throws(WALError) -> (log: WriteAheadLog, recovered: RecoveredLog) {
    try WriteAheadLog.open(
        directory: root, fileSystem: fileSystem, identity: identity, options: options, state: state)
}

extension EntryID {
    init(_ index: UInt64, _ term: UInt64) { self.init(index: LogIndex(index), term: Term(term)) }
}
