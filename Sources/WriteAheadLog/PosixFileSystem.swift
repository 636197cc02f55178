internal import Glibc

/// The real file system.
///
/// Files are for their owner alone and are closed on exec. Interrupted calls are repeated and
/// short transfers continued; every other failure is reported, and nothing is tried twice.
///
/// Any thread may call it: it holds nothing but a table of paths for error messages.
public final class PosixFileSystem: FileSystem {
    // Paths of the open files, so that an error can name its file. Owned by the one thread that
    // owns this object.
    private var paths: [FileHandle: String] = [:]

    public init() {}

    public func open(_ path: String, _ access: FileAccess) throws(FileSystemError) -> FileHandle {
        let flags =
            switch access {
            case .readOnly: O_RDONLY
            case .readWrite: O_RDWR
            case .create: O_RDWR | O_CREAT | O_EXCL
            }
        let descriptor = try check(.open, path) {
            unsafe Glibc.open(path, flags | O_CLOEXEC, mode_t(0o600))
        }
        let file = FileHandle(rawValue: descriptor)
        paths[file] = path
        return file
    }

    public func close(_ file: FileHandle) throws(FileSystemError) {
        let path = path(of: file)
        paths[file] = nil
        // On Linux the descriptor is gone even when close was interrupted: never repeated.
        guard Glibc.close(file.rawValue) == 0 || errno == EINTR else {
            throw FileSystemError(errno: errno, operation: .close, path: path)
        }
    }

    public func read(
        _ file: FileHandle, at offset: Int, count: Int
    ) throws(FileSystemError) -> [UInt8] {
        precondition(offset >= 0 && count >= 0, "range \(offset) + \(count)")
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = try check(.read, path(of: file)) {
                // The span ends with the array: `done` stays below `count`.
                unsafe bytes.withUnsafeMutableBytes { buffer in
                    unsafe pread(
                        file.rawValue, buffer.baseAddress! + done, count - done,
                        off_t(offset + done))
                }
            }
            if got == 0 { break }
            done += got
        }
        bytes.removeLast(count - done)
        return bytes
    }

    public func readFromDisk(
        _ path: String, at offset: Int, count: Int
    ) throws(FileSystemError) -> [UInt8]? {
        precondition(offset % Self.directAlignment == 0 && count % Self.directAlignment == 0)
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | Self.direct)
        // Not every file system can, as older tmpfs.
        if descriptor < 0, errno == EINVAL { return nil }
        guard descriptor >= 0 else {
            throw FileSystemError(errno: errno, operation: .open, path: path)
        }
        defer { _ = Glibc.close(descriptor) }
        // Direct reads need an aligned buffer. It is freed here and used nowhere else.
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: count, alignment: Self.directAlignment)
        defer { unsafe buffer.deallocate() }
        var done = 0
        while done < count {
            let got = unsafe pread(
                descriptor, buffer.baseAddress! + done, count - done, off_t(offset + done))
            if got < 0, errno == EINTR { continue }
            if got < 0, errno == EINVAL { return nil }
            guard got >= 0 else {
                throw FileSystemError(errno: errno, operation: .read, path: path)
            }
            done += got
            // Short only where the file ends, and then no aligned read can go on from there.
            if got == 0 || done % Self.directAlignment != 0 { break }
        }
        return unsafe Array(UnsafeRawBufferPointer(rebasing: buffer[..<done]))
    }

    private static let directAlignment = 4096
    // O_DIRECT, which the C library does not show to Swift.
    #if arch(arm64)
    private static let direct: Int32 = 0o200000
    #else
    private static let direct: Int32 = 0o40000
    #endif

    /// In one call. What one call writes Linux keeps as one folio where it can (ext4 since 6.16),
    /// and each later write into it looks at all of its blocks, as the log's into what was filled
    /// with zeros before.
    private static let pieceBytes = 16 << 10

    public func write(
        _ file: FileHandle, _ bytes: [UInt8], at offset: Int
    ) throws(FileSystemError) {
        precondition(offset >= 0, "offset \(offset)")
        var done = 0
        while done < bytes.count {
            let put = try check(.write, path(of: file)) {
                // The span ends with the array: `done` stays below its count.
                unsafe bytes.withUnsafeBytes { buffer in
                    unsafe pwrite(
                        file.rawValue, buffer.baseAddress! + done,
                        min(bytes.count - done, Self.pieceBytes), off_t(offset + done))
                }
            }
            // A write of nothing would be repeated for ever.
            guard put > 0 else {
                throw FileSystemError(errno: EIO, operation: .write, path: path(of: file))
            }
            done += put
        }
    }

    public func synchronizeData(_ file: FileHandle) throws(FileSystemError) {
        _ = try check(.synchronizeData, path(of: file)) { fdatasync(file.rawValue) }
    }

    public func synchronizeDirectory(_ path: String) throws(FileSystemError) {
        let descriptor = try check(.synchronizeDirectory, path) {
            unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, mode_t(0))
        }
        defer { _ = Glibc.close(descriptor) }
        _ = try check(.synchronizeDirectory, path) { fsync(descriptor) }
    }

    public func rename(_ path: String, to newPath: String) throws(FileSystemError) {
        _ = try check(.rename, path) { unsafe Glibc.rename(path, newPath) }
    }

    public func remove(_ path: String) throws(FileSystemError) {
        _ = try check(.remove, path) { unsafe unlink(path) }
    }

    public func makeDirectory(_ path: String) throws(FileSystemError) {
        _ = try check(.makeDirectory, path) { unsafe mkdir(path, mode_t(0o700)) }
    }

    public func list(_ directory: String) throws(FileSystemError) -> [String] {
        guard let stream = unsafe opendir(directory) else {
            throw FileSystemError(errno: errno, operation: .list, path: directory)
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while true {
            // readdir tells the end from a failure only by errno.
            errno = 0
            guard let entry = unsafe readdir(stream) else { break }
            // The name ends with a zero inside the entry, which lives until the next call.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                unsafe tuple.withMemoryRebound(to: CChar.self, capacity: 256) { characters in
                    unsafe String(cString: characters)
                }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        guard errno == 0 else {
            throw FileSystemError(errno: errno, operation: .list, path: directory)
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    public func status(_ path: String) throws(FileSystemError) -> FileStatus? {
        var found = stat()
        // A link is not followed: state is never reached through one.
        guard unsafe lstat(path, &found) == 0 else {
            if errno == ENOENT { return nil }
            throw FileSystemError(errno: errno, operation: .status, path: path)
        }
        let kind: FileStatus.Kind =
            switch found.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .directory
            default: .other
            }
        return FileStatus(
            kind: kind, sizeBytes: Int(found.st_size), permissions: UInt32(found.st_mode & 0o777))
    }

    public func lock(_ file: FileHandle) throws(FileSystemError) -> Bool {
        while flock(file.rawValue, LOCK_EX | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return false }
            guard errno == EINTR else {
                throw FileSystemError(errno: errno, operation: .lock, path: path(of: file))
            }
        }
        return true
    }

    private func path(of file: FileHandle) -> String {
        guard let path = paths[file] else { preconditionFailure("file \(file.rawValue) is closed") }
        return path
    }

    // Runs a call until it is not interrupted; a result below zero is a failure.
    private func check<Result: BinaryInteger>(
        _ operation: FileOperation, _ path: String, _ call: () -> Result
    ) throws(FileSystemError) -> Result {
        while true {
            let result = call()
            if result >= 0 { return result }
            let failure = errno
            guard failure == EINTR else {
                throw FileSystemError(errno: failure, operation: operation, path: path)
            }
        }
    }
}
