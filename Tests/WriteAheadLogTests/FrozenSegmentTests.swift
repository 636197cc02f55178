import ByteCodec
import RaftCore
import Testing

@testable import WriteAheadLog

@Suite("Frozen examples of docs/formats/wal.md")
struct FrozenSegmentTests {
    /// A segment of 16 KiB with one group, made by hand from the page; the rest is zeros.
    static let pieces: [(offset: Int, bytes: String)] = [
        // The header.
        (
            0,
            """
            575757414c310000030000000df0feca000102030405060708090a0b0c0d0e0f0300000000000000\
            efcdab89674523010700000000000000004000000000000006000000000000002800000000000000\
            29000000000000002900000000000000020100000000000008000000000000000200000000000000\
            010900000000000000030000000000000001010000000000002c0100000000000008000000000000\
            00
            """
        ),
        // Its checksum.
        (
            4092,
            """
            ec60c52e
            """
        ),
        // The copy of both.
        (
            12288,
            """
            575757414c310000030000000df0feca000102030405060708090a0b0c0d0e0f0300000000000000\
            efcdab89674523010700000000000000004000000000000006000000000000002800000000000000\
            29000000000000002900000000000000020100000000000008000000000000000200000000000000\
            010900000000000000030000000000000001010000000000002c0100000000000008000000000000\
            00
            """
        ),
        (
            16380,
            """
            ec60c52e
            """
        ),
        // The header of the group.
        (
            4096,
            """
            57475250020000000700000000000000290000000000000001000000500000000200000000000000\
            0df0fecabc9b3632
            """
        ),
        // Truncate from 258, behind term 8.
        (
            4144,
            """
            1ca5beb3000000000201000002010000000000000800000000000000
            """
        ),
        // Entry 258 of term 9.
        (
            4172,
            """
            92df5e7a180000000101000002010000000000000900000000000000010002010000000000000900\
            00000000000002000000cafe
            """
        ),
        // The commit frame.
        (
            8111,
            """
            57434d54290000000000000001090000000000000003000000000000000101000000000000030000\
            000000000002010000000000000900000000000000280000000000000002010000000000009084d1\
            24
            """
        ),
        // The head of the identifier block.
        (
            8192,
            """
            57494453030000000700000000000000290000000000000001000000010000000200000002000000\
            01090000000000000003000000000000000101000000000000000000030000000000000002010000\
            000000000900000000000000202639f0
            """
        ),
        // The slot of the truncation.
        (
            8288,
            """
            0201000000000000080000000000000030100000000000001ca5beb302000000000000004861a962
            """
        ),
        // The slot of the entry.
        (
            8328,
            """
            020100000000000009000000000000004c1000001800000092df5e7a010000000000000006e04e15
            """
        ),
    ]

    static let header = SegmentHeader(
        identity: WALIdentity(
            clusterID: [UInt8](0..<16), node: NodeID(3),
            incarnation: Incarnation(0x0123_4567_89AB_CDEF)),
        sequence: 7, segmentBytes: 4 * 4096, continuesSequence: 6, continuesGroup: 40,
        firstGroup: 41, durableGroup: 41, chain: 0xCAFE_F00D, startsAfter: EntryID(258, 8),
        generation: 2,
        hardState: HardState(term: Term(9), vote: NodeID(3), commit: LogIndex(257)),
        promised: EntryID(300, 8))

    static let group = Group(
        number: 41,
        records: [
            .truncate(from: LogIndex(258), termBefore: Term(8)),
            .entry(
                Entry(
                    index: LogIndex(258), term: Term(9), kind: .command, payload: [0xCA, 0xFE])),
        ],
        frame: CommitFrame(
            hardState: HardState(term: Term(9), vote: NodeID(3), commit: LogIndex(257)),
            generation: 3, last: EntryID(258, 9), durableGroup: 40, durableIndex: LogIndex(258)))

    private func whole() -> [UInt8] {
        var image = [UInt8](repeating: 0, count: 4 * 4096)
        for piece in Self.pieces {
            let part = bytes(piece.bytes)
            image.replaceSubrange(piece.offset..<(piece.offset + part.count), with: part)
        }
        return image
    }

    @Test("a segment with one group")
    func segment() throws {
        var writer = SegmentWriter(header: Self.header)
        writer.add(Self.group)
        let header = Self.header.encoded()
        var written = header + [UInt8](repeating: 0, count: 2 * 4096) + header
        for write in writer.takeWrites() {
            written.replaceSubrange(
                write.offset..<(write.offset + write.bytes.count), with: write.bytes)
        }
        #expect(written == whole())
        let image = whole()
        let read = try SegmentHeader(decoding: Array(image.prefix(4096)))
        #expect(read == Self.header)
        let scan = SegmentScan(image, header: read, bound: .none, lastGroup: nil)
        #expect(scan.groups.map(\.group) == [Self.group])
        #expect(scan.damage.isEmpty && scan.repairs.isEmpty && !scan.isTorn)
    }

    @Test("a watermark")
    func watermark() {
        let salt = SegmentHeader.salt(of: Self.header.identity, sequence: 0)
        let frozen = "5754524d010000002900000000000000020100000000000060de6ba5"
        let slot = Watermark(group: 41, index: LogIndex(258)).encoded(salt: salt)
        #expect(hexadecimal(Array(slot.prefix(28))) == frozen)
        let file = [UInt8](repeating: 0, count: 4096) + slot
        #expect(Watermark.read(file, salt: salt) == Watermark(group: 41, index: LogIndex(258)))
        #expect(Watermark.read(file, salt: salt &+ 1) == nil)
    }
}
