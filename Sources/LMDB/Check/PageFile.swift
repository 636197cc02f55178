internal import Glibc

/// The data file as bytes: read through a descriptor of its own and never through the map, where a
/// block that cannot be read, or an address behind the end, would end the process.
final class PageFile: Sendable {
    /// Of every file that this library writes on the machines that we run on.
    static let pageBytes = 4096

    private let descriptor: Int32
    /// Whole pages in the file.
    let pageCount: UInt64

    /// Opens the file for reading.
    ///
    /// - Throws: `FileDamage` when it cannot be opened or has no two pages.
    init(path: String) throws(FileDamage) {
        // The proof: the path is lent as a C string for the time of the call.
        let opened = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else {
            let failure = errno
            throw FileDamage(
                "it cannot be opened: errno \(failure)",
                isUnavailable: ![EIO, ENOENT, ENOTDIR, EISDIR].contains(failure))
        }
        let (size, failure) = SystemCalls.sizeBytes(descriptor: opened)
        guard failure == 0, size >= 2 * Self.pageBytes else {
            // Nothing is set yet, so `deinit` does not close it once more.
            close(opened)
            throw FileDamage("\(size) bytes, errno \(failure)")
        }
        descriptor = opened
        pageCount = UInt64(size / Self.pageBytes)
    }

    // Nothing was written: a failed close loses nothing.
    deinit { close(descriptor) }

    /// The bytes of `count` pages from `page` on.
    ///
    /// - Throws: `FileDamage` when they are not there, or cannot be read.
    func read(_ page: UInt64, count: Int = 1) throws(FileDamage) -> [UInt8] {
        guard page < pageCount, UInt64(count) <= pageCount - page else {
            throw FileDamage("behind the end of the file", page: page)
        }
        let wanted = count * Self.pageBytes
        let offset = off_t(page) * off_t(Self.pageBytes)
        var failure: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: wanted) { buffer, done in
            while done < wanted {
                // The proof: the range lies within the buffer, which has room for `wanted`.
                let got = unsafe pread(
                    descriptor, buffer.baseAddress! + done, wanted - done, offset + off_t(done))
                if got < 0 && errno == EINTR { continue }
                guard got > 0 else {
                    failure = got < 0 ? errno : EIO
                    return
                }
                done += got
            }
        }
        guard bytes.count == wanted else {
            throw FileDamage(
                "it cannot be read: errno \(failure)", page: page, isUnavailable: failure != EIO)
        }
        return bytes
    }
}

/// Integers of a page, least significant byte first. Every place is checked by the array.
extension [UInt8] {
    func word16(_ offset: Int) -> Int { Int(self[offset]) | Int(self[offset + 1]) << 8 }
    func word32(_ offset: Int) -> Int { word16(offset) | word16(offset + 2) << 16 }
    func word64(_ offset: Int) -> UInt64 {
        UInt64(word32(offset)) | UInt64(word32(offset + 4)) << 32
    }
}
