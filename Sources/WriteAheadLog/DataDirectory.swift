public import RaftCore

/// Why a data directory cannot be used.
public enum DataDirectoryError: Error, Equatable, Sendable {
    case fileSystem(FileSystemError)
    /// The path names something else.
    case notADirectory(path: String)
    /// Others than the owner may get at it: 0700 for the directory, 0600 for `IDENTITY`.
    case looseMode(path: String, permissions: UInt32)
    /// Another process uses it.
    case locked(path: String)
    /// Something is in it, and no identity: it is not ours, or its identity was lost.
    case noIdentity(path: String)
    /// Neither copy of the identity is whole.
    case identityDamaged(path: String)
    /// The directory was written by a later release.
    case unknownVersion(path: String, version: UInt32)
    /// It belongs to another cluster.
    case wrongCluster(found: [UInt8], expected: [UInt8])
    /// It belongs to another node of the cluster.
    case wrongNode(found: NodeID, expected: NodeID)
    /// An operator began to recover the cluster from this node, and that has not come to its end.
    case recoveryUnfinished(path: String)
}

/// A node's data directory, held for this process alone (consensus recovery R0).
///
/// A node is its promises, and its promises lie here: so a directory is used by one process at a
/// time, only under the name that it was made for, and one that was lost comes back under another
/// incarnation. Owned by the thread that opened it.
public final class DataDirectory {
    static let lockName = "LOCK"
    static let identityName = "IDENTITY"
    static let identityDraftName = "IDENTITY.tmp"
    static let recoveryName = "RECOVERY"
    // Made by mkfs at the root of a file system, which a data directory may be.
    static let ignoredName = "lost+found"

    /// Without a slash at the end.
    public let path: String
    /// Whose it is.
    public let identity: WALIdentity
    /// Whether the log was made. False only until `markInitialised`: then an absent log means
    /// that votes and entries were lost (`WALOptions.mayCreate`).
    public private(set) var isInitialised: Bool

    let fileSystem: any FileSystem
    private let lock: FileHandle

    /// Opens a data directory, or makes one where there is nothing or an empty directory.
    ///
    /// - Parameter newIncarnation: drawn at random; used when the directory is made.
    /// - Throws: `DataDirectoryError`, with nothing changed but a damaged copy repaired.
    public static func open(
        _ path: String, fileSystem: any FileSystem, clusterID: [UInt8], node: NodeID,
        newIncarnation: Incarnation
    ) throws(DataDirectoryError) -> DataDirectory {
        let expected = WALIdentity(
            clusterID: clusterID, node: node, incarnation: newIncarnation)
        return try locked(path, fileSystem) {
            try make(path, fileSystem)
        } contents: {
            try synchronizeNames(path, fileSystem)
            return try readOrMake(path, fileSystem, expected: expected)
        }
    }

    /// The directory at `path`, locked: behind a look at what may be locked, and around the reading
    /// of whose it is. Its lock does not outlive a failure.
    static func locked(
        _ path: String, _ fileSystem: any FileSystem, before look: () throws -> Void,
        contents: () throws -> IdentityFile
    ) throws(DataDirectoryError) -> DataDirectory {
        do {
            try look()
            let lock = try takeLock(path, fileSystem)
            do {
                return DataDirectory(
                    path: path, fileSystem: fileSystem, lock: lock, try contents())
            } catch {
                try fileSystem.close(lock)
                throw error
            }
        } catch let error as FileSystemError {
            throw .fileSystem(error)
        } catch let error as DataDirectoryError {
            throw error
        } catch {
            preconditionFailure("an error of an unknown kind: \(error)")
        }
    }

    init(
        path: String, fileSystem: any FileSystem, lock: FileHandle, _ contents: IdentityFile
    ) {
        self.path = path
        self.fileSystem = fileSystem
        self.lock = lock
        identity = contents.identity
        isInitialised = contents.isInitialised
    }

    /// Remembers for ever that the log was made. To be called once it was opened.
    public func markInitialised() throws(DataDirectoryError) {
        guard !isInitialised else { return }
        do {
            try Self.write(
                IdentityFile(identity: identity, isInitialised: true), path, fileSystem)
        } catch {
            throw .fileSystem(error)
        }
        isInitialised = true
    }

