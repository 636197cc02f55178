internal import Glibc

/// One call to the system, or to the library's file code, in words.
struct StoreStep: Hashable, Sendable, CustomStringConvertible {
    let operation: String
    let path: String
    var description: String { "\(operation) \(path)" }
}

/// The file calls of opening, exporting, importing and switching. Everything that the store does
/// to files beside the library's own reading and writing goes through here.
///
/// Before each call a hook is asked, which a test may let throw: the call, and in a crash every
/// later one, then does not happen.
struct StoreFiles: Sendable {
    let before: @Sendable (StoreStep) throws -> Void

    init(before: @escaping @Sendable (StoreStep) throws -> Void = { _ in }) {
        self.before = before
    }

    /// Carries out a step of the library's.
    func perform<R>(_ operation: String, _ path: String, _ body: () throws -> R) throws -> R {
        try before(StoreStep(operation: operation, path: path))
        return try body()
    }

    /// The names in a directory, sorted; nil when there is no such directory.
    func list(_ path: String) throws -> [String]? {
        try before(StoreStep(operation: "list", path: path))
        // The proof: the stream is used and closed here alone; an entry is copied before the
        // next one is asked for.
        guard let stream = unsafe opendir(path) else {
            if errno == ENOENT { return nil }
            throw Self.failure("opendir", path)
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else { break }
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        guard errno == 0 else { throw Self.failure("readdir", path) }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Makes a directory that only its owner may enter.
    func makeDirectory(_ path: String) throws {
        try before(StoreStep(operation: "mkdir", path: path))
        guard unsafe mkdir(path, 0o700) == 0 else { throw Self.failure("mkdir", path) }
    }

    /// Removes a directory and the files in it, if it is there.
    func removeDirectory(_ path: String) throws {
        guard let names = try list(path) else { return }
        for name in names { try removeFile(path + "/" + name) }
        try before(StoreStep(operation: "rmdir", path: path))
        guard unsafe rmdir(path) == 0 else { throw Self.failure("rmdir", path) }
    }

    /// Removes a file.
    func removeFile(_ path: String) throws {
        try before(StoreStep(operation: "unlink", path: path))
        guard unsafe unlink(path) == 0 else { throw Self.failure("unlink", path) }
    }

    /// Gives a file or directory another name, replacing a file of that name.
    func rename(_ from: String, to: String) throws {
        try before(StoreStep(operation: "rename", path: to))
        guard unsafe Glibc.rename(from, to) == 0 else { throw Self.failure("rename", from) }
    }

    /// Makes the names in a directory durable.
    func synchronizeDirectory(_ path: String) throws {
        let directory = try OpenFile(path, flags: O_RDONLY | O_DIRECTORY)
        try directory.synchronize(self)
    }

    /// Makes a file's bytes durable.
    func synchronizeFile(_ path: String) throws {
        let file = try OpenFile(path, flags: O_RDONLY)
        try file.synchronize(self)
    }

    /// Makes a file of these bytes, durable but for its name, replacing one of that name.
    func writeFile(_ path: String, _ bytes: [UInt8]) throws {
        let file = try openForWriting(path)
        try file.write(bytes, at: 0, self)
        try file.synchronize(self)
    }

    /// Makes an empty file, or empties the one that is there, that only its owner may read.
    func openForWriting(_ path: String) throws -> OpenFile {
        try before(StoreStep(operation: "create", path: path))
        return try OpenFile(path, flags: O_RDWR | O_CREAT | O_TRUNC)
    }

    /// Opens a file that is there, to write over parts of it.
    func openForUpdate(_ path: String) throws -> OpenFile {
        try before(StoreStep(operation: "open", path: path))
        return try OpenFile(path, flags: O_RDWR)
    }

    /// Opens a file that is there.
    func openForReading(_ path: String) throws -> OpenFile {
        try before(StoreStep(operation: "open", path: path))
        return try OpenFile(path, flags: O_RDONLY)
    }

    /// All bytes of a small file; nil when there is no such file.
    ///
    /// - Throws: `damaged` when it is longer than `maximum`.
    func readFile(_ path: String, atMost maximum: Int) throws -> [UInt8]? {
        try before(StoreStep(operation: "read", path: path))
        // The proof: the path is lent as a C string for the time of the call.
        guard unsafe access(path, F_OK) == 0 else {
            if errno == ENOENT { return nil }
            throw Self.failure("access", path)
        }
        let bytes = try OpenFile(path, flags: O_RDONLY).read(at: 0, count: maximum + 1)
        guard bytes.count <= maximum else {
            throw StateStoreError(.damaged, "\(path) is over \(maximum) bytes")
        }
        return bytes
    }

    /// What errno says of a call that has just failed.
    static func failure(_ operation: String, _ path: String) -> StateStoreError {
        let code = errno
        // The proof: the text is copied at once; a thread's text is its own in glibc.
        let words = unsafe String(cString: strerror(code))
        return StateStoreError(.failed, "\(operation) \(path): \(words)")
    }
}

/// An open descriptor, closed with its owner.
struct OpenFile: ~Copyable, Sendable {
    private let descriptor: Int32
    private let path: String

    init(_ path: String, flags: Int32) throws {
        // The proof: the path is lent as a C string for the time of the call.
        descriptor = unsafe open(path, flags | O_CLOEXEC, 0o600)
        self.path = path
        guard descriptor >= 0 else {
            throw StoreFiles.failure("open", path)
        }
    }

    // Everything was made durable, or given up, before: a failed close loses nothing.
    deinit { if descriptor >= 0 { close(descriptor) } }

    // In one call: as small as in `PosixFileSystem`, since the state's pages are written into what
    // came as a snapshot.
    private static let pieceBytes = 16 << 10

    /// Writes all of `bytes`.
    func write(_ bytes: [UInt8], at offset: UInt64, _ files: StoreFiles) throws {
        try files.before(StoreStep(operation: "write", path: path))
        var done = 0
        while done < bytes.count {
            // The proof: the range lies within the array, which is lent for the call.
            let count = unsafe bytes.withUnsafeBytes {
                unsafe pwrite(
                    descriptor, $0.baseAddress! + done,
                    min(bytes.count - done, Self.pieceBytes), off_t(offset) + off_t(done))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw StoreFiles.failure("pwrite", path) }
            done += count
        }
    }

    /// Reads up to `count` bytes; fewer only at the end of the file.
    func read(at offset: UInt64, count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            // The proof: the range lies within the array, which is lent for the call.
            let got = unsafe bytes.withUnsafeMutableBytes {
                unsafe pread(
                    descriptor, $0.baseAddress! + done, count - done, off_t(offset) + off_t(done))
            }
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { throw StoreFiles.failure("pread", path) }
            if got == 0 { break }
            done += got
        }
        bytes.removeSubrange(done...)
        return bytes
    }

    /// Makes what was written durable.
    func synchronize(_ files: StoreFiles) throws {
        try files.before(StoreStep(operation: "fsync", path: path))
        guard fsync(descriptor) == 0 else { throw StoreFiles.failure("fsync", path) }
    }

    /// Makes what was written durable, of a file whose size has not changed.
    func synchronizeData(_ files: StoreFiles) throws {
        try files.before(StoreStep(operation: "fdatasync", path: path))
        guard fdatasync(descriptor) == 0 else { throw StoreFiles.failure("fdatasync", path) }
    }

    /// The size of the file.
    func sizeBytes() throws -> UInt64 {
        var status = stat()
        // The proof: the call writes one stat, which it is given.
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw StoreFiles.failure("fstat", path)
        }
        return UInt64(status.st_size)
    }
}
