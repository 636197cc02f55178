internal import Foundation

/// The file system's side of a listening socket.
enum SocketFile {
    /// Checks that nobody else could have put something in the socket's place (security D7).
    ///
    /// - Throws: `NodeStartError` when others can write to its folder, or what is there is no
    ///   socket.
    static func check(_ path: String) throws {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let attributes = try FileManager.default.attributesOfItem(atPath: folder)
        guard let mode = attributes[.posixPermissions] as? Int, mode & 0o022 == 0 else {
            throw NodeStartError("\(folder) can be written to by others: no place for a socket")
        }
        guard FileManager.default.fileExists(atPath: path) else { return }
        let kind = try FileManager.default.attributesOfItem(atPath: path)[.type]
        guard kind as? FileAttributeType == .typeSocket else {
            throw NodeStartError("\(path) is there and is no socket")
        }
    }

    /// Lets the group in, which the process's mask does not.
    static func openToGroup(_ path: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: 0o660], ofItemAtPath: path)
    }
}
