internal import Glibc

/// The system calls that the environment makes beside the library's.
public enum SystemCalls {
    /// The reading of a clock that never goes back, in nanoseconds, to a few milliseconds.
    @Sendable public static func steadyNanoseconds() -> UInt64 {
        var now = timespec()
        // The proof: the call writes one timespec, which it is given.
        let result = unsafe clock_gettime(CLOCK_MONOTONIC_COARSE, &now)
        precondition(result == 0, "clock_gettime: \(errno)")
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }

    /// Writes `count` zero bytes at `offset`, and answers 0 or an errno.
    ///
    /// Page by page: what one call writes Linux keeps as one folio where it can (ext4 since 6.16),
    /// and each later write into it, of one page too, looks at all of its blocks. With a megabyte
    /// at once writing a page took three to five times as long.
    @Sendable static func writeZeros(descriptor: Int32, offset: Int, count: Int) -> Int32 {
        precondition(offset >= 0 && count >= 0, "\(count) zeros at \(offset)")
        let zeros = [UInt8](repeating: 0, count: min(count, PageFile.pageBytes))
        var done = 0
        while done < count {
            let length = min(zeros.count, count - done)
            // The proof: `length` is at most what the array holds for the time of the call.
            let written = unsafe zeros.withUnsafeBytes {
                unsafe pwrite(descriptor, $0.baseAddress, length, off_t(offset + done))
            }
            if written < 0 && errno == EINTR { continue }
            if written <= 0 { return written < 0 ? errno : EIO }
            done += written
        }
        return 0
    }

    /// One page of an open file.
    static func readPage(
        descriptor: Int32, number: UInt64, bytes count: Int, path: String
    ) throws(LMDBError) -> [UInt8] {
        var failure: Int32 = 0
        let page = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            while done < count {
                // The proof: the range lies within the buffer, which has room for `count`.
                let got = unsafe pread(
                    descriptor, buffer.baseAddress! + done, count - done,
                    off_t(number) * off_t(count) + off_t(done))
                if got < 0 && errno == EINTR { continue }
                guard got > 0 else {
                    failure = got < 0 ? errno : EIO
                    return
                }
                done += got
            }
        }
        try check(failure, "pread", path: path)
        return page
    }

    /// Writes over the beginning of a file that is there, and makes it durable; answers 0 or an
    /// errno.
    static func overwrite(file path: String, with bytes: [UInt8]) -> Int32 {
        // The proof: the path is lent as a C string for the time of the call.
        let descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return errno }
        // What was written is synced or refused before: a failed close loses nothing.
        defer { close(descriptor) }
        var done = 0
        while done < bytes.count {
            // The proof: the range lies within the array, which is lent for the call.
            let written = unsafe bytes.withUnsafeBytes {
                unsafe pwrite(
                    descriptor, $0.baseAddress! + done, bytes.count - done, off_t(done))
            }
            if written < 0 && errno == EINTR { continue }
            if written <= 0 { return written < 0 ? errno : EIO }
            done += written
        }
        return fdatasync(descriptor) == 0 ? 0 : errno
    }

    /// Throws an errno that is not 0.
    static func check(
        _ failure: Int32, _ operation: String, path: String
    ) throws(LMDBError) {
        guard failure != 0 else { return }
        throw LMDBError(.init(rawValue: failure), operation: operation, path: path)
    }

    /// The size of an open file; nil and an errno when it cannot be told.
    static func sizeBytes(descriptor: Int32) -> (bytes: Int, errno: Int32) {
        var status = stat()
        // The proof: the call writes one stat, which it is given.
        guard unsafe fstat(descriptor, &status) == 0 else { return (0, errno) }
        return (Int(status.st_size), 0)
    }

    /// Makes a file's or a directory's content durable, and answers 0 or an errno.
    static func synchronize(path: String, isDirectory: Bool) -> Int32 {
        // The proof: the path is lent as a C string for the time of the call.
        let descriptor = unsafe open(path, (isDirectory ? O_DIRECTORY : 0) | O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return errno }
        let result = fsync(descriptor) == 0 ? 0 : errno
        // A failed close of a descriptor that wrote nothing loses nothing.
        close(descriptor)
        return result
    }

    /// The calling thread.
    static var currentThread: UInt { UInt(pthread_self()) }
}
