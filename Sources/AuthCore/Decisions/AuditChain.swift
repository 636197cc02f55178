import ByteCodec

/// What a look at a part of the audit chain has found.
public struct AuditChain: Hashable, Sendable {
    /// The first and the last record that were looked at; both zero when there were none.
    public internal(set) var first: UInt64 = 0
    public internal(set) var last: UInt64 = 0
    /// SHA-256 of the last of them. Whoever keeps it can ask later whether it still stands there.
    public internal(set) var head: Digest256 = .zero
    /// The first record whose link does not hold: one before it is missing, or is not as it was
    /// when this one was written.
    public internal(set) var brokenAt: UInt64?
    /// Whether nothing follows, and the chain ends in the digest that the state keeps of its end.
    public internal(set) var isWhole = false

    /// Looks at the records behind `sequence`, at most `limit` of them.
    ///
    /// The link of the oldest record that is kept shows nothing when those before it are gone.
    public static func look(
        after sequence: UInt64, limit: Int, _ reader: some TableReader,
        sha256: ([UInt8]) -> [UInt8]
    ) throws -> AuditChain {
        precondition((1...Limits.pageRows).contains(limit), "page of \(limit)")
        let meta = try StateMeta.read(reader)
        var chain = AuditChain()
        let begin = min(max(sequence, meta.firstAudit - 1), meta.nextAudit - 1)
        // Of the one before the first; nil when it is gone.
        var before = begin == 0 ? Digest256.zero : try digest(of: begin, reader, sha256)
        if begin >= meta.firstAudit, before == nil {
            chain.brokenAt = begin
            return chain
        }
        var next = begin + 1
        while next < meta.nextAudit, next - begin <= UInt64(limit) {
            if chain.first == 0 { chain.first = next }
            chain.last = next
            guard let row = try AuditRow.read(next, reader), before == nil || row.previous == before
            else {
                chain.brokenAt = next
                return chain
            }
            before = try digest(of: next, reader, sha256)
            chain.head = before ?? .zero
            next += 1
        }
        guard next >= meta.nextAudit else { return chain }
        chain.isWhole = before.map { $0 == meta.auditHead } ?? (meta.firstAudit == meta.nextAudit)
        if !chain.isWhole { chain.brokenAt = meta.nextAudit }
        return chain
    }

    private static func digest(
        of sequence: UInt64, _ reader: some TableReader, _ sha256: ([UInt8]) -> [UInt8]
    ) throws -> Digest256? {
        try AuditRow.read(sequence, reader).flatMap { Digest256(bytes: sha256($0.encoded())) }
    }
}
