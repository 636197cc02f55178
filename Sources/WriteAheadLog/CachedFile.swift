/// Makes sure that what is read of a file is what the disk holds.
///
/// After a failed write-back the kernel calls the pages clean and goes on serving what was written,
/// and no later sync writes them ("fsyncgate"; Rebello et al., ATC '20). A process that starts
/// after such a failure would build on bytes that the next power cut takes back.
public enum CachedFile {
    private static let stepBytes = 256 * Block.bytes

    /// Compares a file's cached bytes with the disk's, writes those blocks again that differ, and
    /// syncs. Where the disk cannot be read past the cache, all blocks are written again. A block
    /// that cannot be read at all is left to who reads the file next, for whom that is damage.
    ///
    /// - Returns: how many blocks were written.
    /// - Throws: `FileSystemError`; then nothing is known, as before.
    public static func makeDurable(
        _ path: String, fileSystem: any FileSystem
    ) throws(FileSystemError) -> Int {
        let file = try fileSystem.open(path, .readWrite)
        do {
            var written = 0
            var offset = 0
            let end = try fileSystem.status(path)?.sizeBytes ?? 0
            while offset < end {
                let count = min(stepBytes, end - offset)
                written += try makeDurable(offset..<offset + count, file, path, fileSystem)
                offset += count
            }
            // Also when nothing differs: what was dirty is only on its way.
            try fileSystem.synchronizeData(file)
            try fileSystem.close(file)
            return written
        } catch {
            try fileSystem.close(file)
            throw error
        }
    }

    /// The same for every file of a data directory and of the directories in it, besides those that
    /// hold a file of the name `mark`: nobody reads them any more.
    ///
    /// - Returns: how many files were compared, and how many blocks written.
    public static func makeAllDurable(
        in directory: String, besides mark: String, fileSystem: any FileSystem
    ) throws(FileSystemError) -> (files: Int, blocks: Int) {
        var files: [String] = []
        for name in try fileSystem.list(directory) {
            let inner = "\(directory)/\(name)"
            guard try fileSystem.status(inner)?.kind == .directory else {
                files.append(inner)
                continue
            }
            let names = try fileSystem.list(inner)
            if names.contains(mark) { continue }
            for file in names { files.append("\(inner)/\(file)") }
        }
        var blocks = 0
        for file in files where try fileSystem.status(file)?.kind == .file {
            blocks += try makeDurable(file, fileSystem: fileSystem)
        }
        return (files.count, blocks)
    }

    private static func makeDurable(
        _ range: Range<Int>, _ file: FileHandle, _ path: String, _ fileSystem: any FileSystem
    ) throws(FileSystemError) -> Int {
        do {
            let cached = try fileSystem.read(file, at: range.lowerBound, count: range.count)
            let disk = try readFromDisk(path, range, fileSystem)
            if let disk, disk == cached { return 0 }
            if range.count <= Block.bytes {
                try fileSystem.write(file, cached, at: range.lowerBound)
                return 1
            }
        } catch {
            guard error.isUnreadable else { throw error }
            if range.count <= Block.bytes { return 0 }
        }
        var written = 0
        for start in stride(from: range.lowerBound, to: range.upperBound, by: Block.bytes) {
            let end = min(start + Block.bytes, range.upperBound)
            written += try makeDurable(start..<end, file, path, fileSystem)
        }
        return written
    }

    // nil where the disk cannot be read past the cache, or holds nothing that can be read: writing
    // again is what mends both.
    private static func readFromDisk(
        _ path: String, _ range: Range<Int>, _ fileSystem: any FileSystem
    ) throws(FileSystemError) -> [UInt8]? {
        let count = (range.count + Block.bytes - 1) / Block.bytes * Block.bytes
        do {
            return try fileSystem.readFromDisk(path, at: range.lowerBound, count: count)
        } catch {
            guard error.isUnreadable else { throw error }
            return nil
        }
    }
}

/// Reading past the kernel's cache.
public protocol UncachedReading: AnyObject {
    /// Reads what the disk holds: after a failed write-back the cache may differ from it for good.
    /// Offset and count are multiples of 4096.
    ///
    /// - Returns: nil where that cannot be done.
    func readFromDisk(
        _ path: String, at offset: Int, count: Int
    ) throws(FileSystemError) -> [UInt8]?
}

extension UncachedReading {
    /// A file system without a cache to read past.
    public func readFromDisk(
        _ path: String, at offset: Int, count: Int
    ) throws(FileSystemError) -> [UInt8]? { nil }
}
