internal import ByteCodec

/// One slot of `RUN`: how the process stands that uses a data directory, or used it last
/// (`docs/formats/run.md`).
struct RunRecord: Equatable {
    static let magic: UInt64 = 0x4E_5552_5757  // "WWRUN", three zero bytes
    static let version: UInt32 = 1
    static let fileBytes = 2 * Block.bytes
    static let bootBytes = 16

    enum State: UInt32 {
        case running = 1
        case stopped = 2
        case failed = 3
    }

    var state: State
    /// Counts the records; two slots are written in turn, so that one is whole at any moment.
    var sequence: UInt64
    /// Which start of the machine it was written in.
    var boot: [UInt8]

    /// Where the record belongs in the file.
    var offset: Int { Int(sequence % 2) * Block.bytes }

    /// One slot, of one block.
    func encoded() -> [UInt8] {
        precondition(boot.count == Self.bootBytes, "\(boot.count) bytes of a boot id")
        var writer = ByteWriter(capacity: Block.bytes)
        writer.write(Self.magic)
        writer.write(Self.version)
        writer.write(state.rawValue)
        writer.write(sequence)
        writer.write(raw: boot)
        writer.write(zeros: Block.bytes - 4 - writer.count)
        writer.write(CRC32C.checksum(of: writer.bytes))
        return writer.bytes
    }

    /// What a file tells.
    enum Reading: Equatable {
        /// Nothing was ever written: the directory is new.
        case nothing
        case record(RunRecord)
        /// It cannot be read, so the worst is assumed.
        case damaged
    }

    /// The newest record that is whole.
    static func read(_ file: [UInt8]) -> Reading {
        if file.allSatisfy({ $0 == 0 }) { return .nothing }
        let records = [0, Block.bytes].compactMap { start -> RunRecord? in
            guard file.count >= start + Block.bytes else { return nil }
            do {
                return try RunRecord(Array(file[start..<(start + Block.bytes)]))
            } catch {
                // A slot that was being written says nothing; the other one does.
                return nil
            }
        }
        return records.max { $0.sequence < $1.sequence }.map { .record($0) } ?? .damaged
    }

    init(state: State, sequence: UInt64, boot: [UInt8]) {
        self.state = state
        self.sequence = sequence
        self.boot = boot
    }

    private init(_ slot: [UInt8]) throws(ByteCodecError) {
        var crc = CRC32C()
        crc.update(slot, in: 0..<(Block.bytes - 4))
        var check = ByteReader(slot, in: (Block.bytes - 4)..<Block.bytes)
        var reader = ByteReader(slot)
        let magic: UInt64 = try reader.read()
        let version: UInt32 = try reader.read()
        let state: UInt32 = try reader.read()
        sequence = try reader.read()
        boot = try reader.read(count: Self.bootBytes)
        guard try check.read() == crc.value, magic == Self.magic, version == Self.version,
            let state = State(rawValue: state)
        else { throw .malformed(offset: 0, what: "run record") }
        self.state = state
    }
}
