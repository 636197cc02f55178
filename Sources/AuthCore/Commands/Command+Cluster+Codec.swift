import ByteCodec
import RaftCore

extension Command.Bootstrap {
    func write(to writer: inout ByteWriter) {
        writer.write(cluster)
        writer.write(lengthPrefixed: tokenBlockKey)
        writer.write(keyring)
        writer.write(administrator)
        writer.write(username)
        writer.write(password)
        configuration.encode(into: &writer)
        writer.write(featureLevel)
        guard !keys.isEmpty else { return }
        writer.write(list: keys) { $1.write(to: &$0) }
    }

    init(withKeys reader: inout ByteReader) throws(ByteCodecError) {
        self = try Self(from: &reader)
        keys = try reader.readList(atMost: Limits.bootstrapKeys) {
            reader throws(ByteCodecError) in try Command.CreateKey(from: &reader)
        }
        guard !keys.isEmpty else {
            throw .malformed(offset: reader.offset, what: "a bootstrap with keys, and none")
        }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        cluster = try reader.readID()
        tokenBlockKey = try reader.readLengthPrefixed(atMost: 32)
        keyring = try reader.readBlob(atMost: Limits.keyringBytes)
        administrator = try reader.readID()
        username = try reader.readUserName()
        password = try reader.readPassword()
        configuration = try ConfState(from: &reader)
        featureLevel = try reader.read()
        keys = []
    }
}

extension Command.RegisterMember {
    func write(to writer: inout ByteWriter) {
        writer.write(node.rawValue)
        writer.write(incarnation.rawValue)
        writer.write(url)
        writer.write(peer)
        writer.write(version)
        writer.write(featureLevel)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        node = NodeID(try reader.read())
        incarnation = Incarnation(try reader.read())
        url = try reader.readText(atMost: Limits.endpointBytes)
        peer = try reader.readText(atMost: Limits.endpointBytes)
        version = try reader.readText(atMost: Limits.endpointBytes)
        featureLevel = try reader.read()
    }
}

extension Command.UpdateKeyring {
    func write(to writer: inout ByteWriter) {
        writer.write(expectedVersion)
        writer.write(keyring)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        expectedVersion = try reader.read()
        keyring = try reader.readBlob(atMost: Limits.keyringBytes)
    }
}

extension AuditEvent {
    func write(to writer: inout ByteWriter) {
        writer.write(tenant)
        actor.write(to: &writer)
        writer.write(action.rawValue)
        target.write(to: &writer)
        writer.write(outcome.rawValue)
        writer.write(requestID)
        writer.write(address)
        writer.write(list: details) { $1.write(to: &$0) }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        tenant = try reader.readID()
        actor = try Actor(from: &reader)
        action = try reader.readCase()
        target = try AuditTarget(from: &reader)
        outcome = try reader.readCase()
        requestID = try reader.readText(atMost: Limits.requestIDBytes)
        address = try reader.readText(atMost: Limits.addressBytes)
        details = try reader.readList(atMost: Limits.auditDetails) {
            reader throws(ByteCodecError) in try AuditDetail(from: &reader)
        }
    }
}

extension AuditTarget {
    func write(to writer: inout ByteWriter) {
        switch self {
        case .none: writer.write(UInt8(0))
        case .user(let id):
            writer.write(UInt8(1))
            writer.write(id)
        case .role(let name):
            writer.write(UInt8(2))
            writer.write(name)
        case .session(let id):
            writer.write(UInt8(3))
            writer.write(id)
        case .secret(let path):
            writer.write(UInt8(4))
            writer.write(path)
        case .member(let node):
            writer.write(UInt8(5))
            writer.write(node.rawValue)
        case .key(let id):
            writer.write(UInt8(6))
            writer.write(id)
        case .tenant(let id):
            writer.write(UInt8(16))
            writer.write(id)
        }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        let kind: UInt8 = try reader.read()
        switch kind {
        case 0: self = .none
        case 1: self = .user(try reader.readID())
        case 2: self = .role(try reader.readRoleName())
        case 3: self = .session(try reader.readID())
        case 4: self = .secret(try reader.readSecretPath())
        case 5: self = .member(NodeID(try reader.read()))
        case 6: self = .key(try reader.readID())
        case 16: self = .tenant(try reader.readID())
        default: throw .malformed(offset: reader.offset - 1, what: "audit target \(kind)")
        }
    }
}

extension AuditDetail {
    func write(to writer: inout ByteWriter) {
        switch self {
        case .user(let id):
            writer.write(UInt8(1))
            writer.write(id)
        case .role(let name):
            writer.write(UInt8(2))
            writer.write(name)
        case .version(let version):
            writer.write(UInt8(3))
            writer.write(version)
        case .changed(let fields):
            writer.write(UInt8(4))
            writer.write(fields.rawValue)
        case .method(let method):
            writer.write(UInt8(5))
            writer.write(method.rawValue)
        case .reason(let reason):
            writer.write(UInt8(6))
            writer.write(reason.rawValue)
        case .count(let count):
            writer.write(UInt8(7))
            writer.write(count)
        case .generation(let generation):
            writer.write(UInt8(8))
            writer.write(generation)
        case .permission(let permission):
            writer.write(UInt8(9))
            writer.write(permission)
        case .actorTenant(let tenant):
            writer.write(UInt8(10))
            writer.write(tenant)
        case .member(let node):
            writer.write(UInt8(11))
            writer.write(node.rawValue)
        case .changedKey(let fields):
            writer.write(UInt8(12))
            writer.write(fields.rawValue)
        }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        let kind: UInt8 = try reader.read()
        switch kind {
        case 1: self = .user(try reader.readID())
        case 2: self = .role(try reader.readRoleName())
        case 3: self = .version(try reader.read())
        case 4: self = .changed(UserFields(rawValue: try reader.read()))
        case 5: self = .method(try reader.readCase())
        case 6: self = .reason(try reader.readCase())
        case 7: self = .count(try reader.read())
        case 8: self = .generation(try reader.read())
        case 9: self = .permission(try reader.readPermission())
        case 10: self = .actorTenant(try reader.readID())
        case 11: self = .member(NodeID(try reader.read()))
        case 12: self = .changedKey(KeyFields(rawValue: try reader.read()))
        default: throw .malformed(offset: reader.offset - 1, what: "audit detail \(kind)")
        }
    }
}
