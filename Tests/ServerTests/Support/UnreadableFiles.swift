import WriteAheadLog

/// The real file system, of which nothing can be read.
final class UnreadableFiles: FileSystem {
    let errno: Int32
    private let files = PosixFileSystem()

    init(errno: Int32) { self.errno = errno }

    func read(
        _ file: FileHandle, at offset: Int, count: Int
    ) throws(FileSystemError) -> [UInt8] {
        throw FileSystemError(errno: errno, operation: .read, path: "PEERS")
    }

    func readFromDisk(
        _ path: String, at offset: Int, count: Int
    ) throws(FileSystemError) -> [UInt8]? {
        throw FileSystemError(errno: errno, operation: .read, path: path)
    }

    func open(
        _ path: String, _ access: FileAccess
    ) throws(FileSystemError) -> FileHandle { try files.open(path, access) }
    func close(_ file: FileHandle) throws(FileSystemError) {
        try files.close(file)
    }
    func write(
        _ file: FileHandle, _ bytes: [UInt8], at offset: Int
    ) throws(FileSystemError) { try files.write(file, bytes, at: offset) }
    func synchronizeData(_ file: FileHandle) throws(FileSystemError) {
        try files.synchronizeData(file)
    }
    func synchronizeDirectory(_ path: String) throws(FileSystemError) {
        try files.synchronizeDirectory(path)
    }
    func rename(_ path: String, to newPath: String) throws(FileSystemError) {
        try files.rename(path, to: newPath)
    }
    func remove(_ path: String) throws(FileSystemError) { try files.remove(path) }
    func makeDirectory(_ path: String) throws(FileSystemError) { try files.makeDirectory(path) }
    func list(_ directory: String) throws(FileSystemError) -> [String] {
        try files.list(directory)
    }
    func status(_ path: String) throws(FileSystemError) -> FileStatus? { try files.status(path) }
    func lock(_ file: FileHandle) throws(FileSystemError) -> Bool {
        try files.lock(file)
    }
}
