public import ByteCodec

extension Command {
    /// The bytes that a proposal carries (`docs/formats/commands.md`).
    public func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: 512)
        writer.write(UInt8(1))
        header.write(to: &writer)
        operation.write(to: &writer)
        return writer.bytes
    }

    /// Reads a command.
    ///
    /// - Throws: `ByteCodecError` for anything that `encoded` does not write, and for fields
    ///   that are longer than their limits.
    public init(decoding bytes: [UInt8]) throws(ByteCodecError) {
        guard bytes.count <= Limits.commandBytes else {
            throw .malformed(offset: 0, what: "command of \(bytes.count) bytes")
        }
        var reader = ByteReader(bytes)
        try reader.readVersion(1, of: "command")
        header = try CommandHeader(from: &reader)
        operation = try Operation(from: &reader)
        try reader.finish()
    }
}

extension CommandHeader {
    func write(to writer: inout ByteWriter) {
        writer.write(tenant)
        actor.write(to: &writer)
        writer.write(requestID)
        writer.write(address)
        writer.write(optional: request) { writer, request in
            writer.write(request.scope)
            writer.write(bigEndian: request.subject)
            writer.write(request.body)
            writer.write(request.timeToLiveMilliseconds)
            writer.write(lengthPrefixed: request.sealedAnswer)
        }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        tenant = try reader.readID()
        actor = try Actor(from: &reader)
        requestID = try reader.readText(atMost: Limits.requestIDBytes)
        address = try reader.readText(atMost: Limits.addressBytes)
        request = try reader.readOptional { reader throws(ByteCodecError) in
            RequestKey(
                scope: try reader.readDigest(), subject: try reader.read(bigEndian: UInt128.self),
                body: try reader.readDigest(), timeToLiveMilliseconds: try reader.read(),
                sealedAnswer: try reader.readLengthPrefixed(atMost: Limits.sealedAnswerBytes))
        }
    }
}

extension Actor {
    func write(to writer: inout ByteWriter) {
        switch self {
        case .node: writer.write(UInt8(0))
        case .anonymous: writer.write(UInt8(1))
        case .user(let user):
            let kind: UInt8 = if case .session = user.credential { 2 } else { 3 }
            writer.write(kind)
            writer.write(user.tenant)
            writer.write(user.user)
            switch user.credential {
            case .session(let session): writer.write(session)
            case .key(let key): writer.write(key)
            }
        }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        let kind: UInt8 = try reader.read()
        switch kind {
        case 0: self = .node
        case 1: self = .anonymous
        case 2, 3:
            let tenant: TenantID = try reader.readID()
            let user: UserID = try reader.readID()
            let credential: CredentialID =
                kind == 2 ? .session(try reader.readID()) : .key(try reader.readID())
            self = .user(UserActor(tenant: tenant, user: user, credential: credential))
        default: throw .malformed(offset: reader.offset - 1, what: "actor \(kind)")
        }
    }
}

extension VersionCondition {
    func write(to writer: inout ByteWriter) {
        switch self {
        case .any: writer.write(UInt8(0))
        case .absent: writer.write(UInt8(1))
        case .version(let version):
            writer.write(UInt8(2))
            writer.write(version)
        }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        let kind: UInt8 = try reader.read()
        switch kind {
        case 0: self = .any
        case 1: self = .absent
        case 2: self = .version(try reader.read())
        default: throw .malformed(offset: reader.offset - 1, what: "condition \(kind)")
        }
    }
}

