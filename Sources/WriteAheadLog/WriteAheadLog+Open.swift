extension WriteAheadLog {
    /// The name of the log's directory in the data directory.
    static let directoryName = "wal"

    /// Opens the log of a data directory, or makes one where there is none, and makes all that it
    /// found durable again before it returns (consensus recovery R3 to R7).
    ///
    /// A log that is damaged begins anew behind what the state has applied, with what is whole
    /// before the first loss, and with the promise that it gave (docs/decisions/0006).
    ///
    /// - Parameters:
    ///   - directory: the data directory; the log lies in `wal` under it.
    ///   - state: what the state beside the log holds durably.
    /// - Throws: `promisesLost`, `unsupported`, `missing`, `foreign`, `behindState`,
    ///   `beginsBehindState`, `divergesFromState`, with nothing on the disk changed;
    ///   `reserveUnavailable` when there is no room for a segment; `fileSystem`.
    public static func open(
        directory: String, fileSystem: any FileSystem, identity: WALIdentity,
        options: WALOptions = WALOptions(), state: DurableState = .empty
    ) throws(WALError) -> (log: WriteAheadLog, recovered: RecoveredLog) {
        options.check()
        let files = LogFiles(
            fileSystem: fileSystem, directory: "\(directory)/\(directoryName)")
        try makeDirectory(files, in: directory, options: options)
        try files.synchronizeNames()
        let names = try files.call { fs throws(FileSystemError) in try fs.list(files.directory) }
            .map { FileName($0) }
        let watermark = try readWatermark(files, identity: identity, names: names)
        let bound = SegmentScan.Bound(
            group: watermark?.group ?? 0, index: state.appliedThroughLog)
        var reader = LogReader(
            files: files, identity: identity, applied: state.isLost ? nil : state.applied)
        let image = try reader.read(names, bound: bound)
        if image == nil, !options.mayCreate { throw .missing(directory: files.directory) }
        // What the newest segment holds must fit into the fresh one.
        var options = options
        options.segmentBytes = max(options.segmentBytes, image?.head.header.segmentBytes ?? 0)
        var recovery = LogRecovery(
            files: files, identity: identity, options: options, image: image,
            watermark: watermark)
        return try recovery.finish(state: state, names: names)
    }

    // A name that is seen may be one that a killed process did not come to make durable: so it is
    // made durable before anything is built on it, also where nothing had to be made.
    private static func makeDirectory(
        _ files: LogFiles, in parent: String, options: WALOptions
    ) throws(WALError) {
        let status = try files.call { fs throws(FileSystemError) in
            try fs.status(files.directory)
        }
        guard status != nil || options.mayCreate else {
            throw .missing(directory: files.directory)
        }
        try files.call { fs throws(FileSystemError) in
            if status == nil { try fs.makeDirectory(files.directory) }
            try fs.synchronizeDirectory(parent)
        }
    }

    static func readWatermark(
        _ files: LogFiles, identity: WALIdentity, names: [FileName]
    ) throws(WALError) -> Watermark? {
        let name = FileName.other(Watermark.fileName)
        guard names.contains(name) else { return nil }
        let salt = SegmentHeader.salt(of: identity, sequence: 0)
        return Watermark.read(try files.salvage(name).bytes, salt: salt)
    }
}
