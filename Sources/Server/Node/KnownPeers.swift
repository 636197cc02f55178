internal import ByteCodec
internal import PeerTransport
internal import RaftCore
internal import WriteAheadLog

/// Where the members were last, in the file `PEERS` of the data directory: a node that has lost its
/// state finds them there, also those that its configuration does not name.
///
/// No promise hangs on it: who is dialled in vain, or not at all, is only not asked. Format:
/// `docs/formats/peers.md`.
struct KnownPeers: Equatable, Sendable {
    var addresses: [NodeID: PeerAddress] = [:]

    private static let name = "PEERS"
    private static let heading = "watchword-peers 1"
    private static let bytesMax = 1 << 16

    init(_ addresses: [NodeID: PeerAddress] = [:]) { self.addresses = addresses }

    /// Reads what `write` left; nobody, when it left nothing that can be read.
    init(directory: String, fileSystem: any FileSystem) throws(FileSystemError) {
        let path = "\(directory)/\(Self.name)"
        guard try fileSystem.status(path)?.kind == .file else { return }
        let file = try fileSystem.open(path, .readOnly)
        let bytes: [UInt8]
        do { bytes = try fileSystem.read(file, at: 0, count: Self.bytesMax) } catch {
            try fileSystem.close(file)
            // A block that the disk does not give back is one that cannot be read like any other.
            if error.isUnreadable { return }
            throw error
        }
        try fileSystem.close(file)
        addresses = Self(decoding: bytes)?.addresses ?? [:]
    }

    /// Notes them durably: whole or not at all.
    func write(directory: String, fileSystem: any FileSystem) throws(FileSystemError) {
        let path = "\(directory)/\(Self.name)"
        let draft = "\(path).tmp"
        if try fileSystem.status(draft) != nil { try fileSystem.remove(draft) }
        let file = try fileSystem.open(draft, .create)
        try fileSystem.write(file, encoded(), at: 0)
        try fileSystem.synchronizeData(file)
        try fileSystem.close(file)
        try fileSystem.rename(draft, to: path)
        try fileSystem.synchronizeDirectory(directory)
    }

    func encoded() -> [UInt8] {
        let lines = addresses.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        let text = ([Self.heading] + lines).joined(separator: "\n") + "\n"
        let sum = String(CRC32C.checksum(of: Array(text.utf8)), radix: 16)
        return Array("\(text)\(String(repeating: "0", count: 8 - sum.utf8.count))\(sum)\n".utf8)
    }

    /// Nil for anything but what `encoded` makes.
    init?(decoding bytes: [UInt8]) {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        let lines = text.split(separator: "\n")
        guard lines.count >= 2 else { return nil }
        for line in lines.dropFirst().dropLast() {
            let words = line.split(separator: " ")
            guard words.count == 2, let node = NodeID(name: String(words[0])),
                let address = PeerAddress(parsing: String(words[1]))
            else { return nil }
            addresses[node] = address
        }
        guard encoded() == bytes else { return nil }
    }
}
