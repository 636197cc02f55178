import AuthCore
import ByteCodec
import Foundation
import RaftCore
import Testing

@testable import LMDB
@testable import StateStore

/// Whatever a disk does to a state: it is noticed, nothing wrong is ever answered, and the store
/// begins without a state instead.
@Suite("Damage to a state")
struct DamageTests {
    /// A closed store of some pages, its data file, and all that it held.
    private struct Closed {
        let directory: TemporaryDirectory
        let file: URL
        let bytes: [UInt8]
        let dump: Dump

        init(entries count: Int, seed: UInt64) throws {
            let directory = try TemporaryDirectory()
            self.directory = directory
            var maker = EntryMaker(seed: seed)
            var dump: Dump?
            try DamageTests.autoreleased {
                let store = try diskStore(directory)
                for _ in 0..<(count / 20) { _ = try store.apply(maker.batch(20)) }
                try store.synchronize()
                dump = try store.dump()
            }
            self.dump = try #require(dump)
            file = URL(filePath: directory.path + "/state.0000000000000001/data.mdb")
            bytes = Array(try Data(contentsOf: file))
        }

        func write(_ bytes: [UInt8]) throws {
            try Data(bytes).write(to: file)
            let mark = file.deletingLastPathComponent().appending(path: "DAMAGED")
            if FileManager.default.fileExists(atPath: mark.path) {
                try FileManager.default.removeItem(at: mark)
            }
        }
    }

    fileprivate static func autoreleased(_ body: () throws -> Void) rethrows { try body() }

    @Test("a whole file passes, and what it is found to hold is what was written")
    func whole() throws {
        let closed = try Closed(entries: 400, seed: 3)
        let check = try #require(try StateCheck.run(file: closed.file.path))
        #expect(check.meta == closed.dump.meta)
        #expect(check.rows == UInt64(closed.dump.rows.count))
        let store = try diskStore(closed.directory)
        #expect(store.damage == nil && store.lost == nil)
        #expect(try store.dump() == closed.dump)
    }

    /// One flipped bit in each byte of every page, or of a part of them: either the store opens
    /// without a state, or everything that it holds is as it was.
    @Test("a flipped bit of any page is noticed, or changes nothing", arguments: 0..<4)
    func everyByte(part: Int) throws {
        let closed = try Closed(entries: 400, seed: 5)
        var random = RandomSource(seed: UInt64(part))
        var (found, harmless) = (0, 0)
        // Of each page's header every byte, of the rest some of them.
        for page in 0..<(closed.bytes.count / 4096) {
            let rest = (0..<16).map { _ in 16 + Int(random.next(below: 4080)) }
            for place in Array(0..<16) + rest where (place + page) % 4 == part {
                var bytes = closed.bytes
                bytes[page * 4096 + place] ^= 1 << UInt8(random.next(below: 8))
                try closed.write(bytes)
                let comment: Comment = "page \(page), byte \(place), part \(part)"
                if try StateCheck.damage(closed.file.path) {
                    found += 1
                } else {
                    harmless += 1
                    // Unused bytes, or the older of two roots; or a commit less, as after a power
                    // loss.
                    let store = try diskStore(closed.directory)
                    let dump = try store.dump()
                    let isCommitLess = dump.meta.applied.index < closed.dump.meta.applied.index
                    #expect(page < 2 && isCommitLess || dump == closed.dump, comment)
                }
            }
        }
        print("\(found) found, \(harmless) harmless")
        #expect(found > 0)
    }

    @Test("a damaged state is given up when it is opened, and stays given up")
    func givenUp() throws {
        let closed = try Closed(entries: 400, seed: 7)
        try flip(closed.directory, Array("http://".utf8))
        try Self.autoreleased {
            let store = try diskStore(closed.directory)
            #expect(store.damage?.code == .damaged)
            #expect(store.lost != nil && store.applied == .zero)
            #expect(try code { _ = try store.dump() } == .damaged)
            var maker = EntryMaker(seed: 1)
            #expect(try code { _ = try store.apply(maker.batch(1)) } == .damaged)
            #expect(try code { _ = try store.exportSnapshot() } == .damaged)
        }
        // Also when its bytes are right again: who knows what else is wrong.
        try Data(closed.bytes).write(to: closed.file)
        let again = try diskStore(closed.directory)
        #expect(again.lost != nil)
    }

