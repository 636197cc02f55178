/// Makes sure that what is read of a file is what the disk holds.
///
/// After a failed write-back the kernel calls the pages clean and goes on serving what was written,
/// and no later sync writes them ("fsyncgate"; Rebello et al., ATC '20). A process that starts
/// after such a failure would build on bytes that the next power cut takes back.
public enum CachedFile {
    private static let stepBytes = 256 * Block.bytes

    /// Compares a file's cached bytes with the disk's, writes those blocks again that differ, and
    /// syncs. Where the disk cannot be read past the cache, all blocks are written again.
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
            while true {
                let cached = try fileSystem.read(file, at: offset, count: stepBytes)
                if cached.isEmpty { break }
                written += try makeDurable(cached, at: offset, file, path, fileSystem)
                offset += cached.count
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

    private static func makeDurable(
        _ cached: [UInt8], at offset: Int, _ file: FileHandle, _ path: String,
        _ fileSystem: any FileSystem
    ) throws(FileSystemError) -> Int {
        let disk = try fileSystem.readFromDisk(path, at: offset, count: stepBytes)
        if let disk, disk == cached { return 0 }
        var written = 0
        for start in stride(from: 0, to: cached.count, by: Block.bytes) {
            let end = min(start + Block.bytes, cached.count)
            if let disk, disk.count >= end, disk[start..<end] == cached[start..<end] { continue }
            try fileSystem.write(file, Array(cached[start..<end]), at: offset + start)
            written += 1
        }
        return written
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