extension Command.Operation {
    // Codes are part of the format: never reused.
    private var code: UInt8 {
        switch self {
        case .bootstrap(let body): body.keys.isEmpty ? 1 : 116
        case .registerMember: 2
        case .updateKeyring: 3
        case .sweep: 4
        case .recordAudit: 5
        case .raiseFeatureLevel: 6
        case .beginCheckpoint: 50
        case .attestCheckpoint: 51
        case .recover: 60
        case .createUser(let body): body.isOfFirstLevel ? 10 : 92
        case .updateUser(let body): body.isOfFirstLevel ? 11 : 92
        case .deleteUser: 12
        case .setPassword(let body): body.code == nil ? 13 : 115
        case .rehashPassword: 14
        case .grantRole: 15
        case .revokeRole: 16
        case .putRole(let body): body.isOfFirstLevel ? 17 : 91
        case .deleteRole: 18
        case .startSession(let body): body.isOfFirstLevel ? 20 : 101
        case .rotateRefresh: 21
        case .revokeSession: 22
        case .revokeSessions(let body): body.before == nil ? 23 : 102
        case .touchSessions: 24
        case .failLogIn: 25
        case .putSecret: 30
        case .deleteSecret: 31
        case .setPeerAuthority: 40
        case .createJoinToken: 41
        case .redeemJoinToken: 42
        case .orderChange: 43
        case .settlePlan: 44
        case .createKey: 70
        case .updateKey: 71
        case .rotateKey: 72
        case .deleteKey: 73
        case .touchKeys: 74
        case .rotateSigningKeys: 80
        case .addUsage: 90
        case .updateSettings: 100
        case .enrolFactor: 103
        case .confirmFactor: 104
        case .removeFactor: 105
        case .createTenant: 106
        case .updateTenant: 107
        case .deleteTenant: 108
        }
    }

    func write(to writer: inout ByteWriter) {
        writer.write(code)
        switch self {
        case .bootstrap(let body): body.write(to: &writer)
        case .registerMember(let body): body.write(to: &writer)
        case .updateKeyring(let body): body.write(to: &writer)
        case .raiseFeatureLevel(let body): writer.write(body.level)
        case .sweep(let body): writer.write(body.limit)
        case .recordAudit(let body): writer.write(list: body.events) { $1.write(to: &$0) }
        case .createJoinToken(let body): body.write(to: &writer)
        case .redeemJoinToken(let body): body.write(to: &writer)
        case .orderChange(let body): body.write(to: &writer)
        case .settlePlan(let body): body.write(to: &writer)
        case .setPeerAuthority(let body): body.write(to: &writer)
        case .beginCheckpoint: break
        case .attestCheckpoint(let body): body.write(to: &writer)
        case .recover(let body): body.write(to: &writer)
        case .createUser(let body): body.write(to: &writer)
        case .updateUser(let body): body.write(to: &writer)
        case .deleteUser(let body): body.write(to: &writer)
        case .setPassword(let body): body.write(to: &writer)
        case .rehashPassword(let body): body.write(to: &writer)
        case .grantRole(let body): body.write(to: &writer)
        case .revokeRole(let body): body.write(to: &writer)
        case .putRole(let body): body.write(to: &writer)
        case .deleteRole(let body): body.write(to: &writer)
        case .startSession(let body): body.write(to: &writer)
        case .rotateRefresh(let body): body.write(to: &writer)
        case .revokeSession(let body): writer.write(body.session)
        case .revokeSessions(let body): body.write(to: &writer)
        case .touchSessions(let body): writer.write(list: body.touches) { $1.write(to: &$0) }
        case .failLogIn(let body): body.write(to: &writer)
        case .putSecret(let body): body.write(to: &writer)
        case .deleteSecret(let body): body.write(to: &writer)
        case .createKey(let body): body.write(to: &writer)
        case .updateKey(let body): body.write(to: &writer)
        case .rotateKey(let body): body.write(to: &writer)
        case .deleteKey(let body): body.write(to: &writer)
        case .touchKeys(let body): writer.write(list: body.touches) { $1.write(to: &$0) }
        case .rotateSigningKeys(let body): body.write(to: &writer)
        case .updateSettings(let body): body.write(to: &writer)
        case .enrolFactor(let body): body.write(to: &writer)
        case .confirmFactor(let body): body.write(to: &writer)
        case .removeFactor(let body): body.write(to: &writer)
        case .addUsage(let body): body.write(to: &writer)
        case .createTenant(let body): body.write(to: &writer)
        case .updateTenant(let body): body.write(to: &writer)
        case .deleteTenant(let body): body.write(to: &writer)
        }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        let code: UInt8 = try reader.read()
        switch code {
        case 1: self = .bootstrap(try .init(from: &reader))
        case 2: self = .registerMember(try .init(from: &reader))
        case 3: self = .updateKeyring(try .init(from: &reader))
        case 4: self = .sweep(.init(limit: try reader.read()))
        case 5:
            self = .recordAudit(
                .init(
                    events: try reader.readList(atMost: Limits.auditBatch) {
                        reader throws(ByteCodecError) in try AuditEvent(from: &reader)
                    }))
        case 6: self = .raiseFeatureLevel(.init(level: try reader.read()))
        case 50: self = .beginCheckpoint
        case 51: self = .attestCheckpoint(try .init(from: &reader))
        case 60: self = .recover(try .init(from: &reader))
        case 10: self = .createUser(try .init(from: &reader))
        case 11: self = .updateUser(try .init(from: &reader))
        case 12: self = .deleteUser(try .init(from: &reader))
        case 13: self = .setPassword(try .init(from: &reader))
        case 14: self = .rehashPassword(try .init(from: &reader))
        case 15: self = .grantRole(try .init(from: &reader))
        case 16: self = .revokeRole(try .init(from: &reader))
        case 17: self = .putRole(try .init(from: &reader))
        case 18: self = .deleteRole(try .init(from: &reader))
        case 20: self = .startSession(try .init(from: &reader))
        case 21: self = .rotateRefresh(try .init(from: &reader))
        case 22: self = .revokeSession(.init(session: try reader.readID()))
        case 23: self = .revokeSessions(try .init(from: &reader))
        case 24:
            self = .touchSessions(
                .init(
                    touches: try reader.readList(atMost: Limits.touchBatch) {
                        reader throws(ByteCodecError) in try SessionTouch(from: &reader)
                    }))
        case 25: self = .failLogIn(try .init(from: &reader))
        case 30: self = .putSecret(try .init(from: &reader))
        case 31: self = .deleteSecret(try .init(from: &reader))
        case 40: self = .setPeerAuthority(try .init(from: &reader))
        case 41: self = .createJoinToken(try .init(from: &reader))
        case 42: self = .redeemJoinToken(try .init(from: &reader))
        case 43: self = .orderChange(try .init(from: &reader))
        case 44: self = .settlePlan(try .init(from: &reader))
        default: self = try Self(ofLevel2: code, &reader)
        }
    }