    @Test("a row that rots while the store is open is never served, and ends all service")
    func live() throws {
        for isScan in [false, true] {
            let directory = try TemporaryDirectory()
            var maker = EntryMaker(seed: 9)
            let store = try diskStore(directory)
            _ = try store.apply(maker.batch(200))
            let seen = Seen()
            store.observeDamage { seen.note($0) }
            let row = try #require(try store.firstRow(of: .members))
            try flip(directory, Array("http://".utf8))
            #expect(
                try code {
                    try store.read { view in
                        if isScan {
                            try view.scan(.members, from: [], upTo: nil) { _, _ in true }
                        } else {
                            for node in 1...5 as ClosedRange<UInt64> {
                                _ = try view.get(.members, bigEndian(node))
                            }
                        }
                    }
                } == .damaged)
            #expect(seen.count == 1)
            // Rows that are whole are not served either: nobody knows what else is wrong.
            #expect(try code { _ = try store.read { try $0.get(.meta, [1]) } } == .damaged)
            #expect(try code { _ = try store.apply(maker.batch(1)) } == .damaged)
            #expect(try code { _ = try store.exportSnapshot() } == .damaged)
            #expect(try code { _ = try store.scrub() } == .damaged)
            #expect(!row.isEmpty)
        }
    }

    @Test("a scrub passes over a store that is being changed, and finds a row that rotted")
    func scrub() throws {
        let directory = try TemporaryDirectory()
        var maker = EntryMaker(seed: 11)
        let store = try diskStore(directory)
        for _ in 0..<5 {
            _ = try store.apply(maker.batch(50))
            let report = try store.scrub()
            #expect(report.applied == store.appliedIndex && report.rows > 10)
        }
        try flip(directory, Array("http://".utf8))
        #expect(try code { _ = try store.scrub() } == .damaged)
        #expect(store.damage?.code == .damaged)
    }

    @Test("a key is missing only between neighbours that are in order and whole")
    func absence() throws {
        let directory = try TemporaryDirectory()
        var maker = EntryMaker(seed: 13)
        let store = try diskStore(directory)
        _ = try store.apply(maker.batch(200))
        #expect(try store.read { try $0.get(.members, bigEndian(3)) } != nil)
        #expect(try store.read { try $0.get(.members, bigEndian(77)) } == nil)
        // The key of node 3 becomes that of node 2051: the look-up passes it, and sees it.
        let key = bigEndian(3) + [1] + littleEndian(3)
        try flip(directory, key, bit: (byte: 6, mask: 8))
        #expect(try code { _ = try store.read { try $0.get(.members, bigEndian(3)) } } == .damaged)
    }

    @Test("a lost state is replaced by a snapshot of any age, and the store is whole again")
    func replaced() throws {
        let (closed, directory) = (try Closed(entries: 400, seed: 15), try TemporaryDirectory())
        // A peer that has applied less.
        var maker = EntryMaker(seed: 15)
        let peer = try diskStore(directory)
        _ = try peer.apply(maker.batch(100))
        try flip(closed.directory, Array("http://".utf8))
        try Self.autoreleased {
            let store = try diskStore(closed.directory)
            #expect(store.lost != nil)
            let source = try peer.exportSnapshot()
            try transfer(source, to: store)
            try store.install(source.manifest)
            #expect(store.damage == nil && store.lost == nil)
            #expect(try store.dump() == peer.dump())
            _ = try store.apply(maker.batch(10))
            try store.synchronize()
            source.close()
        }
        let again = try diskStore(closed.directory)
        #expect(again.damage == nil && again.appliedIndex == LogIndex(110))
        #expect(again.installedSnapshot.index == LogIndex(100))
        #expect(try closed.directory.names.filter { $0.hasPrefix("state") }.count == 1)
    }

    @Test("a state that was given up says how far it was, for the log beside it")
    func loss() throws {
        let directory = try TemporaryDirectory()
        var maker = EntryMaker(seed: 17)
        try Self.autoreleased {
            let store = try diskStore(directory)
            _ = try store.apply(maker.batch(30))
            try store.giveUp()
            #expect(store.damage != nil)
        }
        let store = try diskStore(directory)
        #expect(store.lost?.applied == maker.last)
        // What cannot be read is a loss all the same, however long it is.
        #expect(LostState(decoding: [1, 2, 3]) == LostState())
        let file = URL(
            filePath: directory.path + "/state.0000000000000001/" + LostState.fileName)
        for count in [3, 4096, 4097, 1 << 20] {
            try Data(count: count).write(to: file)
            let started = try diskStore(directory)
            #expect(started.lost == LostState() && started.damage?.code == .damaged)
            #expect(try StateInspection.read(directory: directory.path).lost == LostState())
        }
        let lost = LostState(applied: maker.last, installedSnapshot: .zero)
        #expect(LostState(decoding: lost.encoded()) == lost)
    }

    @Test("a CURRENT that cannot be read is a lost state")
    func current() throws {
        let closed = try Closed(entries: 40, seed: 19)
        try Data([1, 2, 3]).write(to: URL(filePath: closed.directory.path + "/CURRENT"))
        let store = try diskStore(closed.directory)
        #expect(store.lost != nil && store.damage != nil)
    }

    @Test("what was received and rots before it is installed is found (each byte of the model)")
    func incoming() throws {
        var maker = EntryMaker(seed: 21)
        let peer = memoryStore()
        _ = try peer.apply(maker.batch(60))
        let source = try peer.exportSnapshot()
        for place in stride(from: 0, to: source.manifest.sizeBytes, by: 7) {
            let store = memoryStore()
            try transfer(source, to: store)
            #expect(store.hurtIncoming(at: place))
            #expect(try code { _ = try store.install(source.manifest) } == .mismatch)
            #expect(store.appliedIndex == .zero)
        }
    }

    @Test("a received file that rots before it is installed is found, and the old state stays")
    func incomingFile() throws {
        var maker = EntryMaker(seed: 23)
        let (there, here) = (try TemporaryDirectory(), try TemporaryDirectory())
        let peer = try diskStore(there)
        for _ in 0..<10 { _ = try peer.apply(maker.batch(20)) }
        let store = try diskStore(here)
        let source = try peer.exportSnapshot()
        try transfer(source, to: store)
        try flip(here, Array("http://".utf8), file: "incoming/data.mdb")
        #expect(try code { _ = try store.install(source.manifest) } == .damaged)
        #expect(store.appliedIndex == .zero && store.damage == nil)
        try transfer(source, to: store)
        try store.install(source.manifest)
        #expect(try store.dump() == peer.dump())
    }

    @Test("the model notices what the disk's store notices", arguments: RowDamage.allCases)
    func model(damage: RowDamage) throws {
        var maker = EntryMaker(seed: 25)
        let store = memoryStore()
        _ = try store.apply(maker.batch(100))
        #expect(store.hurtRow(damage, in: .members, number: 1))
        switch damage {
        case .flipped:
            #expect(try code { _ = try store.dump() } == .damaged)
        case .lost:
            _ = try store.dump()
            #expect(try code { _ = try store.exportSnapshot() } == .damaged)
        case .written:
            _ = try store.scrub()
            #expect(store.damage == nil)
            return
        }
        #expect(store.damage != nil)
        #expect(try code { _ = try store.scrub() } == .damaged)
        let started = store.afterCrash()
        try started.checkWhenOpened()
        #expect(started.lost?.applied == maker.last && started.appliedIndex == .zero)
        let later = started.afterCrash()
        #expect(later.lost != nil)
    }
}

