import ByteCodec
import RaftCore

/// Whose requests are counted.
public struct UsageSubject: Hashable, Sendable {
    /// What it is. Raw values are part of the format.
    public enum Kind: UInt8, CaseIterable, Sendable {
        case key = 1
        case user = 2
        case tenant = 3
    }

    public let kind: Kind
    /// The id of the key, user or tenant.
    public let bits: UInt128

    public init(_ kind: Kind, _ bits: UInt128) {
        self.kind = kind
        self.bits = bits
    }

    func write(to writer: inout ByteWriter) {
        writer.write(kind.rawValue)
        writer.write(bigEndian: bits)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        kind = try reader.readCase()
        bits = try reader.read(bigEndian: UInt128.self)
    }
}

/// How many requests of a subject were counted in a day or a month. It stays when the subject is
/// gone, until its time is over or its tenant is deleted.
struct UsageRow: Hashable, Row {
    static let table = Table.usage
    let tenant: TenantID
    let subject: UsageSubject
    let period: UsagePeriod
    var count: UInt64

    static func key(
        _ tenant: TenantID, _ subject: UsageSubject, _ period: UsagePeriod
    ) -> [UInt8] {
        var writer = ByteWriter(capacity: 38)
        writer.write(tenant)
        subject.write(to: &writer)
        period.write(to: &writer)
        return writer.bytes
    }
    var key: [UInt8] { Self.key(tenant, subject, period) }

    /// What the keys of all rows of subjects of a kind begin with.
    static func prefix(_ tenant: TenantID, _ kind: UsageSubject.Kind) -> [UInt8] {
        Key.of(tenant, [kind.rawValue])
    }

    /// Where the row is listed by the day after its last one.
    var listKey: [UInt8] { Self.listKey(endDay: period.endDay) + key }
    /// What the keys begin with under which rows of this end are listed.
    static func listKey(endDay: UInt32) -> [UInt8] {
        var writer = ByteWriter(capacity: 5)
        writer.write(UInt8(0))
        writer.write(bigEndian: endDay)
        return writer.bytes
    }
    /// The key of the row that is listed under `listKey`.
    static func key(listedAs listKey: [UInt8]) -> [UInt8] { Array(listKey.dropFirst(5)) }

    init(tenant: TenantID, subject: UsageSubject, period: UsagePeriod, count: UInt64) {
        self.tenant = tenant
        self.subject = subject
        self.period = period
        self.count = count
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(tenant)
        subject.write(to: &writer)
        period.write(to: &writer)
        writer.write(count)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "usage")
        tenant = try reader.readID()
        subject = try UsageSubject(from: &reader)
        period = try UsagePeriod(from: &reader)
        count = try reader.read()
    }
}

/// How many `UsageRow`s there are; absent before the first was made.
struct UsageCountRow: Hashable, Row {
    static let table = Table.usageLists
    static let key: [UInt8] = [1]
    var key: [UInt8] { Self.key }
    var rows: UInt64

    static func read(_ reader: some TableReader) throws -> UsageCountRow {
        try row(key, reader) ?? UsageCountRow(rows: 0)
    }

    init(rows: UInt64) { self.rows = rows }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(rows)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "count of usage")
        rows = try reader.read()
    }
}

/// What a node has told of requests that it let through, so that a batch which it tells again is
/// counted once.
struct UsageReporterRow: Hashable, Row {
    static let table = Table.usageLists
    let node: NodeID
    /// The process of the node, as in `ProposalID.run`.
    let run: UInt64
    /// Of the last batch of that process.
    let sequence: UInt64

    /// What the keys of all such rows begin with.
    static let prefix: [UInt8] = [2]
    static func key(_ node: NodeID) -> [UInt8] { prefix + Key.of(node.rawValue) }
    var key: [UInt8] { Self.key(node) }

    init(node: NodeID, run: UInt64, sequence: UInt64) {
        self.node = node
        self.run = run
        self.sequence = sequence
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(node.rawValue)
        writer.write(run)
        writer.write(sequence)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "reporter of usage")
        node = NodeID(try reader.read())
        run = try reader.read()
        sequence = try reader.read()
    }
}
