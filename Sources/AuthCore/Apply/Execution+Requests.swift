import ByteCodec
import RaftCore

/// What was answered under an `Idempotency-Key`.
struct RequestRow: Hashable, Row {
    static let table = Table.requests
    let scope: Digest256
    let subject: UInt128
    let body: Digest256
    /// Exclusive.
    let expiresAt: Timestamp
    /// An encoded `Outcome`.
    let outcome: [UInt8]
    let sealedAnswer: [UInt8]

    var key: [UInt8] { scope.bytes }
    var expiryKey: [UInt8] { Key.of(expiresAt.rawValue) + scope.bytes }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(scope)
        writer.write(bigEndian: subject)
        writer.write(body)
        writer.write(expiresAt)
        writer.write(lengthPrefixed: outcome)
        writer.write(lengthPrefixed: sealedAnswer)
    }

    init(
        _ request: RequestKey, expiresAt: Timestamp, outcome: [UInt8]
    ) {
        scope = request.scope
        subject = request.subject
        body = request.body
        self.expiresAt = expiresAt
        self.outcome = outcome
        sealedAnswer = request.sealedAnswer
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "request")
        scope = try reader.readDigest()
        subject = try reader.read(bigEndian: UInt128.self)
        body = try reader.readDigest()
        expiresAt = try reader.readTime()
        outcome = try reader.readLengthPrefixed(atMost: Limits.commandBytes)
        sealedAnswer = try reader.readLengthPrefixed(atMost: Limits.sealedAnswerBytes)
    }

    /// Removes the record, what lists it, and its count.
    func drop(_ tables: some TableWriter) throws {
        try remove(tables)
        try tables.delete(.requestsByExpiry, expiryKey)
        try RequestSubject.add(-1, to: subject, tables)
    }
}

/// How many records a subject has.
enum RequestSubject {
    /// The number of records that the subject has, expired ones included until they are swept.
    static func count(_ subject: UInt128, _ reader: some TableReader) throws -> UInt32 {
        let key = self.key(subject)
        guard let value = try reader.get(.requestSubjects, key) else { return 0 }
        var bytes = ByteReader(value)
        do {
            try bytes.readVersion(1, of: "count of requests")
            let count: UInt32 = try bytes.read()
            try bytes.finish()
            return count
        } catch {
            throw StateDamage(table: .requestSubjects, key: key, what: "\(error)")
        }
    }

    /// Changes the number; a row of zero is removed.
    static func add(_ step: Int64, to subject: UInt128, _ tables: some TableWriter) throws {
        let key = self.key(subject)
        let count = Int64(try count(subject, tables)) + step
        guard count >= 0 else {
            throw StateDamage(table: .requestSubjects, key: key, what: "count below zero")
        }
        guard count > 0 else { return try tables.delete(.requestSubjects, key) }
        var writer = ByteWriter(capacity: 5)
        writer.write(UInt8(1))
        writer.write(UInt32(count))
        try tables.put(.requestSubjects, key, writer.bytes)
    }

    private static func key(_ subject: UInt128) -> [UInt8] {
        var writer = ByteWriter(capacity: 16)
        writer.write(bigEndian: subject)
        return writer.bytes
    }
}

extension Execution {
    /// What the request records say of a command.
    enum RequestFinding {
        /// It is to be carried out.
        case new
        /// It was carried out, with this outcome.
        case first(Outcome)
        /// It cannot be told from another, or there are too many.
        case refused(Refusal)
    }

    /// Looks for the first outcome under the command's key.
    func requestFinding() throws -> RequestFinding {
        guard let request = header.request else { return .new }
        if let row = try RequestRow.row(request.scope.bytes, tables), stamp < row.expiresAt {
            guard row.body == request.body else { return .refused(.idempotencyMismatch) }
            do {
                var outcome = try Outcome(decoding: row.outcome)
                outcome.replay = Outcome.Replay(sealedAnswer: row.sealedAnswer)
                return .first(outcome)
            } catch {
                throw StateDamage(table: .requests, key: row.key, what: "outcome: \(error)")
            }
        }
        let count = try RequestSubject.count(request.subject, tables)
        return count < Limits.requestsPerSubject ? .new : .refused(.quota(.request))
    }

    /// Keeps the outcome under the command's key, in the same entry as the effect.
    func recordRequest(_ outcome: Outcome) throws {
        guard let request = header.request, outcome.refusal?.isRemembered != false,
            !Planted.requestRecordMissed.isOn
        else { return }
        // Whoever was verified against a password that has changed tries again, under the same key.
        if outcome.refusal == .credentialsChanged, countsLogIns { return }
        // One that has expired may still lie there.
        if let old = try RequestRow.row(request.scope.bytes, tables) { try old.drop(tables) }
        let timeToLive = min(
            request.timeToLiveMilliseconds, Limits.requestTimeToLiveMilliseconds)
        let row = RequestRow(
            request, expiresAt: stamp.advanced(milliseconds: timeToLive),
            outcome: outcome.encoded())
        try row.put(tables)
        try tables.put(.requestsByExpiry, row.expiryKey, [])
        try RequestSubject.add(1, to: request.subject, tables)
    }
}
