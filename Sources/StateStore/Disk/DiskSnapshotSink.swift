internal import ByteCodec
internal import Synchronization

/// The file `incoming/data.mdb` while it is received.
final class DiskSnapshotSink: SnapshotSink {
    let manifest: SnapshotManifest
    private let directory: StoreDirectory
    private let file: OpenFile
    private let state = Mutex(State())

    private struct State {
        var received: UInt64 = 0
        var crc = CRC32C()
        var isVerified = false
        var isGivenUp = false
    }

    /// Begins with an empty file, in place of whatever was received before.
    init(_ manifest: SnapshotManifest, directory: StoreDirectory) throws {
        self.manifest = manifest
        self.directory = directory
        try directory.files.removeDirectory(directory.incoming)
        try directory.files.makeDirectory(directory.incoming)
        file = try directory.files.openForWriting(directory.incoming + "/data.mdb")
    }

    var receivedBytes: UInt64 { state.withLock { $0.received } }
    var isVerified: Bool { state.withLock { $0.isVerified } }
    var isGivenUp: Bool { state.withLock { $0.isGivenUp } }

    /// Takes nothing more. The file stays until another one, or the next opening, removes it.
    func giveUp() {
        state.withLock { state in
            state.isGivenUp = true
            state.isVerified = false
        }
    }

    func write(offset: UInt64, _ bytes: [UInt8]) throws {
        try state.withLock { state in
            guard !state.isGivenUp else { throw StateStoreError(.notReceived, "given up") }
            guard offset == state.received,
                UInt64(bytes.count) <= manifest.sizeBytes - offset
            else {
                throw StateStoreError(
                    .misplaced, "\(bytes.count) bytes at \(offset), behind \(state.received)")
            }
            do {
                try file.write(bytes, at: offset, directory.files)
            } catch {
                // How much of it was written is unknown.
                state.isGivenUp = true
                throw error
            }
            state.crc.update(bytes)
            state.received += UInt64(bytes.count)
        }
    }

    func finish() throws {
        try state.withLock { state in
            guard !state.isGivenUp, state.received == manifest.sizeBytes else {
                throw StateStoreError(
                    .notReceived, "\(state.received) of \(manifest.sizeBytes) bytes")
            }
            if state.isVerified { return }
            do {
                try verify(state.crc.value)
                state.isVerified = true
            } catch {
                state.isGivenUp = true
                throw error
            }
        }
    }

    private func verify(_ checksum: UInt32) throws {
        guard checksum == manifest.checksum else {
            throw StateStoreError(.mismatch, "checksum")
        }
        // Durable first: what is looked at afterwards is what a crash would leave.
        try file.synchronize(directory.files)
        // By our own reader and not the library, which believes what it opens.
        let path = directory.incoming + "/data.mdb"
        do {
            let check = try directory.files.perform("check", path) {
                try StateCheck.ofUnwritten(file: path)
            }
            try manifest.verify(check.meta)
        } catch let damage as StateStoreError where damage.code == .damaged {
            throw StateStoreError(.mismatch, damage.detail)
        }
        try directory.files.synchronizeDirectory(directory.incoming)
    }

    /// Gives the directory its name as a state.
    func move(to path: String) throws {
        precondition(isVerified, "a snapshot that was not verified")
        try directory.files.rename(directory.incoming, to: path)
    }
}
