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

/// All subsets of up to 12 things; of more, none, all, each alone, all but each, and 200 at random.
func subsets<Element: Hashable>(of all: [Element], seed: UInt64 = 1) -> [Set<Element>] {
    if all.count <= 12 {
        return (0..<(1 << all.count)).map { mask in
            Set(all.indices.filter { mask >> $0 & 1 == 1 }.map { all[$0] })
        }
    }
    var random = RandomSource(seed: seed)
    var sets: [Set<Element>] = [[], Set(all)]
    for element in all { sets += [[element], Set(all).subtracting([element])] }
    for _ in 0..<200 { sets.append(Set(all.filter { _ in random.chance(1, in: 2) })) }
    return sets
}

/// The bytes that hexadecimal digits spell.
func bytes(_ hexadecimal: String) -> [UInt8] {
    let digits = hexadecimal.filter { !$0.isWhitespace }.map { UInt8($0.hexDigitValue!) }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

/// The hexadecimal digits of bytes.
func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { byte in
        let digits = String(byte, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }.joined()
}
