internal import RaftCore

// For the recovery of a cluster that has lost its quorum: a directory is looked at, and changed, by
// somebody who is not its node.

extension DataDirectory {
    /// Opens the data directory of a node that is stopped, whoever it is. Nothing is made but the
    /// lock, and nothing repaired.
    ///
    /// - Throws: `DataDirectoryError`: `locked` when the node runs, `noIdentity` when it is
    ///   nobody's.
    public static func openStopped(
        _ path: String, fileSystem: any FileSystem
    ) throws(DataDirectoryError) -> DataDirectory {
        try locked(path, fileSystem) {
            guard let status = try fileSystem.status(path), status.kind == .directory else {
                throw DataDirectoryError.notADirectory(path: path)
            }
            try checkMode(path, status)
            guard try fileSystem.status("\(path)/\(identityName)") != nil else {
                throw DataDirectoryError.noIdentity(path: path)
            }
        } contents: {
            try read(path, fileSystem).contents
        }
    }

    private var recoveryPath: String { "\(path)/\(Self.recoveryName)" }

    /// Whether a recovery was begun here and has not come to its end.
    public var isRecovering: Bool {
        get throws(FileSystemError) { try fileSystem.status(recoveryPath) != nil }
    }

    /// Notes durably that a recovery begins: the node does not start until it has ended.
    public func beginRecovery() throws(FileSystemError) {
        if try !isRecovering {
            let file = try fileSystem.open(recoveryPath, .create)
            try fileSystem.write(file, Array("watchword cluster recover apply\n".utf8), at: 0)
            try fileSystem.synchronizeData(file)
            try fileSystem.close(file)
        }
        // Another process may have made it, and not come to this.
        try fileSystem.synchronizeDirectory(path)
    }

    /// Notes durably that the recovery has ended.
    public func endRecovery() throws(FileSystemError) {
        try fileSystem.remove(recoveryPath)
        try fileSystem.synchronizeDirectory(path)
    }
}
