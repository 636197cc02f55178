internal import AuthCore
internal import ByteCodec
internal import LMDB
internal import Synchronization

/// A copy of the environment in a directory of its own.
final class DiskSnapshotSource: SnapshotSource {
    let manifest: SnapshotManifest
    private let file: OpenFile
    private let path: String
    private let files: StoreFiles
    private let isClosed = Atomic<Bool>(false)
    // Whether the copy could not be removed: the next opening of the store removes it.
    private let isLeftBehind = Atomic<Bool>(false)

    static let copiedBytesAtATime = 1 << 20

    /// Copies the last commit of `generation`, durably.
    init(
        copying generation: Generation, number: UInt64, directory: StoreDirectory
    ) throws {
        files = directory.files
        path = directory.snapshots + "/" + String(number, radix: 16)
        do {
            if try files.list(directory.snapshots) == nil {
                try files.makeDirectory(directory.snapshots)
                try files.synchronizeDirectory(directory.root)
            }
            try files.makeDirectory(path)
            let path = path
            try files.perform("copy environment", path) {
                try generation.environment.copy(toDirectory: path)
            }
            file = try files.openForReading(path + "/data.mdb")
            manifest = try Self.describe(path, file)
        } catch {
            throw Self.discard(path, directory.files, because: error)
        }
    }

    /// What the copy in `path` is, read from it and not from the store, which has gone on.
    static func describe(
        _ path: String, _ file: borrowing OpenFile
    ) throws -> SnapshotManifest {
        // Whole, so that damage does not spread: a state is checked whenever it leaves the node.
        let meta = try StateCheck.ofUnwritten(file: path + "/data.mdb").meta
        let size = try file.sizeBytes()
        return SnapshotManifest(
            kind: .disk, last: meta.applied, configuration: meta.configuration,
            stateHash: meta.digest, sizeBytes: size, checksum: try checksum(file, size))
    }

    /// CRC-32C of the first `size` bytes.
    static func checksum(_ file: borrowing OpenFile, _ size: UInt64) throws -> UInt32 {
        var crc = CRC32C()
        var offset: UInt64 = 0
        while offset < size {
            let count = Int(min(UInt64(copiedBytesAtATime), size - offset))
            let bytes = try file.read(at: offset, count: count)
            guard bytes.count == count else {
                throw StateStoreError(.failed, "a snapshot's file became shorter")
            }
            crc.update(bytes)
            offset += UInt64(count)
        }
        return crc.value
    }

    deinit { close() }

    func read(offset: UInt64, count: Int) throws -> [UInt8] {
        precondition(
            offset <= manifest.sizeBytes && count >= 0, "\(count) bytes at \(offset)")
        guard !isClosed.load(ordering: .acquiring) else {
            throw StateStoreError(.failed, "a snapshot that was closed")
        }
        let wanted = min(UInt64(count), manifest.sizeBytes - offset)
        return try file.read(at: offset, count: Int(wanted))
    }

    func close() {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        do {
            try files.removeDirectory(path)
        } catch {
            isLeftBehind.store(true, ordering: .releasing)
        }
    }

    /// Removes what was copied so far, and answers the error to be thrown.
    private static func discard(
        _ path: String, _ files: StoreFiles, because first: any Error
    ) -> any Error {
        do {
            try files.removeDirectory(path)
            return first
        } catch {
            return StateStoreError(.failed, "\(first); and then \(error)")
        }
    }
}
