import ByteCodec
import RaftCore
import RaftWire
import Testing

@Suite("The encoding of entries and messages")
struct RaftWireTests {
    @Test(
        "gives back every peer message that it wrote",
        arguments: [UInt64](1...20))
    func roundTripOfMessages(seed: UInt64) throws {
        var generator = Generator(seed: seed)
        for _ in 0..<200 {
            let message = generator.peerMessage()
            let read = try PeerMessage(decoding: message.encoded())
            #expect(read == message, "seed \(seed)")
        }
    }

    @Test("gives back every entry, hard state, configuration and metadata that it wrote")
    func roundTripOfParts() throws {
        let seed: UInt64 = 7
        var generator = Generator(seed: seed)
        for _ in 0..<500 {
            let entry = generator.entry(
                LogIndex(1 + generator.random.next(below: 1 << 60)), Term(3))
            let entryBytes = encoded(entry.encode)
            #expect(entryBytes.count == entry.encodedBytes)
            var reader = ByteReader(entryBytes)
            #expect(try Entry(from: &reader) == entry, "seed \(seed)")
            try reader.finish()

            let hardState = generator.hardState()
            let hardStateBytes = encoded(hardState.encode)
            #expect(hardStateBytes.count == HardState.encodedBytes)
            reader = ByteReader(hardStateBytes)
            #expect(try HardState(from: &reader) == hardState, "seed \(seed)")

            let metadata = generator.metadata()
            #expect(try SnapshotMetadata(decoding: metadata.encoded()) == metadata, "seed \(seed)")
            let configuration = metadata.configuration
            #expect(try ConfState(decoding: configuration.encoded()) == configuration)
        }
    }

    @Test("refuses every message that ends early, whatever byte it ends at")
    func truncation() throws {
        var generator = Generator(seed: 11)
        for _ in 0..<100 {
            let whole = generator.peerMessage().encoded()
            for count in 0..<whole.count {
                #expect(throws: ByteCodecError.self) {
                    try PeerMessage(decoding: Array(whole.prefix(count)))
                }
            }
            #expect(throws: ByteCodecError.self) { try PeerMessage(decoding: whole + [0]) }
        }
    }

    @Test(
        "never traps on mutated messages, and writes again what it takes as it came",
        arguments: [UInt64](1...20))
    func mutation(seed: UInt64) {
        var generator = Generator(seed: seed)
        for _ in 0..<400 {
            var message = generator.peerMessage().encoded()
            for _ in 0...generator.count(below: 4) {
                mutate(&message, &generator)
            }
            do {
                let read = try PeerMessage(decoding: message)
                // One value has one encoding, so nothing hides in what was taken.
                #expect(read.encoded() == message, "seed \(seed)")
            } catch let error {
                _ = error
            }
        }
    }

    @Test("never traps on random bytes", arguments: [UInt64](1...10))
    func noise(seed: UInt64) {
        var generator = Generator(seed: seed)
        var taken = 0
        for _ in 0..<2000 {
            var noise = generator.bytes(below: 120)
            // Get past the first two bytes often enough to reach the rest.
            if noise.count > 2 {
                noise[0] = 1
                noise[1] %= 6
            }
            do {
                _ = try PeerMessage(decoding: noise)
                taken += 1
            } catch let error { _ = error }
        }
        #expect(taken < 2000, "seed \(seed)")
    }

    @Test("refuses what is over the limits before it makes room for it")
    func limits() {
        // An append that claims 2³² - 1 entries; a proposal that claims 4 GiB.
        let append = bytes(
            """
            01 01 01 05 0100000000000000 0200000000000000 0300000000000000
            0000000000000000 0000000000000000 0000000000000000 ffffffff
            """)
        #expect(throws: ByteCodecError.malformed(offset: 52, what: "count 4294967295")) {
            try PeerMessage(decoding: append)
        }
        let proposal = bytes(
            "01 02 01000000 0100000000000000 00000000000000000000000000000000 0000000000000000"
                + "00 ffffffff")
        #expect(
            throws: ByteCodecError.malformed(offset: 39, what: "length 4294967295 over 2097152")
        ) { try PeerMessage(decoding: proposal) }
        #expect(throws: ByteCodecError.self) {
            try PeerMessage(
                decoding: [UInt8](repeating: 0, count: WireLimits.messageBytesMax + 1))
        }
    }

    @Test("refuses an append whose entries do not follow each other (Raft §5.3)")
    func gaps() {
        let first = Entry(index: LogIndex(5), term: Term(2), kind: .empty, payload: [])
        let gap = Entry(index: LogIndex(7), term: Term(2), kind: .empty, payload: [])
        let older = Entry(index: LogIndex(6), term: Term(1), kind: .empty, payload: [])
        let newer = Entry(index: LogIndex(6), term: Term(4), kind: .empty, payload: [])
        for second in [gap, older, newer] {
            let message = PeerMessage.raft(
                Message(
                    from: NodeID(1), to: NodeID(2), term: Term(3),
                    body: .append(
                        previous: EntryID(index: LogIndex(4), term: Term(2)),
                        entries: [first, second], commit: LogIndex(4))))
            #expect(throws: ByteCodecError.self) { try PeerMessage(decoding: message.encoded()) }
        }
    }

    @Test("refuses a configuration that is not well-formed")
    func configurations() {
        for digits in [
            "01 02 0200000000000000 0100000000000000 00 00 00",  // descending
            "01 02 0100000000000000 0100000000000000 00 00 00",  // repeated
            "01 01 0000000000000000 00 00 00",  // nobody
            "01 01 0100000000000000 00 01 0100000000000000 00",  // voter and learner
            "01 01 0100000000000000 00 00 01 0200000000000000",  // next learner never voted
            "01 41 00 00 00",  // too many
            "03 00 00 00 00",  // version
            "02 01 0100000000000000 01 0100000000000000 00 00 00",  // version 1 says the same
            "02 01 0100000000000000 00 00 00 01 0200000000000000",  // leaves what is not joint
        ] {
            #expect(throws: ByteCodecError.self) { try ConfState(decoding: bytes(digits)) }
        }
    }

    private func mutate(_ message: inout [UInt8], _ generator: inout Generator) {
        guard !message.isEmpty else { return }
        let place = generator.count(below: UInt64(message.count))
        switch generator.random.next(below: 5) {
        case 0: message[place] ^= 1 << UInt8(generator.random.next(below: 8))
        case 1: message[place] = [0, 1, 0x7F, 0x80, 0xFF][generator.count(below: 5)]
        case 2: message.remove(at: place)
        case 3: message.insert(UInt8(truncatingIfNeeded: generator.random.next()), at: place)
        default: message.replaceSubrange(place..., with: message.prefix(place))
        }
    }
}
