import AuthCore
import Foundation
import PeerTransport
import RaftCore
import StateStore
import Testing
import WriteAheadLog

@testable import Server

/// A node whose state had to be given up starts all the same, and finds its peers (decision 7).
@Suite("A node without its state") struct LostStateTests {
    private let three = ConfState(voters: [NodeID(1), NodeID(2), NodeID(3)])

    /// Calls `body` with a directory that is gone afterwards.
    private func inDirectory(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("lost-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer {
            do { try FileManager.default.removeItem(at: folder) } catch {
                Issue.record("\(error)")
            }
        }
        try body(folder.path)
    }

    private func store(_ path: String) throws -> LMDBStateStore {
        var options = LMDBStateStoreOptions()
        options.mapSizeBytes = 64 << 20
        return try LMDBStateStore(
            directory: path, machine: StateMachine(sha256: { _ in .init(repeating: 0, count: 32) }),
            configuration: three, options: options)
    }

    @Test("knows nobody until another state has come, and fails at nothing because of it")
    func roster() throws {
        try inDirectory { path in
            do {
                let store = try store(path)
                #expect(try Roster(store).configuration == three)
                #expect(try !Roster(store).isUnknown)
                try store.giveUp()
            }
            let store = try store(path)
            #expect(store.lost != nil)
            let roster = try Roster(store)
            #expect(roster.isUnknown && roster.configuration.isEmpty && roster.rows.isEmpty)
            #expect(roster.standing(of: NodeID(2)) == .joining)
            #expect(roster.end(of: NodeID(2), order: LogIndex(1)) == nil, "nothing is known to end")
        }
    }

    @Test("dials whom its file names, and where it last knew the others to be")
    func peers() throws {
        let own = NodeConfiguration.Member(
            id: NodeID(1), peer: PeerAddress(host: "file", port: 1), url: "http://file")
        let gone = NodeConfiguration.Member(
            id: NodeID(2), peer: PeerAddress(host: "file", port: 2), url: "http://file")
        let noted = KnownPeers([
            NodeID(1): PeerAddress(host: "noted", port: 1),
            NodeID(5): PeerAddress(host: "noted", port: 5),
        ])
        let lost = Roster.unknown.peers(
            inForce: ConfState(voters: []), configured: [own, gone], noted: noted)
        #expect(
            lost.mapValues(\.description) == [
                NodeID(1): "noted:1", NodeID(2): "file:2", NodeID(5): "noted:5",
            ])
        let known = Roster(configuration: three, rows: [:], plans: [:], nextNumber: 4)
        let peers = known.peers(inForce: three, configured: [own, gone], noted: noted)
        #expect(peers.keys.sorted() == [NodeID(1), NodeID(2)], "a state knows better")
    }

    @Test("finds again what was noted of its peers, and nothing in a file that is not whole")
    func notes() throws {
        let files = PosixFileSystem()
        let peers = KnownPeers([
            NodeID(1): PeerAddress(host: "10.0.0.1", port: 8201),
            NodeID(12): PeerAddress(host: "::1", port: 8212),
        ])
        try inDirectory { path in
            #expect(try KnownPeers(directory: path, fileSystem: files) == KnownPeers())
            try KnownPeers().write(directory: path, fileSystem: files)
            try peers.write(directory: path, fileSystem: files)
            #expect(try KnownPeers(directory: path, fileSystem: files) == peers)
            #expect(try files.list(path) == ["PEERS"])
        }
        let bytes = peers.encoded()
        for place in bytes.indices {
            var damaged = bytes
            damaged[place] ^= 1
            #expect(KnownPeers(decoding: damaged) == nil, "byte \(place)")
            #expect(KnownPeers(decoding: Array(bytes[..<place])) == nil, "\(place) bytes")
        }
    }

    @Test("starts without what was noted when the disk does not give it back, and only then")
    func unreadable() throws {
        try inDirectory { path in
            let files = PosixFileSystem()
            try KnownPeers([NodeID(1): PeerAddress(host: "noted", port: 1)])
                .write(directory: path, fileSystem: files)
            let rotten = UnreadableFiles(errno: EIO)
            #expect(try KnownPeers(directory: path, fileSystem: rotten) == KnownPeers())
            #expect(throws: FileSystemError.self) {
                try KnownPeers(directory: path, fileSystem: UnreadableFiles(errno: ENOMEM))
            }
        }
    }

    @Test("reads the frozen example of docs/formats/peers.md")
    func example() {
        let text = "watchword-peers 1\nn1 10.0.0.1:8201\nn12 [::1]:8212\ne623c434\n"
        let peers = KnownPeers(decoding: Array(text.utf8))
        #expect(peers?.addresses[NodeID(1)]?.description == "10.0.0.1:8201")
        #expect(peers?.addresses[NodeID(12)]?.host == "::1")
        #expect(peers?.encoded() == Array(text.utf8))
    }
}
