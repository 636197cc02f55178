import Glibc
import RaftCore
import Testing

@testable import WriteAheadLog

@Suite("The real file system")
struct PosixFileSystemTests {
    // Runs `body` in a directory of its own, and removes it.
    private func inTemporaryDirectory(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/watchword-wal-XXXXXX".utf8CString)
        // The template ends with a zero and is written in place.
        let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
            unsafe mkdtemp(buffer.baseAddress!).map { unsafe String(cString: $0) }
        }
        let path = try #require(made)
        let fileSystem = PosixFileSystem()
        defer { remove(path, fileSystem) }
        try body(path)
    }

    private func remove(_ path: String, _ fileSystem: PosixFileSystem) {
        do {
            for name in try fileSystem.list(path) {
                let inner = "\(path)/\(name)"
                if try fileSystem.status(inner)?.kind == .directory {
                    remove(inner, fileSystem)
                } else {
                    try fileSystem.remove(inner)
                }
            }
        } catch {
            Issue.record("\(error)")
        }
        #expect(unsafe rmdir(path) == 0)
    }

    @Test("reads what it wrote, and makes files and directories for their owner alone")
    func files() throws {
        try inTemporaryDirectory { top in
            let fileSystem = PosixFileSystem()
            let path = "\(top)/d/f"
            try fileSystem.makeDirectory("\(top)/d")
            let file = try fileSystem.open(path, .create)
            try fileSystem.write(file, [1, 2, 3, 4], at: 2)
            try fileSystem.synchronizeData(file)
            try fileSystem.synchronizeDirectory("\(top)/d")
            #expect(try fileSystem.read(file, at: 0, count: 100) == [0, 0, 1, 2, 3, 4])
            #expect(try fileSystem.read(file, at: 4, count: 1) == [3])
            try fileSystem.rename(path, to: "\(top)/d/g")
            try fileSystem.write(file, [9], at: 0)
            try fileSystem.close(file)
            #expect(
                try fileSystem.status("\(top)/d/g")
                    == FileStatus(kind: .file, sizeBytes: 6, permissions: 0o600))
            #expect(try fileSystem.status("\(top)/d")?.permissions == 0o700)
            #expect(try fileSystem.status(path) == nil)
            #expect(try fileSystem.list("\(top)/d") == ["g"])
            try fileSystem.remove("\(top)/d/g")
            #expect(try fileSystem.list("\(top)/d").isEmpty)
        }
    }

    @Test("names the call, the path and the number of what fails")
    func failures() throws {
        try inTemporaryDirectory { top in
            let fileSystem = PosixFileSystem()
            let path = "\(top)/f"
            func failure(_ errno: Int32, _ operation: FileOperation) -> FileSystemError {
                FileSystemError(errno: errno, operation: operation, path: path)
            }
            #expect(throws: failure(ENOENT, .open)) { try fileSystem.open(path, .readWrite) }
            #expect(throws: failure(ENOENT, .remove)) { try fileSystem.remove(path) }
            #expect(throws: failure(ENOENT, .list)) { try fileSystem.list(path) }
            #expect(throws: failure(ENOENT, .rename)) {
                try fileSystem.rename(path, to: path + "2")
            }
            let file = try fileSystem.open(path, .create)
            #expect(throws: failure(EEXIST, .open)) { try fileSystem.open(path, .create) }
            #expect(throws: failure(EEXIST, .makeDirectory)) {
                try fileSystem.makeDirectory(path)
            }
            #expect(throws: failure(ENOTDIR, .synchronizeDirectory)) {
                try fileSystem.synchronizeDirectory(path)
            }
            let reader = try fileSystem.open(path, .readOnly)
            #expect(throws: failure(EBADF, .write)) { try fileSystem.write(reader, [1], at: 0) }
            try fileSystem.close(reader)
            try fileSystem.close(file)
            let full = try fileSystem.open("/dev/full", .readWrite)
            #expect {
                try fileSystem.write(full, [1], at: 0)
            } throws: {
                ($0 as? FileSystemError)?.isOutOfSpace == true
            }
            try fileSystem.close(full)
        }
    }

    @Test("locks a file for one opener at a time")
    func locks() throws {
        try inTemporaryDirectory { top in
            let fileSystem = PosixFileSystem()
            let first = try fileSystem.open("\(top)/f", .create)
            let second = try fileSystem.open("\(top)/f", .readWrite)
            #expect(try fileSystem.lock(first))
            #expect(try !fileSystem.lock(second))
            try fileSystem.close(first)
            #expect(try fileSystem.lock(second))
            try fileSystem.close(second)
        }
    }

    @Test("holds a whole life of a log, with restarts")
    func log() throws {
        try inTemporaryDirectory { top in
            let fileSystem = PosixFileSystem()
            let path = "\(top)/data"
            func directory() throws -> DataDirectory {
                try DataDirectory.open(
                    path, fileSystem: fileSystem, clusterID: identity.clusterID, node: NodeID(1),
                    newIncarnation: Incarnation(5))
            }
            for round in UInt64(0)..<5 {
                let data = try directory()
                #expect(data.isInitialised == (round > 0))
                #expect(throws: DataDirectoryError.locked(path: path)) { try directory() }
                var options = tinyOptions
                options.mayCreate = !data.isInitialised
                let (log, recovered) = try WriteAheadLog.open(
                    directory: path, fileSystem: fileSystem, identity: data.identity,
                    options: options)
                try data.markInitialised()
                #expect(recovered.entries == (0..<(round * 10)).map { entry($0 + 1, 1) })
                for index in (round * 10 + 1)...(round * 10 + 10) {
                    try log.append(request([entry(index, 1)], term: 1))
                    try log.sync()
                    while try log.prepareReserve() != .ready {}
                }
                try log.close()
                try data.close()
            }
            for name in try fileSystem.list("\(path)/wal") {
                #expect(try fileSystem.status("\(path)/wal/\(name)")?.permissions == 0o600)
            }
            #expect(try fileSystem.status("\(path)/wal")?.permissions == 0o700)
        }
    }

    @Test("a data directory that others may enter is refused (security G1)")
    func looseMode() throws {
        try inTemporaryDirectory { top in
            #expect(unsafe chmod(top, 0o750) == 0)
            #expect(throws: DataDirectoryError.looseMode(path: top, permissions: 0o750)) {
                try DataDirectory.open(
                    top, fileSystem: PosixFileSystem(), clusterID: identity.clusterID,
                    node: NodeID(1), newIncarnation: Incarnation(5))
            }
            #expect(unsafe chmod(top, 0o700) == 0)
        }
    }

    @Test("reads past the cache what was synced, or says that it cannot")
    func direct() throws {
        try inTemporaryDirectory { top in
            let fileSystem = PosixFileSystem()
            let path = "\(top)/f"
            let file = try fileSystem.open(path, .create)
            let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            try fileSystem.write(file, bytes, at: 0)
            try fileSystem.synchronizeData(file)
            for (offset, count) in [(0, 4096), (4096, 8192), (0, 1 << 20), (12_288, 4096)] {
                if let found = try fileSystem.readFromDisk(path, at: offset, count: count) {
                    #expect(found == Array(bytes.dropFirst(offset).prefix(count)))
                }
            }
            #expect(throws: FileSystemError.self) {
                try fileSystem.readFromDisk("\(top)/g", at: 0, count: 4096)
            }
            _ = try CachedFile.makeDurable(path, fileSystem: fileSystem)
            #expect(try fileSystem.read(file, at: 0, count: 20_000) == bytes)
            try fileSystem.close(file)
        }
    }
}
