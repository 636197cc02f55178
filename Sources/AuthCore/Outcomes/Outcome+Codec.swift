public import ByteCodec
import RaftCore

extension Outcome {
    /// The outcome's bytes, as they are stored for repetitions (`docs/formats/rows.md`).
    public func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: 256)
        writer.write(UInt8(1))
        writer.write(index.rawValue)
        writer.write(stamp)
        writer.write(optional: replay) { $0.write(lengthPrefixed: $1.sealedAnswer) }
        result.write(to: &writer)
        return writer.bytes
    }

    /// Reads an outcome.
    ///
    /// - Throws: `ByteCodecError` for anything that `encoded` does not write.
    public init(decoding bytes: [UInt8]) throws(ByteCodecError) {
        var reader = ByteReader(bytes)
        try reader.readVersion(1, of: "outcome")
        index = LogIndex(try reader.read())
        stamp = try reader.readTime()
        replay = try reader.readOptional { reader throws(ByteCodecError) in
            Replay(
                sealedAnswer: try reader.readLengthPrefixed(atMost: Limits.sealedAnswerBytes))
        }
        result = try Result(from: &reader)
        try reader.finish()
    }
}

extension Outcome.Result {
    func write(to writer: inout ByteWriter) {
        switch self {
        case .refused(let refusal):
            writer.write(UInt8(0))
            refusal.write(to: &writer)
        case .done:
            writer.write(UInt8(1))
        case .user(let user):
            writer.write(UInt8(2))
            user.write(to: &writer)
        case .role(let role):
            writer.write(UInt8(3))
            role.write(to: &writer)
        case .session(let session):
            writer.write(UInt8(4))
            session.write(to: &writer)
        case .refreshed(let session, let generation):
            writer.write(UInt8(5))
            session.write(to: &writer)
            writer.write(generation)
        case .refreshedBefore(let session, let generation, let sealedSuccessor):
            writer.write(UInt8(6))
            session.write(to: &writer)
            writer.write(generation)
            writer.write(lengthPrefixed: sealedSuccessor)
        case .revoked(let removed):
            writer.write(UInt8(7))
            writer.write(removed)
        case .secret(let secret):
            writer.write(UInt8(8))
            secret.write(to: &writer)
        case .audited(let first, let count):
            writer.write(UInt8(9))
            writer.write(first)
            writer.write(count)
        case .keyring(let version):
            writer.write(UInt8(10))
            writer.write(version)
        case .swept(let removed, let moreDue):
            writer.write(UInt8(11))
            writer.write(removed)
            writer.write(moreDue)
        case .joinToken(let token):
            writer.write(UInt8(12))
            token.write(to: &writer)
        case .joined(let member):
            writer.write(UInt8(13))
            member.write(to: &writer)
        case .plan(let plan):
            writer.write(UInt8(14))
            plan.write(to: &writer)
        case .authority(let version):
            writer.write(UInt8(15))
            writer.write(version)
        case .key(let key):
            writer.write(UInt8(16))
            key.write(to: &writer)
        case .settings(let settings):
            writer.write(UInt8(50))
            settings.write(to: &writer)
        case .tenant(let tenant):
            writer.write(UInt8(60))
            tenant.write(to: &writer)
        }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        let kind: UInt8 = try reader.read()
        switch kind {
        case 0: self = .refused(try Refusal(from: &reader))
        case 1: self = .done
        case 2: self = .user(try UserRow(from: &reader))
        case 3: self = .role(try RoleRow(from: &reader))
        case 4: self = .session(try SessionRow(from: &reader))
        case 5: self = .refreshed(try SessionRow(from: &reader), generation: try reader.read())
        case 6:
            self = .refreshedBefore(
                try SessionRow(from: &reader), generation: try reader.read(),
                sealedSuccessor: try reader.readLengthPrefixed(atMost: Limits.sealedAnswerBytes))
        case 7: self = .revoked(removed: try reader.read())
        case 8: self = .secret(try SecretRow(from: &reader))
        case 9: self = .audited(first: try reader.read(), count: try reader.read())
        case 10: self = .keyring(version: try reader.read())
        case 11: self = .swept(removed: try reader.read(), moreDue: try reader.readBool())
        case 12: self = .joinToken(try JoinTokenRow(from: &reader))
        case 13: self = .joined(try MemberRow(from: &reader))
        case 14: self = .plan(try MemberPlanRow(from: &reader))
        case 15: self = .authority(version: try reader.read())
        case 16: self = .key(try KeyRow(from: &reader))
        case 50: self = .settings(try SettingsRow(from: &reader))
        case 60: self = .tenant(try TenantRow(from: &reader))
        default: throw .malformed(offset: reader.offset - 1, what: "outcome \(kind)")
        }
    }
}

