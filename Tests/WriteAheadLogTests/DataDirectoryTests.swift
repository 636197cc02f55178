import RaftCore
import Testing

@testable import WriteAheadLog

@Suite("The data directory (consensus recovery R0)")
struct DataDirectoryTests {
    static let clusterID = [UInt8](0..<16)

    private func open(
        _ disk: FaultyFileSystem, clusterID: [UInt8] = clusterID, node: UInt64 = 1,
        incarnation: UInt64 = 77
    ) throws(DataDirectoryError) -> DataDirectory {
        try DataDirectory.open(
            "top/data", fileSystem: disk, clusterID: clusterID, node: NodeID(node),
            newIncarnation: Incarnation(incarnation))
    }

    private var path: String { "top/data/IDENTITY" }

    @Test("is made with a new incarnation, and keeps it")
    func makeAndReopen() throws {
        let disk = FaultyFileSystem(root: "top")
        let directory = try open(disk)
        #expect(directory.identity.incarnation == Incarnation(77))
        #expect(!directory.isInitialised)
        try directory.markInitialised()
        #expect(directory.isInitialised)
        let again = try open(disk.afterPowerCut(keeping: []), incarnation: 78)
        #expect(again.identity.incarnation == Incarnation(77))
        #expect(again.isInitialised)
    }

    @Test("is held by one process at a time")
    func lock() throws {
        let disk = FaultyFileSystem(root: "top")
        let first = try open(disk)
        #expect(throws: DataDirectoryError.locked(path: "top/data")) { try open(disk) }
        try first.close()
        _ = try open(disk)
    }

    @Test("is refused under the name of another cluster or node")
    func mismatch() throws {
        let disk = FaultyFileSystem(root: "top")
        _ = try open(disk)
        let other = [UInt8](1..<17)
        #expect(
            throws: DataDirectoryError.wrongCluster(found: Self.clusterID, expected: other)
        ) { try open(disk.afterKill(), clusterID: other) }
        #expect(throws: DataDirectoryError.wrongNode(found: NodeID(1), expected: NodeID(2))) {
            try open(disk.afterKill(), node: 2)
        }
    }

    @Test("is refused when something is in it and no identity")
    func foreign() throws {
        let disk = FaultyFileSystem(root: "top")
        _ = try open(disk)
        disk.lose(path)
        _ = try disk.open("top/data/holiday.jpg", .create)
        #expect(throws: DataDirectoryError.noIdentity(path: "top/data")) {
            try open(disk.afterKill())
        }
    }

    @Test("survives damage to any byte of its identity, and is refused when both copies are hit")
    func damage() throws {
        let disk = FaultyFileSystem(root: "top")
        _ = try open(disk)
        let whole = disk[path]!
        for place in stride(from: 0, to: whole.count, by: 37) {
            let hit = disk.afterKill()
            hit[path]![place] ^= 0x10
            #expect(try open(hit).identity.incarnation == Incarnation(77))
            #expect(hit[path] == whole)
        }
        let hit = disk.afterKill()
        hit[path]![20] ^= 1
        hit[path]![4096 + 20] ^= 1
        #expect(throws: DataDirectoryError.identityDamaged(path: "top/data")) { try open(hit) }
        // Two whole copies of different identities: nobody wrote that.
        let other = IdentityFile(
            identity: WALIdentity(
                clusterID: Self.clusterID, node: NodeID(1), incarnation: Incarnation(5)),
            isInitialised: true)
        hit[path] = Array(whole.prefix(4096) + other.encoded().suffix(4096))
        #expect(throws: DataDirectoryError.identityDamaged(path: "top/data")) { try open(hit) }
    }

    @Test("comes back after a stop at any call, with one identity for good")
    func crash() throws {
        var call = 1
        while true {
            let disk = FaultyFileSystem(root: "top")
            disk.fault = .stop(at: call)
            var acknowledged: Incarnation?
            do {
                let directory = try open(disk)
                acknowledged = directory.identity.incarnation
                try directory.markInitialised()
            } catch {}
            let finished = !disk.hasStopped
            for kept in subsets(of: disk.unsynced) {
                let after = disk.afterPowerCut(keeping: kept)
                let found = try open(after, incarnation: 78).identity.incarnation
                if let acknowledged { #expect(found == acknowledged, "call \(call), \(kept)") }
                // And whatever was found stays.
                let again = try open(after.afterPowerCut(keeping: []), incarnation: 79)
                #expect(again.identity.incarnation == found)
            }
            // Nor does it go after a kill, when the power is lost later.
            let killed = disk.afterKill()
            let found = try open(killed, incarnation: 78)
            try found.markInitialised()
            let again = try open(killed.afterPowerCut(keeping: []), incarnation: 79)
            #expect(again.identity == found.identity && again.isInitialised, "call \(call)")
            if finished { break }
            call += 1
        }
        #expect(call > 15)
    }

    @Test("reads the frozen example of docs/formats/identity.md")
    func frozen() throws {
        let head =
            "57574944454e543101000000010000000f0e0d0c0b0a09080706050403020100"
            + "0300000000000000efcdab8967452301"
        var copy = bytes(head) + [UInt8](repeating: 0, count: 4092 - 48)
        copy += bytes("2a711941")
        let expected = IdentityFile(
            identity: WALIdentity(
                clusterID: [UInt8](0..<16).reversed(), node: NodeID(3),
                incarnation: Incarnation(0x0123_4567_89AB_CDEF)), isInitialised: true)
        #expect(hexadecimal(Array(expected.encoded().prefix(4096))) == hexadecimal(copy))
        #expect(try IdentityFile.read(copy + copy).contents == expected)
    }
}
