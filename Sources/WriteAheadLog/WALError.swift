public import RaftCore

/// Why the log cannot do what it was asked.
public enum WALError: Error, Equatable, Sendable {
    /// A call failed. The log refuses everything from now on: nothing is known about what it
    /// wrote last, and only a new start finds out.
    case fileSystem(FileSystemError)
    /// The log refuses because of an earlier failure.
    case failed(FileSystemError)
    /// There is no room for another segment. Nothing was taken, the log goes on with what it has,
    /// and the same call may be made again when there may be room.
    case reserveUnavailable(FileSystemError)
    /// An entry does not fit into a segment, or is over the limit of the encoding. Nothing was
    /// taken.
    case entryTooLarge(index: LogIndex, limitBytes: Int)
    /// Bytes that were durable are not what was written, and with them the newest term and vote are
    /// gone: the node does not know what it has promised, and must be replaced under a new number.
    /// Nothing is changed on the disk.
    case promisesLost(WALDamage)
    /// Bytes that were durable are not what was written, the state is lost too, and nothing tells
    /// that the first entry that is left was ever committed. Nothing is changed on the disk.
    case beginningUnknown(WALDamage)
    /// The log was written by a program of another release.
    case unsupported(file: String, version: UInt32)
    /// There is no log where there must be one.
    case missing(directory: String)
    /// The log belongs to another cluster, node or incarnation.
    case foreign(file: String)
    /// The state has applied entries that the log ought to hold and does not: it lost what it
    /// acknowledged, or the two do not belong together.
    case behindState(applied: EntryID, last: EntryID)
    /// The log begins behind the entry that the state needs next.
    case beginsBehindState(applied: EntryID, logStart: EntryID)
    /// State and log disagree on the entry that was applied last.
    case divergesFromState(applied: EntryID, inLog: Term)
}

extension WALError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .fileSystem(let error): "\(error)"
        case .failed(let error): "the log has failed before: \(error)"
        case .reserveUnavailable(let error): "no room for the log: \(error)"
        case .entryTooLarge(let index, let limit):
            "entry \(index.rawValue) is larger than \(limit) bytes"
        case .promisesLost(let damage):
            "the log is damaged, and with it the newest term and vote: this node does not know what it "
                + "promised. Remove it from the cluster and add another in its place, under a new "
                + "number and with an empty directory. \(damage.count) places: "
                + damage.places.map { "\($0)" }.joined(separator: "; ")
        case .beginningUnknown(let damage):
            "both the state and the beginning of the log are damaged. Remove this node from the "
                + "cluster and add another in its place, under a new number and with an empty "
                + "directory. \(damage.count) places: "
                + damage.places.map { "\($0)" }.joined(separator: "; ")
        case .unsupported(let file, let version):
            "\(file) has version \(version), which this release does not read"
        case .missing(let directory): "there is no log in \(directory)"
        case .foreign(let file): "\(file) belongs to another node, or another life of this one"
        case .behindState(let applied, let last):
            "the log ends at \(last) and the state has applied \(applied)"
        case .beginsBehindState(let applied, let start):
            "the log begins behind \(start) and the state has applied \(applied) only"
        case .divergesFromState(let applied, let term):
            "the state has applied \(applied), where the log has term \(term.rawValue)"
        }
    }
}

/// All the damage that a log was found to have, so that an operator sees at once how bad it is:
/// one block, or the whole disk.
public struct WALDamage: Equatable, Sendable {
    /// Places that are named.
    public static let placesMax = 32

    /// The first places, in the order in which they were found: lost segments first, then the
    /// contents of the others, oldest first.
    public private(set) var places: [WALCorruption] = []
    /// How many places there are in all.
    public private(set) var count = 0

    public init(_ places: [WALCorruption] = []) {
        for place in places { add(place) }
    }

    mutating func add(_ place: WALCorruption) {
        count += 1
        if places.count < Self.placesMax { places.append(place) }
    }
}

/// Where damage was found, and what is known about the entry that it hit.
public struct WALCorruption: Equatable, Sendable {
    public enum Reason: Equatable, Sendable {
        /// The first block of a segment and its copy, or its name.
        case segmentHeader
        /// A segment's length or place among the others contradicts its header.
        case segmentOrder
        /// A segment between others is not there.
        case segmentMissing
        /// A group of records that was synced does not match its checksums.
        case group
        /// A group of records that was synced is not there.
        case groupMissing
        /// Records that match their checksums contradict each other.
        case recordOrder
    }
    /// The path of the file.
    public var file: String
    /// Where in the file, in bytes.
    public var offset: Int
    /// The entry that was hit, where the identifier area still tells.
    public var index: LogIndex?
    public var term: Term?
    public var reason: Reason

    public init(
        file: String, offset: Int, index: LogIndex? = nil, term: Term? = nil, reason: Reason
    ) {
        self.file = file
        self.offset = offset
        self.index = index
        self.term = term
        self.reason = reason
    }
}

extension WALCorruption: CustomStringConvertible {
    public var description: String {
        let entry = index.map { ", entry \($0.rawValue)" } ?? ""
        return "\(reason) at \(offset) in \(file)\(entry)"
    }
}
