import ByteCodec

/// What audit rows are looked up by. Which raw value is which is part of the format.
enum AuditFacet: Hashable, Sendable {
    case actor(UserID)
    case action(AuditAction)
    case target(AuditTarget)
    /// Anything but success, which most rows have.
    case outcome(AuditOutcome)

    /// Eight bytes that stand for this facet in a tenant.
    ///
    /// Two may share them: whoever looks up by them looks at each row that is found, too.
    func digest(in tenant: TenantID) -> UInt64 {
        var writer = ByteWriter(capacity: 64)
        writer.write(tenant)
        switch self {
        case .actor(let user):
            writer.write(UInt8(1))
            writer.write(user)
        case .action(let action):
            writer.write(UInt8(2))
            writer.write(action.rawValue)
        case .target(let target):
            writer.write(UInt8(3))
            target.write(to: &writer)
        case .outcome(let outcome):
            writer.write(UInt8(4))
            writer.write(outcome.rawValue)
        }
        return StateHash.digest(of: writer.bytes).low
    }
}

extension AuditRow {
    /// What this row can be looked up by.
    var facets: [AuditFacet] {
        var facets: [AuditFacet] = [.action(action)]
        if case .user(let who) = actor { facets.append(.actor(who.user)) }
        if target != .none { facets.append(.target(target)) }
        if outcome != .success { facets.append(.outcome(outcome)) }
        return facets
    }
}

extension AuditFilter {
    /// What the index is asked for, the most telling first; empty when it cannot help.
    var facets: [AuditFacet] {
        var facets: [AuditFacet] = []
        if let actor { facets.append(.actor(actor)) }
        if let target, target != .none { facets.append(.target(target)) }
        if let outcome, outcome != .success { facets.append(.outcome(outcome)) }
        if let action { facets.append(.action(action)) }
        return facets
    }
}

/// 1,024 audit rows that follow each other: what the index goes by.
struct AuditBlock: Hashable, Comparable, Sendable {
    static let size: UInt64 = 1_024
    let number: UInt64

    init(_ number: UInt64) { self.number = number }
    /// The one that holds this row.
    init(of sequence: UInt64) { number = sequence / Self.size }

    /// The sequence numbers of its rows, of which the first block lacks the zero.
    var sequences: Range<UInt64> { number * Self.size..<(number + 1) * Self.size }

    static func < (a: AuditBlock, b: AuditBlock) -> Bool { a.number < b.number }
}

/// Which rows of one block have a facet. Written once and never changed.
///
/// The block stands first in the key, so that all rows of a block are written side by side, at the
/// end of the table: pages that lie anywhere cost more than all the rest of an entry.
struct AuditIndexRow: Hashable, Sendable {
    static let table = Table.auditIndex
    private static let version: UInt8 = 1

    let block: AuditBlock
    let facet: UInt64
    /// Their places in the block, ascending; never empty.
    let offsets: [UInt16]

    /// Where the row of this facet and block lies.
    static func key(_ block: AuditBlock, _ facet: UInt64) -> [UInt8] {
        Key.of(block.number, facet)
    }

    var key: [UInt8] { Self.key(block, facet) }
    /// A version byte and the offsets. The key is not repeated: there are many such rows, and what
    /// they name is looked at.
    var value: [UInt8] {
        var writer = ByteWriter(capacity: 1 + 2 * offsets.count)
        writer.write(Self.version)
        for offset in offsets { writer.write(offset) }
        return writer.bytes
    }

    init(block: AuditBlock, facet: UInt64, offsets: [UInt16]) {
        precondition(!offsets.isEmpty, "a row of the audit index that names nothing")
        self.block = block
        self.facet = facet
        self.offsets = offsets
    }

    /// Reads a row.
    ///
    /// - Throws: `StateDamage`.
    init(key: [UInt8], value: [UInt8]) throws {
        var offsets: [UInt16] = []
        do {
            var reader = ByteReader(value)
            try reader.readVersion(Self.version, of: "row of the audit index")
            while reader.remaining > 0 { offsets.append(try reader.read()) }
        } catch {
            throw StateDamage(table: Self.table, key: key, what: "\(error)")
        }
        guard key.count == 16, let last = offsets.last, UInt64(last) < AuditBlock.size,
            zip(offsets, offsets.dropFirst()).allSatisfy(<)
        else { throw StateDamage(table: Self.table, key: key, what: "offsets out of order") }
        block = AuditBlock(Bytes.bigEndian(key.prefix(8)))
        facet = Bytes.bigEndian(key.suffix(8))
        self.offsets = offsets
    }

    /// What a block has of a facet; nil when that is nothing. As in every list, a row that was lost
    /// without a trace is not missed: to look at what lies beside it too would take twice as long.
    static func read(
        _ block: AuditBlock, _ facet: UInt64, _ reader: some TableReader
    ) throws -> AuditIndexRow? {
        let key = key(block, facet)
        var found: AuditIndexRow?
        try reader.scan(table, from: key, upTo: Key.after(key)) {
            found = try AuditIndexRow(key: $0, value: $1)
            return false
        }
        return found
    }
}

/// Which blocks are in the index, without a gap between them.
struct AuditIndexExtent: Hashable, Sendable {
    var begin: AuditBlock
    /// Exclusive.
    var end: AuditBlock

    var isEmpty: Bool { begin == end }
    /// The sequence numbers of all rows that are in the index, and of some that are gone.
    var sequences: Range<UInt64> {
        begin.number * AuditBlock.size..<end.number * AuditBlock.size
    }

    /// What the index reaches; nil before its first block.
    static func read(_ reader: some TableReader) throws -> AuditIndexExtent? {
        try row(key, reader)
    }
}

extension AuditIndexExtent: Row {
    static let table = Table.auditIndexExtent
    static let key: [UInt8] = [0]
    var key: [UInt8] { Self.key }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(begin.number)
        writer.write(end.number)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "extent of the audit index")
        begin = AuditBlock(try reader.read())
        end = AuditBlock(try reader.read())
        guard begin <= end else {
            throw .malformed(offset: reader.offset, what: "an extent that ends before it begins")
        }
    }
}
