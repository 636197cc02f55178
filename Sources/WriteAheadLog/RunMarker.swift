internal import Synchronization

/// How the process ended that used a data directory last.
public struct LastRun: Equatable, Sendable {
    public enum Ending: String, Equatable, Sendable {
        /// There was none.
        case none
        /// As it was told to, with everything closed.
        case stopped
        /// In the middle of things: it was killed, or the machine went down.
        case killed
        /// A write or a sync had failed, or nobody can tell: then what the kernel's cache shows of
        /// a file need not be what the disk holds.
        case failed
    }

    public var ending: Ending
    /// Whether the machine was started anew since. False if that is not known.
    public var wasRebooted: Bool
}

/// The marks that a process leaves in its data directory for the next one: that it runs, that it
/// stopped in order, that its disk failed it (consensus recovery R1, rule D10).
///
/// Any thread may leave a mark: a failure is noted by the thread that met it. Marks take turns
/// under a lock, and a mark of failure is final. Unchecked, because the lock covers every use of
/// what is not a constant.
public final class RunMarker: @unchecked Sendable {
    static let fileName = "RUN"

    /// What the last process left.
    public let last: LastRun

    private let fileSystem: any FileSystem
    private let file: FileHandle
    private let boot: [UInt8]
    private let lock = Mutex(())
    // Under the lock.
    private var sequence: UInt64
    private var isFinal = false

    /// Reads what the last process left, and leaves no mark yet: what has to be done first because
    /// of it is done again if this process does not come to its end.
    ///
    /// - Parameters:
    ///   - directory: the data directory, held by its lock.
    ///   - fileSystem: used by nobody else.
    ///   - boot: 16 bytes that name this start of the machine; all zero if it has no name.
    public static func open(
        directory: String, fileSystem: any FileSystem, boot: [UInt8]
    ) throws(FileSystemError) -> RunMarker {
        precondition(boot.count == RunRecord.bootBytes, "\(boot.count) bytes of a boot id")
        let path = "\(directory)/\(fileName)"
        let status = try fileSystem.status(path)
        let file = try fileSystem.open(path, status == nil ? .create : .readWrite)
        // The file has its full length before it counts, so that a mark of failure needs no room.
        if status.map({ $0.sizeBytes < RunRecord.fileBytes }) ?? true {
            let zeros = [UInt8](repeating: 0, count: RunRecord.fileBytes)
            try fileSystem.write(file, zeros, at: 0)
            try fileSystem.synchronizeData(file)
            try fileSystem.synchronizeDirectory(directory)
        }
        let bytes = try fileSystem.read(file, at: 0, count: RunRecord.fileBytes)
        return RunMarker(RunRecord.read(bytes), file, fileSystem, boot: boot)
    }

    private init(
        _ reading: RunRecord.Reading, _ file: FileHandle, _ fileSystem: any FileSystem,
        boot: [UInt8]
    ) {
        self.file = file
        self.fileSystem = fileSystem
        self.boot = boot
        switch reading {
        case .nothing:
            sequence = 0
            last = LastRun(ending: .none, wasRebooted: false)
        case .damaged:
            sequence = 0
            last = LastRun(ending: .failed, wasRebooted: false)
        case .record(let record):
            sequence = record.sequence
            let ending: LastRun.Ending =
                switch record.state {
                case .running: .killed
                case .stopped: .stopped
                case .failed: .failed
                }
            let isKnown = boot.contains { $0 != 0 } && record.boot.contains { $0 != 0 }
            last = LastRun(ending: ending, wasRebooted: isKnown && boot != record.boot)
        }
    }

    /// This process begins to change the directory. Durable when it returns.
    public func noteBegin() throws(FileSystemError) { try write(.running) }

    /// The number of this process among those that began to change the directory: each has a higher
    /// one than all before, with gaps.
    ///
    /// - Precondition: the beginning was noted.
    public var number: UInt64 { lock.withLock { _ in sequence } }

    /// This process has closed everything and changes nothing any more.
    public func noteStopped() throws(FileSystemError) { try write(.stopped) }

    /// A write or a sync failed. The process ends; nothing else is noted afterwards.
    public func noteFailed() throws(FileSystemError) { try write(.failed) }

    private func write(_ state: RunRecord.State) throws(FileSystemError) {
        try lock.withLock { _ throws(FileSystemError) in
            guard !isFinal else { return }
            if state == .failed { isFinal = true }
            sequence += 1
            let record = RunRecord(state: state, sequence: sequence, boot: boot)
            try fileSystem.write(file, record.encoded(), at: record.offset)
            try fileSystem.synchronizeData(file)
        }
    }
}
