import ByteCodec

extension Command.StartSession {
    /// Whether it says nothing that level 1 does not know, and so is written as it was there.
    var isOfFirstLevel: Bool { !mayEvict && code == nil }

    func write(to writer: inout ByteWriter) {
        writer.write(user)
        writer.write(nonce)
        writer.write(verifier)
        writer.write(optional: authVersionSeen) { $0.write($1) }
        writer.write(idleMilliseconds)
        writer.write(absoluteMilliseconds)
        writer.write(label)
        writer.write(method.rawValue)
        writer.write(optional: refreshVerifier) { $0.write($1) }
        guard !isOfFirstLevel else { return }
        writer.write(mayEvict)
        writer.write(optional: code) { $1.write(to: &$0) }
    }

    init(fromLevel2 reader: inout ByteReader) throws(ByteCodecError) {
        try self.init(from: &reader)
        mayEvict = try reader.readBool()
        code = try reader.readOptional { reader throws(ByteCodecError) in
            try ShownCode(from: &reader)
        }
        guard !isOfFirstLevel else {
            throw .malformed(offset: reader.offset, what: "start of level 1 as of level 2")
        }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        user = try reader.readID()
        nonce = try reader.read()
        verifier = try reader.readDigest()
        authVersionSeen = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.read()
        }
        idleMilliseconds = try reader.read()
        absoluteMilliseconds = try reader.read()
        label = try reader.readText(atMost: Limits.shortTextBytes)
        method = try reader.readCase()
        refreshVerifier = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readDigest()
        }
        mayEvict = false
        code = nil
    }
}

extension Command.RotateRefresh {
    func write(to writer: inout ByteWriter) {
        writer.write(number.rawValue)
        writer.write(presented)
        writer.write(successor)
        writer.write(lengthPrefixed: sealedSuccessor)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        number = CredentialNumber(try reader.read())
        presented = try reader.readDigest()
        successor = try reader.readDigest()
        sealedSuccessor = try reader.readLengthPrefixed(atMost: Limits.sealedAnswerBytes)
    }
}

extension Command.RevokeSessions {
    func write(to writer: inout ByteWriter) {
        writer.write(user)
        writer.write(optional: keeping) { $0.write($1) }
        if let before { writer.write(before) }
    }

    init(fromLevel2 reader: inout ByteReader) throws(ByteCodecError) {
        try self.init(from: &reader)
        before = try reader.readTime()
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        user = try reader.readID()
        keeping = try reader.readOptional { reader throws(ByteCodecError) in try reader.readID() }
        before = nil
    }
}

extension SessionTouch {
    func write(to writer: inout ByteWriter) {
        writer.write(session)
        writer.write(lastSeen)
        writer.write(uses)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        session = try reader.readID()
        lastSeen = try reader.readTime()
        uses = try reader.read()
    }
}

extension Command.PutSecret {
    func write(to writer: inout ByteWriter) {
        writer.write(path)
        condition.write(to: &writer)
        writer.write(version)
        writer.write(value)
        writer.write(encoding.rawValue)
        writer.write(optional: timeToLiveMilliseconds) { $0.write($1) }
        writer.write(metadata)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        path = try reader.readSecretPath()
        condition = try VersionCondition(from: &reader)
        version = try reader.read()
        value = try reader.readBlob(atMost: Limits.sealedSecretBytes)
        encoding = try reader.readCase()
        timeToLiveMilliseconds = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.read()
        }
        metadata = try reader.readText(atMost: Limits.metadataBytes)
    }
}

extension Command.DeleteSecret {
    func write(to writer: inout ByteWriter) {
        writer.write(path)
        condition.write(to: &writer)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        path = try reader.readSecretPath()
        condition = try VersionCondition(from: &reader)
    }
}
