public import ByteCodec
public import RaftCore

/// One link of the audit chain.
public struct AuditRow: Hashable, Sendable {
    /// Counts rows from 1 without a gap.
    public let sequence: UInt64
    /// The entry that made it.
    public let index: LogIndex
    public let at: Timestamp
    /// The tenant that it happened in.
    public let tenant: TenantID
    public let actor: Actor
    public let action: AuditAction
    public let target: AuditTarget
    public let outcome: AuditOutcome
    public let requestID: Text
    public let address: Text
    /// The node that was asked.
    public let node: NodeID
    public let details: [AuditDetail]
    /// SHA-256 of the value of the row before; zero in the first.
    public let previous: Digest256
}

extension AuditRow: Row {
    static let table = Table.audit
    var key: [UInt8] { Key.of(sequence) }

    /// The row of this sequence number, or nil.
    public static func read(_ sequence: UInt64, _ reader: some TableReader) throws -> AuditRow? {
        try row(Key.of(sequence), reader)
    }

    /// The bytes whose SHA-256 stands in the next row.
    public func encoded() -> [UInt8] { encodedRow }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(sequence)
        writer.write(index.rawValue)
        writer.write(at)
        writer.write(tenant)
        actor.write(to: &writer)
        writer.write(action.rawValue)
        target.write(to: &writer)
        writer.write(outcome.rawValue)
        writer.write(requestID)
        writer.write(address)
        writer.write(node.rawValue)
        writer.write(list: details) { $1.write(to: &$0) }
        writer.write(previous)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "audit")
        sequence = try reader.read()
        index = LogIndex(try reader.read())
        at = try reader.readTime()
        tenant = try reader.readID()
        actor = try Actor(from: &reader)
        action = try reader.readCase()
        target = try AuditTarget(from: &reader)
        outcome = try reader.readCase()
        requestID = try reader.readText(atMost: Limits.requestIDBytes)
        address = try reader.readText(atMost: Limits.addressBytes)
        node = NodeID(try reader.read())
        details = try reader.readList(atMost: Limits.auditDetails + 2) {
            reader throws(ByteCodecError) in try AuditDetail(from: &reader)
        }
        previous = try reader.readDigest()
    }
}
