import CoreFoundation
import Foundation
import Glibc

/// Files that only their owner may read.
///
/// The calls into the C library take Swift strings and one local structure by reference, which the
/// compiler keeps alive for the call: that is the proof for each `unsafe` here.
enum PrivateFile {
    /// Writes a new file with mode 0600.
    ///
    /// - Throws: `CommandFailure` when there is something of that name, or on an I/O error.
    static func create(_ path: String, _ text: String) throws {
        let descriptor = unsafe open(
            path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CommandFailure.file(path, errno) }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try handle.write(contentsOf: Data(text.utf8))
        try handle.synchronize()
    }

    /// Replaces a file atomically by one with mode 0600.
    static func replace(_ path: String, _ text: String) throws {
        let next = path + ".\(UInt32.random(in: 0 ... .max)).new"
        try create(next, text)
        guard unsafe rename(next, path) == 0 else { throw CommandFailure.file(path, errno) }
    }

    /// Reads a file that belongs to this user and that nobody else may read.
    ///
    /// - Throws: `CommandFailure` when it is not there, is a link, or others may read it.
    static func read(_ path: String) throws -> String {
        let descriptor = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw CommandFailure.file(path, errno) }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw CommandFailure.file(path, errno) }
        guard status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
            throw CommandFailure(
                .configuration, "\(path) must belong to you, and be readable by you alone")
        }
        let data = try handle.readToEnd() ?? Data()
        guard let text = String(validating: data, as: UTF8.self) else {
            throw CommandFailure(.configuration, "\(path) is not UTF-8")
        }
        return text
    }

    /// Makes a folder with mode 0700, and those above it.
    static func createFolder(_ path: String) throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
    }
}