    /// Lets other processes use the directory. Nothing in it may be touched afterwards.
    public func close() throws(DataDirectoryError) {
        do {
            try fileSystem.close(lock)
        } catch {
            throw .fileSystem(error)
        }
    }

    private static func make(_ path: String, _ fileSystem: any FileSystem) throws {
        guard let status = try fileSystem.status(path) else {
            return try fileSystem.makeDirectory(path)
        }
        guard status.kind == .directory else { throw DataDirectoryError.notADirectory(path: path) }
        try checkMode(path, status)
    }

    // What a killed process made or moved here it may not have made durable. Once there is an
    // identity, the directory itself is: it has been through this before.
    private static func synchronizeNames(_ path: String, _ fileSystem: any FileSystem) throws {
        if try fileSystem.status("\(path)/\(identityName)") == nil {
            try fileSystem.synchronizeDirectory(parent(of: path))
        }
        try fileSystem.synchronizeDirectory(path)
    }

    static func checkMode(_ path: String, _ status: FileStatus) throws {
        guard status.permissions & 0o077 == 0 else {
            throw DataDirectoryError.looseMode(path: path, permissions: status.permissions)
        }
    }

    private static func takeLock(
        _ path: String, _ fileSystem: any FileSystem
    ) throws -> FileHandle {
        let lockPath = "\(path)/\(lockName)"
        let exists = try fileSystem.status(lockPath) != nil
        let file = try fileSystem.open(lockPath, exists ? .readWrite : .create)
        guard try fileSystem.lock(file) else {
            try fileSystem.close(file)
            throw DataDirectoryError.locked(path: path)
        }
        return file
    }

    private static func readOrMake(
        _ path: String, _ fileSystem: any FileSystem, expected: WALIdentity
    ) throws -> IdentityFile {
        let names = try fileSystem.list(path)
        guard !names.contains(recoveryName) else {
            throw DataDirectoryError.recoveryUnfinished(path: path)
        }
        guard names.contains(identityName) else {
            let harmless = [lockName, identityDraftName, ignoredName]
            guard names.allSatisfy(harmless.contains) else {
                throw DataDirectoryError.noIdentity(path: path)
            }
            let contents = IdentityFile(identity: expected, isInitialised: false)
            try write(contents, path, fileSystem)
            return contents
        }
        let (contents, isWhole) = try read(path, fileSystem)
        let found = contents.identity
        guard found.clusterID == expected.clusterID else {
            throw DataDirectoryError.wrongCluster(
                found: found.clusterID, expected: expected.clusterID)
        }
        guard found.node == expected.node else {
            throw DataDirectoryError.wrongNode(found: found.node, expected: expected.node)
        }
        if !isWhole { try write(contents, path, fileSystem) }
        return contents
    }

    static func read(
        _ path: String, _ fileSystem: any FileSystem
    ) throws -> (contents: IdentityFile, isWhole: Bool) {
        let filePath = "\(path)/\(identityName)"
        if let status = try fileSystem.status(filePath) { try checkMode(filePath, status) }
        let file = try fileSystem.open(filePath, .readOnly)
        let bytes = try fileSystem.read(file, at: 0, count: IdentityFile.fileBytes + 1)
        try fileSystem.close(file)
        do {
            return try IdentityFile.read(bytes)
        } catch IdentityFile.Failure.unknownVersion(let version) {
            throw DataDirectoryError.unknownVersion(path: path, version: version)
        } catch IdentityFile.Failure.damaged {
            throw DataDirectoryError.identityDamaged(path: path)
        }
    }

    // Whole or not at all: a draft gets the name once it is durable.
    private static func write(
        _ contents: IdentityFile, _ path: String, _ fileSystem: any FileSystem
    ) throws(FileSystemError) {
        let draft = "\(path)/\(identityDraftName)"
        if try fileSystem.status(draft) != nil { try fileSystem.remove(draft) }
        let file = try fileSystem.open(draft, .create)
        try fileSystem.write(file, contents.encoded(), at: 0)
        try fileSystem.synchronizeData(file)
        try fileSystem.close(file)
        try fileSystem.rename(draft, to: "\(path)/\(identityName)")
        try fileSystem.synchronizeDirectory(path)
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
