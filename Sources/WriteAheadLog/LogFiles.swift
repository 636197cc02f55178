internal import RaftCore

/// The log's directory: the file system with the directory's path, and its failures as the log's.
struct LogFiles {
    let fileSystem: any FileSystem
    /// The path of the log's directory.
    let directory: String

    func path(_ name: FileName) -> String { "\(directory)/\(name.text)" }

    /// Makes a call whose failure is final for the log.
    ///
    /// - Throws: `WALError.fileSystem`.
    func call<Result>(
        _ body: (any FileSystem) throws(FileSystemError) -> Result
    ) throws(WALError) -> Result {
        do {
            return try body(fileSystem)
        } catch {
            throw .fileSystem(error)
        }
    }

    /// Makes a call that takes room on the disk for something that is not in use yet.
    ///
    /// - Throws: `WALError.reserveUnavailable` when there is none, `fileSystem` otherwise.
    func callForRoom<Result>(
        _ body: (any FileSystem) throws(FileSystemError) -> Result
    ) throws(WALError) -> Result {
        do {
            return try body(fileSystem)
        } catch {
            throw error.isOutOfSpace ? .reserveUnavailable(error) : .fileSystem(error)
        }
    }

    /// Makes the names in the directory durable.
    func synchronizeNames() throws(WALError) {
        try call { fs throws(FileSystemError) in try fs.synchronizeDirectory(directory) }
    }

    /// Gives a file another name; durable only after `synchronizeNames`.
    func rename(_ name: FileName, to newName: FileName) throws(WALError) {
        let (from, to) = (path(name), path(newName))
        try call { fs throws(FileSystemError) in try fs.rename(from, to: to) }
    }

    /// Removes a file; durable only after `synchronizeNames`.
    func remove(_ name: FileName) throws(WALError) {
        let path = path(name)
        try call { fs throws(FileSystemError) in try fs.remove(path) }
    }

    func open(_ name: FileName, _ access: FileAccess) throws(WALError) -> FileHandle {
        let path = path(name)
        return try call { fs throws(FileSystemError) in try fs.open(path, access) }
    }

    func close(_ file: FileHandle) throws(WALError) {
        try call { fs throws(FileSystemError) in try fs.close(file) }
    }

    func write(
        _ file: FileHandle, _ writes: [SegmentWriter.Write]
    ) throws(WALError) {
        for write in writes {
            try call { fs throws(FileSystemError) in
                try fs.write(file, write.bytes, at: write.offset)
            }
        }
    }

    func synchronize(_ file: FileHandle) throws(WALError) {
        try call { fs throws(FileSystemError) in try fs.synchronizeData(file) }
    }

    /// How long a file is.
    func size(_ name: FileName) throws(WALError) -> Int {
        let path = path(name)
        return try call { fs throws(FileSystemError) in try fs.status(path)?.sizeBytes ?? 0 }
    }

    /// Reads one block; nil if it cannot be read.
    func readBlock(_ name: FileName, at offset: Int) throws(WALError) -> [UInt8]? {
        let file = try open(name, .readOnly)
        var block: [UInt8]?
        do {
            block = try fileSystem.read(file, at: offset, count: Block.bytes)
        } catch {
            // What cannot be read is damaged like what does not match its checksum.
            block = nil
        }
        try close(file)
        return block
    }

    /// Reads a whole file.
    func read(_ name: FileName) throws(WALError) -> [UInt8] {
        let path = path(name)
        return try call { fs throws(FileSystemError) in
            let size = try fs.status(path)?.sizeBytes ?? 0
            let file = try fs.open(path, .readOnly)
            let bytes = try fs.read(file, at: 0, count: size)
            try fs.close(file)
            return bytes
        }
    }

    /// Reads a whole file, with zeros in the place of blocks that cannot be read.
    ///
    /// - Returns: the bytes, and how many blocks are missing.
    func salvage(_ name: FileName) throws(WALError) -> (bytes: [UInt8], unreadable: Int) {
        let path = path(name)
        return try call { fs throws(FileSystemError) in
            let size = try fs.status(path)?.sizeBytes ?? 0
            let file = try fs.open(path, .readOnly)
            var bytes: [UInt8]
            var unreadable = 0
            do {
                bytes = try fs.read(file, at: 0, count: size)
            } catch {
                bytes = []
                bytes.reserveCapacity(size)
                for start in stride(from: 0, to: size, by: Block.bytes) {
                    let count = min(Block.bytes, size - start)
                    do {
                        bytes += try fs.read(file, at: start, count: count)
                    } catch {
                        // What cannot be read is damaged like what does not match its checksum.
                        unreadable += 1
                        bytes += [UInt8](repeating: 0, count: count)
                    }
                }
            }
            try fs.close(file)
            return (bytes, unreadable)
        }
    }
}

extension LogFiles {
    /// Makes a spare the newest segment, with these groups in it. It gets its name only once all of
    /// that is durable, so a segment never has a torn header.
    ///
    /// - Precondition: there is a spare, and the groups fit.
    func beginSegment(
        _ header: SegmentHeader, groups: [Group], reserve: inout SegmentReserve
    ) throws(WALError) -> (current: WriteAheadLog.Current, writes: [SegmentWriter.Write]) {
        let spare = reserve.take()
        let file = try open(spare, .readWrite)
        var writer = SegmentWriter(header: header)
        for group in groups { writer.add(group) }
        let writes =
            [SegmentWriter.Write(offset: 0, bytes: header.encoded())] + writer.takeWrites()
            + [
                SegmentWriter.Write(
                    offset: SegmentHeader.copyOffset(segmentBytes: header.segmentBytes),
                    bytes: header.encoded())
            ]
        try write(file, writes)
        try synchronize(file)
        let name = FileName.segment(
            sequence: header.sequence, firstIndex: header.startsAfter.index.next)
        try rename(spare, to: name)
        try synchronizeNames()
        let indexMax = groups.reduce(.zero) { max($0, $1.indexMax) }
        return (
            WriteAheadLog.Current(writer: writer, file: file, name: name, indexMax: indexMax),
            writes
        )
    }
}
