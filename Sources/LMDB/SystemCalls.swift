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
    @Sendable static func writeZeros(descriptor: Int32, offset: Int, count: Int) -> Int32 {
        precondition(offset >= 0 && count >= 0, "\(count) zeros at \(offset)")
        let zeros = [UInt8](repeating: 0, count: min(count, 1 << 20))
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
