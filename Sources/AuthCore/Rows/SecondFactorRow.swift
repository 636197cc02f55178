public import ByteCodec

/// A user's time-based one-time codes (RFC 6238), from enrolment on.
public struct SecondFactorRow: Hashable, Sendable {
    public let tenant: TenantID
    public let user: UserID
    /// Drawn at random for each enrolment, so that what was shown for another one counts for
    /// nothing; also the version under which the secret is sealed.
    public let enrolment: UInt64
    /// The shared secret, sealed for this row. No node opens it without the keyring.
    public let secret: SealedBlob
    public let enrolledAt: Timestamp
    /// When a code was shown for the first time: from then on log-ins need one. Nil until then.
    public var confirmedAt: Timestamp?
    /// The newest time step whose code was spent; no code of it or of one before it counts.
    public var lastStep: UInt64
    /// Digests of the recovery codes that are not spent.
    public var recoveryCodes: [Digest256]

    /// Whether a log-in by password needs a code.
    public var isActive: Bool { confirmedAt != nil }
}

extension SecondFactorRow: Row {
    static let table = Table.secondFactors
    var key: [UInt8] { UserRow.key(tenant, user) }

    /// The row's place in its table, for what is sealed there.
    public static func place(
        _ tenant: TenantID, _ user: UserID
    ) -> (table: UInt8, key: [UInt8]) { (table.rawValue, UserRow.key(tenant, user)) }

    /// The second factor of this user, or nil when there is none.
    public static func read(
        _ tenant: TenantID, _ user: UserID, _ reader: some TableReader
    ) throws -> SecondFactorRow? { try row(UserRow.key(tenant, user), reader) }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(tenant)
        writer.write(user)
        writer.write(enrolment)
        writer.write(secret)
        writer.write(enrolledAt)
        writer.write(optional: confirmedAt) { $0.write($1) }
        writer.write(lastStep)
        writer.write(list: recoveryCodes) { $0.write($1) }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "second factor")
        tenant = try reader.readID()
        user = try reader.readID()
        enrolment = try reader.read()
        secret = try reader.readBlob(atMost: Limits.factorSecretBytes)
        enrolledAt = try reader.readTime()
        confirmedAt = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readTime()
        }
        lastStep = try reader.read()
        recoveryCodes = try reader.readList(atMost: Limits.recoveryCodes) {
            reader throws(ByteCodecError) in try reader.readDigest()
        }
    }
}

/// A one-time code that the asked node has compared, as apply is told of it: never the code.
public enum ShownCode: Hashable, Sendable {
    /// The code of a time step.
    case totp(enrolment: UInt64, step: UInt64)
    /// A recovery code, by its digest.
    case recovery(enrolment: UInt64, Digest256)
}

extension SecondFactorRow {
    /// The row once the code is spent; nil when it does not count, or no more.
    ///
    /// - Parameter stamp: of the entry. A step from far ahead of it would spend all codes until
    ///   then, so none counts.
    func spending(_ shown: ShownCode, at stamp: Timestamp) -> SecondFactorRow? {
        var row = self
        switch shown {
        case .totp(let enrolment, let step):
            let latest = stamp.rawValue / Limits.codeStepMilliseconds + Limits.codeStepsAhead
            guard enrolment == self.enrolment, step <= latest,
                step > lastStep || Planted.codeSpentTwice.isOn
            else { return nil }
            row.lastStep = max(lastStep, step)
        case .recovery(let enrolment, let digest):
            guard enrolment == self.enrolment,
                let place = recoveryCodes.firstIndex(of: digest)
            else { return nil }
            if !Planted.recoveryCodeKept.isOn { row.recoveryCodes.remove(at: place) }
        }
        return row
    }
}