    /// Those that belong to feature level 2.
    private init(ofLevel2 code: UInt8, _ reader: inout ByteReader) throws(ByteCodecError) {
        switch code {
        case 70: self = .createKey(try .init(from: &reader))
        case 71: self = .updateKey(try .init(from: &reader))
        case 72: self = .rotateKey(try .init(from: &reader))
        case 73: self = .deleteKey(try .init(from: &reader))
        case 74:
            self = .touchKeys(
                .init(
                    touches: try reader.readList(atMost: Limits.touchBatch) {
                        reader throws(ByteCodecError) in try KeyTouch(from: &reader)
                    }))
        case 80: self = .rotateSigningKeys(try .init(from: &reader))
        case 90: self = .addUsage(try .init(from: &reader))
        case 91: self = .putRole(try .init(fromLevel2: &reader))
        case 92: self = try .init(userFromLevel2: &reader)
        case 100: self = .updateSettings(try .init(from: &reader))
        case 101: self = .startSession(try .init(fromLevel2: &reader))
        case 102: self = .revokeSessions(try .init(fromLevel2: &reader))
        case 103: self = .enrolFactor(try .init(from: &reader))
        case 104: self = .confirmFactor(try .init(from: &reader))
        case 105: self = .removeFactor(try .init(from: &reader))
        case 106: self = .createTenant(try .init(from: &reader))
        case 107: self = .updateTenant(try .init(from: &reader))
        case 108: self = .deleteTenant(try .init(from: &reader))
        case 115: self = .setPassword(try .init(withCode: &reader))
        case 116: self = .bootstrap(try .init(withKeys: &reader))
        default: throw .malformed(offset: reader.offset - 1, what: "operation \(code)")
        }
    }
}
