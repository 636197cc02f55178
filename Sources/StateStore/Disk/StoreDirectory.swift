internal import ByteCodec
internal import RaftCore

/// The names in a node's data directory that are the store's.
///
/// `CURRENT` names the one directory `state.<number>` that counts. Everything else is a leftover
/// of a crash, and is removed when the store is opened.
///
/// Layout: `docs/formats/state.md`, "Files".
struct StoreDirectory: Sendable {
    let root: String
    let files: StoreFiles

    var incoming: String { root + "/incoming" }
    var snapshots: String { root + "/snap" }
    private var current: String { root + "/CURRENT" }
    private var next: String { root + "/CURRENT.tmp" }

    /// The directory of one state, numbered from 1 on.
    func state(_ number: UInt64) -> String { root + "/" + Self.name(number) }

    static func name(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return "state." + String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    /// What `CURRENT` says.
    struct Pointer: Equatable {
        let number: UInt64
        /// What is durable of the state.
        var layout = Layout.synced
    }

    /// The layouts of a data directory, by what is durable of a state.
    enum Layout: String, CaseIterable {
        /// Of the releases that synced each commit: the newest one.
        case eachCommit = "1"
        /// The one that `SYNCED` names.
        case synced = "2"
    }

    /// What `CURRENT` holds for a state: the layout, the name, CRC-32C of both.
    static func encode(_ pointer: Pointer) -> [UInt8] {
        let text = pointer.layout.rawValue + " " + name(pointer.number)
        let sum = String(CRC32C.checksum(of: Array(text.utf8)), radix: 16)
        let padding = String(repeating: "0", count: 8 - sum.utf8.count)
        return Array("\(text) \(padding)\(sum)\n".utf8)
    }

    /// What a `CURRENT` says; nil when it is none that `encode` makes.
    static func decode(_ bytes: [UInt8]) -> Pointer? {
        guard let text = String(validating: bytes, as: UTF8.self),
            let layout = Layout(rawValue: String(text.prefix(1))),
            text.dropFirst().hasPrefix(" state.")
        else { return nil }
        let digits = text.utf8.dropFirst(8).prefix(16)
        guard let number = UInt64(String(decoding: digits, as: UTF8.self), radix: 16) else {
            return nil
        }
        let pointer = Pointer(number: number, layout: layout)
        return encode(pointer) == bytes ? pointer : nil
    }

    /// The state that counts; nil in a directory where none ever did.
    ///
    /// - Throws: `damaged` when `CURRENT` cannot be read, or names a state that is not there.
    func readCurrent() throws -> Pointer? {
        guard let bytes = try files.readFile(current, atMost: 64) else { return nil }
        guard let pointer = Self.decode(bytes) else {
            throw StateStoreError(.damaged, "\(current) names no state")
        }
        let state = state(pointer.number)
        guard let names = try files.list(state), names.contains("data.mdb") else {
            throw StateStoreError(.damaged, "\(state) is not there")
        }
        return pointer
    }

    /// The commit of a state that is durable; nil: the newest.
    ///
    /// - Throws: `damaged` when nothing says which it is.
    func readSynced(_ pointer: Pointer) throws -> SyncedCommit? {
        switch pointer.layout {
        case .eachCommit: nil
        case .synced: try SyncedCommit.read(state: state(pointer.number), files)
        }
    }

    /// Notes which snapshot a state began as, durably.
    func writeOrigin(of number: UInt64, _ manifest: SnapshotManifest) throws {
        try files.writeFile(state(number) + "/ORIGIN", manifest.encoded())
        try files.synchronizeDirectory(state(number))
    }

    /// The last entry of the snapshot that a state began as; zero when it began empty.
    func readOrigin(of number: UInt64) throws -> EntryID {
        let path = state(number) + "/ORIGIN"
        guard
            let bytes = try files.readFile(path, atMost: SnapshotManifest.encodedBytesMax)
        else { return .zero }
        do { return try SnapshotManifest(decoding: bytes).last } catch {
            throw StateStoreError(.damaged, "\(path): \(error)")
        }
    }

    /// The highest number of a state that is there, whether it counts or not.
    func newestNumber() throws -> UInt64? {
        (try files.list(root) ?? []).compactMap { name in
            name.hasPrefix("state.") ? UInt64(name.dropFirst(6), radix: 16) : nil
        }.max()
    }

    /// Notes durably that a state must not be used again, and what it had applied.
    func noteLoss(of number: UInt64, _ lost: LostState) throws {
        guard try files.list(state(number)) != nil else { return }
        try files.writeFile(state(number) + "/" + LostState.fileName, lost.encoded())
        try files.synchronizeDirectory(state(number))
    }

    /// Takes a state its file away, durably, so that it is none any more.
    func setAside(_ number: UInt64) throws {
        let path = state(number)
        try files.rename(path + "/data.mdb", to: path + "/data.damaged")
        try files.synchronizeDirectory(path)
    }

    /// What is known of a state that must not be used again; nil: it may be used.
    func readLoss(of number: UInt64) throws -> LostState? {
        let path = state(number) + "/" + LostState.fileName
        do {
            return try files.readFile(path, atMost: 4096).map(LostState.init(decoding:))
        } catch let damage as StateStoreError where damage.code == .damaged {
            // Longer than any that was ever written. That it is there is what counts, as with one
            // that cannot be decoded.
            return LostState()
        }
    }

    /// Makes a state the one that counts, durably. The state itself must be durable before.
    ///
    /// - Returns: nothing that could be undone: after the rename the switch may have happened,
    ///   whatever is thrown.
    func switchCurrent(to number: UInt64, willSwitch: () -> Void) throws {
        precondition(number > 0, "state 0")
        try files.writeFile(next, Self.encode(Pointer(number: number)))
        willSwitch()
        try files.rename(next, to: current)
        try files.synchronizeDirectory(root)
    }

    /// Removes whatever a crash left of states that do not count, of snapshots and of switches.
    func removeLeftovers(except number: UInt64?) throws {
        guard let names = try files.list(root) else {
            throw StateStoreError(.failed, "\(root) is not there")
        }
        var removed = false
        for name in names {
            if name == "snap" {
                for inner in try files.list(snapshots) ?? [] {
                    try files.removeDirectory(snapshots + "/" + inner)
                }
            } else if name == "incoming"
                || name.hasPrefix("state.") && name != number.map(Self.name)
            {
                try files.removeDirectory(root + "/" + name)
            } else if name == "CURRENT.tmp" {
                try files.removeFile(next)
            } else {
                continue
            }
            removed = true
        }
        if removed { try files.synchronizeDirectory(root) }
    }
}
