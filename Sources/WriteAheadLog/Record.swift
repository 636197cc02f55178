internal import ByteCodec
internal import RaftCore
internal import RaftWire

/// One change of the log.
struct Record: Equatable {
    // The numbers are for ever.
    enum Kind: UInt8 {
        /// `index` and `term` are the entry's; the payload is the entry.
        case entry = 1
        /// Entries from `index` on are gone; `term` is that of the entry before.
        case truncate = 2
        /// The log begins anew behind `index` and `term`: a snapshot took the place of the rest.
        case reset = 3
    }
    /// What a record takes beside its payload.
    static let headerBytes = 28

    var kind: Kind
    var index: LogIndex
    var term: Term
    var payload: [UInt8]

    /// What the record takes in a group.
    var encodedBytes: Int { Self.headerBytes + payload.count }

    /// The record that appends an entry.
    static func entry(_ entry: Entry) -> Record {
        var writer = ByteWriter(capacity: entry.encodedBytes)
        entry.encode(into: &writer)
        return Record(kind: .entry, index: entry.index, term: entry.term, payload: writer.bytes)
    }

    /// The record that removes entries from `index` on.
    static func truncate(from index: LogIndex, termBefore: Term) -> Record {
        Record(kind: .truncate, index: index, term: termBefore, payload: [])
    }

    /// The record that lets the log begin anew behind an entry.
    static func reset(to entry: EntryID) -> Record {
        Record(kind: .reset, index: entry.index, term: entry.term, payload: [])
    }

    /// Appends checksum, length, kind, version, index, term and payload.
    ///
    /// - Returns: the checksum.
    func encode(into writer: inout ByteWriter, salt: UInt32) -> UInt32 {
        let start = writer.count
        writer.write(UInt32(0))
        writer.write(UInt32(payload.count))
        writer.write(kind.rawValue)
        writer.write(UInt8(1))
        writer.write(UInt16(0))
        writer.write(index.rawValue)
        writer.write(term.rawValue)
        writer.write(raw: payload)
        var crc = CRC32C(salt: salt)
        crc.update(writer.bytes, in: (start + 4)..<writer.count)
        writer.overwrite(at: start, with: crc.value)
        return crc.value
    }

    init(kind: Kind, index: LogIndex, term: Term, payload: [UInt8]) {
        self.kind = kind
        self.index = index
        self.term = term
        self.payload = payload
    }

    /// Reads a record out of the bytes of a segment.
    ///
    /// - Throws: `ByteCodecError` for a record that ends behind the reader's end, does not match
    ///   its checksum, or is of an unknown kind.
    init(
        from reader: inout ByteReader, image: [UInt8], salt: UInt32
    ) throws(ByteCodecError) {
        let start = reader.offset
        let checksum: UInt32 = try reader.read()
        let length: UInt32 = try reader.read()
        let code: UInt8 = try reader.read()
        let version: UInt8 = try reader.read()
        let zero: UInt16 = try reader.read()
        let index: UInt64 = try reader.read()
        let term: UInt64 = try reader.read()
        guard Int(length) <= reader.remaining else {
            throw .truncated(
                offset: start, wanted: Int(length), available: reader.remaining)
        }
        payload = try reader.read(count: Int(length))
        var crc = CRC32C(salt: salt)
        crc.update(image, in: (start + 4)..<reader.offset)
        guard crc.value == checksum else {
            throw .malformed(offset: start, what: "checksum of a record")
        }
        guard let kind = Kind(rawValue: code), version == 1, zero == 0,
            index <= WireLimits.counterMax, term <= WireLimits.counterMax
        else { throw .malformed(offset: start, what: "record kind \(code) version \(version)") }
        self.kind = kind
        self.index = LogIndex(index)
        self.term = Term(term)
    }
}

extension CRC32C {
    /// A checksum that begins with the salt of a segment.
    init(salt: UInt32) {
        self.init()
        update(littleEndian: salt)
    }
}
