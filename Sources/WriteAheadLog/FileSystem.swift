/// Every call to the operating system that durable state is made with.
///
/// The log, the identity and whatever else must survive a crash go through one of these, so that
/// tests can fail or crash at the N-th call for every N, and the simulator can lose what was not
/// synced. The contract that a test double must keep, no more and no less (ALICE, OSDI '14):
///
/// - What `write` wrote is seen by `read` at once, and survives the end of the process.
/// - It survives a power cut, in units of 4096 bytes, in any order or not at all, until
///   `synchronizeData` on that file has returned; afterwards it survives for certain. The length
///   of the file counts as part of its data.
/// - A new, renamed or removed name survives a power cut for certain only once
///   `synchronizeDirectory` on its directory has returned; before that, each by itself may or may
///   not. A rename is one step: never both names, never none.
/// - After a failed write or synchronisation nothing is known about the bytes concerned. Nothing
///   is retried: a second synchronisation may report success for pages that were dropped.
///
/// Paths are absolute or relative to the working directory, without a slash at the end.
public protocol FileSystem: UncachedReading {
    /// Opens a file.
    ///
    /// - Throws: `FileSystemError`; `EEXIST` for `.create` of a file that is there, `ENOENT` for
    ///   the others when it is not.
    func open(_ path: String, _ access: FileAccess) throws(FileSystemError) -> FileHandle

    /// Closes a file, which releases its lock. Syncs nothing.
    func close(_ file: FileHandle) throws(FileSystemError)

    /// Reads `count` bytes from `offset`; fewer only where the file ends.
    func read(
        _ file: FileHandle, at offset: Int, count: Int
    ) throws(FileSystemError) -> [UInt8]

    /// Writes all of `bytes` at `offset`, and makes the file longer where needed.
    func write(_ file: FileHandle, _ bytes: [UInt8], at offset: Int) throws(FileSystemError)

    /// Returns when the file's bytes and its length would survive a power cut.
    func synchronizeData(_ file: FileHandle) throws(FileSystemError)

    /// Returns when the names in the directory would survive a power cut.
    func synchronizeDirectory(_ path: String) throws(FileSystemError)

    /// Gives a file another name, in one step; what had that name before is gone.
    func rename(_ path: String, to newPath: String) throws(FileSystemError)

    /// Removes the name of a file.
    func remove(_ path: String) throws(FileSystemError)

    /// Makes a directory that only its owner may enter (mode 0700).
    func makeDirectory(_ path: String) throws(FileSystemError)

    /// The names in a directory, sorted by their bytes, without `.` and `..`.
    func list(_ directory: String) throws(FileSystemError) -> [String]

    /// What a path names, or nil when it names nothing.
    func status(_ path: String) throws(FileSystemError) -> FileStatus?

    /// Takes the exclusive advisory lock of an open file, for as long as it is open.
    ///
    /// - Returns: whether it was free.
    func lock(_ file: FileHandle) throws(FileSystemError) -> Bool
}

/// How a file is opened.
public enum FileAccess: Equatable, Sendable {
    /// A file that is there, to be read.
    case readOnly
    /// A file that is there, to be read and written.
    case readWrite
    /// A file that is not there yet, to be read and written, for its owner alone (mode 0600).
    case create
}

/// Names an open file of one `FileSystem`.
public struct FileHandle: Hashable, Sendable {
    /// A number of the file system's choice, such as a descriptor.
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }
}

/// What a path names.
public struct FileStatus: Equatable, Sendable {
    public enum Kind: Equatable, Sendable { case file, directory, other }
    public var kind: Kind
    public var sizeBytes: Int
    /// The lowest nine bits of the mode: who may read, write and execute.
    public var permissions: UInt32
    public init(kind: Kind, sizeBytes: Int, permissions: UInt32) {
        self.kind = kind
        self.sizeBytes = sizeBytes
        self.permissions = permissions
    }
}

/// What a file system was asked to do when it failed.
public enum FileOperation: String, Sendable {
    case open, close, read, write, synchronizeData, synchronizeDirectory, rename, remove
    case makeDirectory, list, status, lock
}

/// A call to the operating system failed.
public struct FileSystemError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The number that the operating system gave.
    public let errno: Int32
    public let operation: FileOperation
    public let path: String
    public init(errno: Int32, operation: FileOperation, path: String) {
        self.errno = errno
        self.operation = operation
        self.path = path
    }

    /// Whether the disk could not give back what it holds: EIO. Any other failure tells nothing of
    /// the file, as when there are too many open ones, or it may not be opened.
    public var isUnreadable: Bool { operation == .read && errno == Self.inputOutput }

    /// Whether there is no such name: ENOENT.
    public var isMissing: Bool { errno == Self.noEntry }

    // The numbers of Linux, on every architecture that Swift runs on.
    private static let noEntry: Int32 = 2
    private static let inputOutput: Int32 = 5
    private static let noSpace: Int32 = 28
    private static let quotaExceeded: Int32 = 122

    /// Whether there was no room: ENOSPC or EDQUOT.
    public var isOutOfSpace: Bool {
        errno == Self.noSpace || errno == Self.quotaExceeded
    }

    public var description: String { "\(operation.rawValue) \(path): errno \(errno)" }
}
