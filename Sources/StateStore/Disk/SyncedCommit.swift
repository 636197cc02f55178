internal import ByteCodec
internal import LMDB
internal import RaftCore

/// Which commit of a state's file is durable: all of its pages are, and none is written over before
/// another one has taken its place here.
///
/// A file of two slots, which are written in turn, so that a torn write leaves the one before.
/// Layout: `docs/formats/state.md`, "SYNCED".
struct SyncedCommit: Equatable, Sendable {
    /// Counts up with each one that is written to the same file.
    var sequence: UInt64
    /// The page that names the commit's roots.
    var metaPage: [UInt8]

    static let fileName = "SYNCED"
    static let slotBytes = 8_192
    private static let version: UInt8 = 1
    static let pageBytes = 4_096

    /// The bytes of a slot.
    func encoded() -> [UInt8] {
        precondition(metaPage.count == Self.pageBytes, "a page of \(metaPage.count) bytes")
        var writer = ByteWriter(capacity: Self.slotBytes)
        writer.write(Self.version)
        writer.write(sequence)
        writer.write(raw: metaPage)
        writer.write(CRC32C.checksum(of: writer.bytes))
        return writer.bytes + [UInt8](repeating: 0, count: Self.slotBytes - writer.bytes.count)
    }

    /// What a slot holds; nil when it was torn, rotted, or never written.
    init?(slot bytes: [UInt8]) {
        let length = 1 + 8 + Self.pageBytes
        guard bytes.count == Self.slotBytes else { return nil }
        do {
            var reader = ByteReader(bytes)
            let isKnown = try reader.read(UInt8.self) == Self.version
            sequence = try reader.read(UInt64.self)
            metaPage = try reader.read(count: Self.pageBytes)
            let checksum = try reader.read(UInt32.self)
            guard isKnown, checksum == CRC32C.checksum(of: Array(bytes[..<length])) else {
                return nil
            }
        } catch {
            return nil
        }
    }

    init(sequence: UInt64, metaPage: [UInt8]) {
        self.sequence = sequence
        self.metaPage = metaPage
    }

    /// The one that counts in the directory of a state.
    ///
    /// - Throws: `damaged` when there is none.
    static func read(state path: String, _ files: StoreFiles) throws -> SyncedCommit {
        let path = path + "/" + fileName
        let bytes = try files.readFile(path, atMost: 2 * slotBytes) ?? []
        let slots = [0, 1].compactMap { slot in
            bytes.count < (slot + 1) * slotBytes
                ? nil : SyncedCommit(slot: Array(bytes[slot * slotBytes..<(slot + 1) * slotBytes]))
        }
        guard let newest = slots.max(by: { $0.sequence < $1.sequence }) else {
            throw StateStoreError(.damaged, "\(path) names no commit")
        }
        return newest
    }

    /// Makes the file in the directory of a state, durable with its name.
    static func make(
        state path: String, metaPage: [UInt8], _ files: StoreFiles
    ) throws {
        let first = SyncedCommit(sequence: 1, metaPage: metaPage)
        // The second slot is written next; the first one counts until then.
        let bytes = first.encoded() + [UInt8](repeating: 0, count: slotBytes)
        try files.writeFile(path + "/" + fileName + ".tmp", bytes)
        try files.rename(path + "/" + fileName + ".tmp", to: path + "/" + fileName)
        try files.synchronizeDirectory(path)
    }

    /// Puts this one in the place of the one before the last, durably.
    func write(to file: borrowing OpenFile, _ files: StoreFiles) throws {
        // The first one of all has the number 1 and the first slot.
        let slot = (sequence - 1) % 2
        try file.write(encoded(), at: slot * UInt64(Self.slotBytes), files)
        try file.synchronizeData(files)
    }
}