/// Damage that an observer was told of.
// Unchecked, because a test has one thread, and the observer is called on it.
private final class Seen: @unchecked Sendable {
    private(set) var count = 0
    func note(_ damage: StateStoreError) { count += 1 }
}

extension StateCheck {
    /// Whether a file is found to be damaged.
    fileprivate static func damage(_ file: String) throws -> Bool {
        try code { _ = try run(file: file) } == .damaged
    }
}

extension LMDBStateStore {
    fileprivate func firstRow(of table: Table) throws -> [UInt8]? {
        var found: [UInt8]?
        try read { view in
            try view.scan(table, from: [], upTo: nil) { _, value in
                found = value
                return false
            }
        }
        return found
    }
}

private func bigEndian(_ number: UInt64) -> [UInt8] {
    (0..<8).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * UInt64($0))) }
}

private func littleEndian(_ number: UInt64) -> [UInt8] { bigEndian(number).reversed() }

/// Changes a bit wherever these bytes stand in an open store's file, under the library.
private func flip(
    _ directory: TemporaryDirectory, _ pattern: [UInt8], bit: (byte: Int, mask: UInt8) = (0, 1),
    file: String = "state.0000000000000001/data.mdb"
) throws {
    let url = URL(filePath: directory.path + "/" + file)
    let bytes = Array(try Data(contentsOf: url))
    let handle = try FileHandle(forUpdating: url)
    defer { handle.closeFile() }
    var count = 0
    var begin = 0
    while let place = bytes[begin...].firstRange(of: pattern)?.lowerBound {
        try handle.seek(toOffset: UInt64(place + bit.byte))
        try handle.write(contentsOf: Data([bytes[place + bit.byte] ^ bit.mask]))
        begin = place + pattern.count
        count += 1
    }
    #expect(count > 0)
}
