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
    /// Bytes that were durable are not what was written. Nothing is cut, nothing is served.
    case corrupt(WALDamage)
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

/// All the damage that a log was found to have, so that an operator sees at once how bad it is:
/// one block, or the whole disk.
public struct WALDamage: Equatable, Sendable {
    /// Places that are named.
    public static let placesMax = 32

    /// The first places, in the order in which they were found: headers first, then the contents
    /// of the segments, oldest first.
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
        /// The first block of a segment.
        case segmentHeader
        /// A segment's name, length or place among the others contradicts its header.
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