extension Refusal {
    func write(to writer: inout ByteWriter) {
        writer.write(code)
        switch self {
        case .notFound(let kind), .exists(let kind), .quota(let kind):
            writer.write(kind.rawValue)
        case .versionMismatch(let current), .stale(let current):
            writer.write(current)
        case .invalid(let value):
            writer.write(value.rawValue)
        case .memberTooOld(let node):
            writer.write(node.rawValue)
        case .heldBack(let end):
            writer.write(end)
        case .undecodable, .unsupported, .notBootstrapped, .alreadyBootstrapped,
            .credentialsChanged, .actorEnded, .insufficientPermissions, .userDisabled,
            .lastSuperAdmin, .builtInRole, .roleInUse, .idempotencyMismatch, .refreshUnknown,
            .refreshReused, .otherIncarnation, .forgotten, .joinTokenInvalid, .changeUnderWay,
            .evictionNeeded, .codeRequired, .codeSpent, .tenantSuspended:
            break
        }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        let code: UInt8 = try reader.read()
        switch code {
        case 1: self = .undecodable
        case 2: self = .unsupported
        case 3: self = .notBootstrapped
        case 4: self = .alreadyBootstrapped
        case 5: self = .notFound(try reader.readCase())
        case 6: self = .exists(try reader.readCase())
        case 7: self = .versionMismatch(current: try reader.read())
        case 8: self = .stale(current: try reader.read())
        case 9: self = .credentialsChanged
        case 10: self = .actorEnded
        case 11: self = .insufficientPermissions
        case 12: self = .userDisabled
        case 13: self = .lastSuperAdmin
        case 14: self = .builtInRole
        case 15: self = .roleInUse
        case 16: self = .invalid(try reader.readCase())
        case 17: self = .quota(try reader.readCase())
        case 18: self = .idempotencyMismatch
        case 19: self = .refreshUnknown
        case 20: self = .refreshReused
        case 21: self = .otherIncarnation
        case 22: self = .forgotten
        case 23: self = .memberTooOld(NodeID(try reader.read()))
        case 24: self = .joinTokenInvalid
        case 25: self = .changeUnderWay
        case 26: self = .heldBack(until: try reader.readTime())
        case 50: self = .evictionNeeded
        case 51: self = .codeRequired
        case 52: self = .codeSpent
        case 62: self = .tenantSuspended
        default: throw .malformed(offset: reader.offset - 1, what: "refusal \(code)")
        }
    }

    private var code: UInt8 {
        switch self {
        case .undecodable: 1
        case .unsupported: 2
        case .notBootstrapped: 3
        case .alreadyBootstrapped: 4
        case .notFound: 5
        case .exists: 6
        case .versionMismatch: 7
        case .stale: 8
        case .credentialsChanged: 9
        case .actorEnded: 10
        case .insufficientPermissions: 11
        case .userDisabled: 12
        case .lastSuperAdmin: 13
        case .builtInRole: 14
        case .roleInUse: 15
        case .invalid: 16
        case .quota: 17
        case .idempotencyMismatch: 18
        case .refreshUnknown: 19
        case .refreshReused: 20
        case .otherIncarnation: 21
        case .forgotten: 22
        case .memberTooOld: 23
        case .joinTokenInvalid: 24
        case .changeUnderWay: 25
        case .heldBack: 26
        case .evictionNeeded: 50
        case .codeRequired: 51
        case .codeSpent: 52
        case .tenantSuspended: 62
        }
    }
}
