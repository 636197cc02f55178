internal import AuthCore
internal import ByteCodec
internal import Synchronization

/// The rows of an image, table by table.
///
/// Layout: `docs/formats/state.md`, "The model's snapshot".
enum ModelSnapshot {
    static func encode(_ image: MemoryImage) -> [UInt8] {
        var size = 1
        for table in Table.allCases {
            size += 16
            image[table].visit { size += $0.count + $1.count + 8 }
        }
        var writer = ByteWriter(capacity: size)
        writer.write(UInt8(1))
        for table in Table.allCases {
            writer.write(table.rawValue)
            writer.write(UInt64(image[table].count))
            image[table].visit { key, value in
                writer.write(lengthPrefixed: key)
                writer.write(lengthPrefixed: value)
            }
        }
        return writer.bytes
    }

    static func decode(_ bytes: [UInt8]) throws -> MemoryImage {
        var reader = ByteReader(bytes)
        let version: UInt8 = try reader.read()
        guard version == 1 else {
            throw ByteCodecError.malformed(offset: 0, what: "model snapshot of \(version)")
        }
        var image = MemoryImage()
        for table in Table.allCases {
            let raw: UInt8 = try reader.read()
            guard raw == table.rawValue else {
                throw ByteCodecError.malformed(offset: reader.offset - 1, what: "table \(raw)")
            }
            let count: UInt64 = try reader.read()
            for _ in 0..<count {
                let key = try reader.readLengthPrefixed(atMost: 511)
                image[table].put(key, try reader.readLengthPrefixed(atMost: reader.remaining))
            }
        }
        try reader.finish()
        return image
    }
}

/// An encoded image.
final class MemorySnapshotSource: SnapshotSource {
    let manifest: SnapshotManifest
    private let bytes: [UInt8]
    private let isClosed = Atomic<Bool>(false)

    init(image: MemoryImage, meta: StateMeta) {
        bytes = ModelSnapshot.encode(image)
        manifest = SnapshotManifest(
            kind: .model, last: meta.applied, configuration: meta.configuration,
            stateHash: meta.digest, sizeBytes: UInt64(bytes.count),
            checksum: CRC32C.checksum(of: bytes))
    }

    func read(offset: UInt64, count: Int) throws -> [UInt8] {
        precondition(offset <= bytes.count && count >= 0, "\(count) bytes at \(offset)")
        guard !isClosed.load(ordering: .acquiring) else {
            throw StateStoreError(.failed, "a snapshot that was closed")
        }
        return Array(bytes[Int(offset)...].prefix(count))
    }

    func close() { isClosed.store(true, ordering: .releasing) }
}

/// Received bytes, and the image once they are verified.
final class MemorySnapshotSink: SnapshotSink {
    let manifest: SnapshotManifest
    private let state = Mutex(State())

    private struct State {
        var bytes: [UInt8] = []
        var isGivenUp = false
        var isVerified = false
    }

    init(_ manifest: SnapshotManifest) { self.manifest = manifest }

    var receivedBytes: UInt64 { state.withLock { UInt64($0.bytes.count) } }
    var isVerified: Bool { state.withLock { $0.isVerified } }

    /// The image, from the bytes as they are now.
    ///
    /// - Throws: `notReceived`, `mismatch`.
    func takeVerified() throws -> MemoryImage {
        try state.withLock { state in
            guard state.isVerified, !state.isGivenUp else {
                throw StateStoreError(.notReceived, "snapshot up to \(manifest.last)")
            }
            do { return try verify(state.bytes) } catch {
                throw StateStoreError(.mismatch, "\(error)")
            }
        }
    }

    /// Flips a bit of what was received.
    func hurt(at place: UInt64) -> Bool {
        state.withLock { state in
            guard !state.bytes.isEmpty else { return false }
            state.bytes[Int(place % UInt64(state.bytes.count))] ^= 1 << UInt8(place % 7)
            return true
        }
    }

    func giveUp() {
        state.withLock { state in
            state = State()
            state.isGivenUp = true
        }
    }

    func write(offset: UInt64, _ bytes: [UInt8]) throws {
        try state.withLock { state in
            guard !state.isGivenUp else { throw StateStoreError(.notReceived, "given up") }
            guard offset == state.bytes.count,
                UInt64(bytes.count) <= manifest.sizeBytes - offset
            else {
                throw StateStoreError(
                    .misplaced, "\(bytes.count) bytes at \(offset), behind \(state.bytes.count)")
            }
            state.bytes += bytes
        }
    }

    func finish() throws {
        try state.withLock { state in
            guard !state.isGivenUp, state.bytes.count == manifest.sizeBytes else {
                throw StateStoreError(
                    .notReceived, "\(state.bytes.count) of \(manifest.sizeBytes) bytes")
            }
            if state.isVerified { return }
            do {
                _ = try verify(state.bytes)
                state.isVerified = true
            } catch {
                state.bytes = []
                throw StateStoreError(.mismatch, "\(error)")
            }
        }
    }

    private func verify(_ bytes: [UInt8]) throws -> MemoryImage {
        guard CRC32C.checksum(of: bytes) == manifest.checksum || Planted.snapshotUnchecked.isOn
        else { throw StateStoreError(.mismatch, "checksum") }
        let image = try ModelSnapshot.decode(bytes)
        if Planted.snapshotUnchecked.isOn { return image }
        let meta = try StateMeta.read(MemoryRows(image: image))
        try manifest.verify(meta)
        _ = try image.check(meta)
        return image
    }
}

extension SnapshotManifest {
    /// Checks that a received state says of itself what was announced.
    func verify(_ meta: StateMeta) throws {
        guard meta.applied == last, meta.configuration == configuration,
            meta.digest == stateHash
        else { throw StateStoreError(.mismatch, "state at \(meta.applied), announced \(last)") }
    }
}
