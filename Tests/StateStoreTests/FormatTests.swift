import AuthCore
import ByteCodec
import RaftCore
import Testing

@testable import StateStore

/// The frozen examples of `docs/formats/state.md`.
@Suite("Formats of the state")
struct FormatTests {
    private func bytes(_ hex: String) throws -> [UInt8] {
        let digits = hex.filter { !$0.isWhitespace }
        return try stride(from: 0, to: digits.count, by: 2).map { at in
            let start = digits.index(digits.startIndex, offsetBy: at)
            return try #require(
                UInt8(digits[start..<digits.index(start, offsetBy: 2)], radix: 16))
        }
    }

    private let manifest = SnapshotManifest(
        kind: .disk, last: EntryID(index: LogIndex(1000), term: Term(7)),
        configuration: ConfState(
            voters: [NodeID(1), NodeID(2), NodeID(3)], learners: [NodeID(4)]),
        stateHash: StateHash(low: 0x0102_0304_0506_0708, high: 0x1112_1314_1516_1718),
        sizeBytes: 4_194_304, checksum: 0xDEAD_BEEF)

    private let frozen = """
        0101e80300000000000007000000000000000000400000000000efbeadde0807
        0605040302011817161514131211010301000000000000000200000000000000
        0300000000000000000104000000000000000043f65393
        """

    @Test("the frozen manifest is read and written")
    func frozenManifest() throws {
        let frozen = try bytes(frozen)
        #expect(manifest.encoded() == frozen)
        let read = try SnapshotManifest(decoding: frozen)
        #expect(read == manifest)
        #expect(read.configuration == manifest.configuration)
        #expect(read.metadata.last == manifest.last)
        #expect(frozen.count <= SnapshotManifest.encodedBytesMax)
    }

    @Test("a manifest with any byte changed, or cut anywhere, is refused")
    func damagedManifest() throws {
        let whole = manifest.encoded()
        for index in whole.indices {
            for bit in 0..<8 {
                var damaged = whole
                damaged[index] ^= 1 << UInt8(bit)
                #expect(throws: ByteCodecError.self) { try SnapshotManifest(decoding: damaged) }
            }
            #expect(throws: ByteCodecError.self) {
                try SnapshotManifest(decoding: Array(whole[..<index]))
            }
        }
        #expect(throws: ByteCodecError.self) { try SnapshotManifest(decoding: whole + [0]) }
    }

    @Test("the frozen CURRENT is read and written, and nothing like it")
    func frozenPointer() {
        for (text, layout) in [
            ("1 state.00000000000000af f0cbad45\n", StoreDirectory.Layout.eachCommit),
            ("2 state.00000000000000af 3bf79c26\n", .synced),
        ] {
            let frozen = Array(text.utf8)
            let pointer = StoreDirectory.Pointer(number: 0xAF, layout: layout)
            #expect(StoreDirectory.encode(pointer) == frozen)
            #expect(StoreDirectory.decode(frozen) == pointer)
            for index in frozen.indices {
                var damaged = frozen
                damaged[index] ^= 0x20
                #expect(StoreDirectory.decode(damaged) == nil)
                #expect(StoreDirectory.decode(Array(frozen[..<index])) == nil)
            }
            #expect(StoreDirectory.decode(frozen + [10]) == nil)
        }
    }

    @Test("the frozen slot of a SYNCED is read and written, and nothing like it")
    func frozenSynced() {
        let commit = SyncedCommit(sequence: 7, metaPage: .init(repeating: 0x5A, count: 4096))
        let frozen: [UInt8] =
            [1, 7, 0, 0, 0, 0, 0, 0, 0] + .init(repeating: 0x5A, count: 4096)
            + [0x11, 0x04, 0x6F, 0x92] + .init(repeating: 0, count: 4083)
        #expect(commit.encoded() == frozen)
        #expect(SyncedCommit(slot: frozen) == commit)
        for index in [0, 1, 8, 9, 2_000, 4_104, 4_105, 4_108] {
            var damaged = frozen
            damaged[index] ^= 0x20
            #expect(SyncedCommit(slot: damaged) == nil)
        }
        #expect(SyncedCommit(slot: Array(frozen.dropLast())) == nil)
    }

    private func open(_ table: Table, _ key: [UInt8], _ stored: [UInt8]) throws -> [UInt8] {
        try DiskTables.open(table, key, unsafe stored.span.bytes)
    }

    @Test("the frozen value is sealed and opened, and at no other key or table")
    func frozenValue() throws {
        let value = Array("value".utf8)
        let frozen = try bytes("76616c7565bac928ba")
        #expect(DiskTables.seal(.users, [1, 2], value) == frozen)
        #expect(try open(.users, [1, 2], frozen) == value)
        let elsewhere: [(Table, [UInt8])] = [
            (.users, [1, 3]), (.roles, [1, 2]), (.users, [1]),
        ]
        for (table, key) in elsewhere {
            #expect(
                try code { _ = try open(table, key, frozen) } == .damaged)
        }
        #expect(
            try code { _ = try open(.users, [1, 2], [1]) }
                == .damaged)
    }

    @Test("tree names are of the format: by number, never reused")
    func treeNames() {
        #expect(DiskTables.names.first == "t00")
        #expect(Set(DiskTables.names).count == Table.allCases.count)
        #expect(DiskTables.names[Int(10)] == "t0a")
    }

    @Test("a model's snapshot is read as it was written, and nothing else")
    func model() throws {
        var image = MemoryImage()
        for index in UInt8(1)...200 { image[.sessions].put([index, 7], [index]) }
        image[.users].put([1], [])
        let whole = ModelSnapshot.encode(image)
        let read = try ModelSnapshot.decode(whole)
        #expect(ModelSnapshot.encode(read) == whole)
        for cut in stride(from: 0, to: whole.count, by: 37) {
            #expect(throws: (any Error).self) {
                try ModelSnapshot.decode(Array(whole[..<cut]))
            }
        }
    }
}
