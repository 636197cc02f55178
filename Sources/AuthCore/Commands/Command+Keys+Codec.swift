import ByteCodec

extension Command.CreateKey {
    func write(to writer: inout ByteWriter) {
        writer.write(nonce)
        writer.write(owner)
        writer.write(origin.rawValue)
        writer.write(name)
        writer.write(lengthPrefixed: prefix.bytes)
        writer.write(digest)
        scope.write(to: &writer)
        writer.write(list: addresses) { $0.write($1) }
        writer.write(rateLimit)
        expiry.write(to: &writer)
        writer.write(metadata)
        writer.write(quota)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        nonce = try reader.read()
        owner = try reader.readID()
        origin = try reader.readCase()
        name = try reader.readText(atMost: Limits.shortTextBytes)
        prefix = try reader.readKeyPrefix()
        digest = try reader.readDigest()
        scope = try KeyScope(from: &reader)
        addresses = try reader.readAddressRanges()
        rateLimit = try reader.readText(atMost: Limits.shortTextBytes)
        expiry = try KeyExpiry(from: &reader)
        metadata = try reader.readText(atMost: Limits.metadataBytes)
        quota = try reader.readText(atMost: Limits.shortTextBytes)
    }
}

extension Command.UpdateKey {
    func write(to writer: inout ByteWriter) {
        writer.write(id)
        condition.write(to: &writer)
        writer.write(optional: name) { $0.write($1) }
        writer.write(optional: scope) { $1.write(to: &$0) }
        writer.write(optional: addresses) { writer, ranges in
            writer.write(list: ranges) { $0.write($1) }
        }
        writer.write(optional: rateLimit) { $0.write($1) }
        writer.write(optional: expiry) { $1.write(to: &$0) }
        writer.write(optional: metadata) { $0.write($1) }
        writer.write(optional: quota) { $0.write($1) }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        id = try reader.readID()
        condition = try VersionCondition(from: &reader)
        name = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readText(atMost: Limits.shortTextBytes)
        }
        scope = try reader.readOptional { reader throws(ByteCodecError) in
            try KeyScope(from: &reader)
        }
        addresses = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readAddressRanges()
        }
        rateLimit = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readText(atMost: Limits.shortTextBytes)
        }
        expiry = try reader.readOptional { reader throws(ByteCodecError) in
            try KeyExpiry(from: &reader)
        }
        metadata = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readText(atMost: Limits.metadataBytes)
        }
        quota = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readText(atMost: Limits.shortTextBytes)
        }
    }
}

extension Command.RotateKey {
    func write(to writer: inout ByteWriter) {
        writer.write(id)
        condition.write(to: &writer)
        writer.write(digest)
        writer.write(graceMilliseconds)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        id = try reader.readID()
        condition = try VersionCondition(from: &reader)
        digest = try reader.readDigest()
        graceMilliseconds = try reader.read()
    }
}

extension Command.DeleteKey {
    func write(to writer: inout ByteWriter) {
        writer.write(id)
        condition.write(to: &writer)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        id = try reader.readID()
        condition = try VersionCondition(from: &reader)
    }
}

extension KeyTouch {
    func write(to writer: inout ByteWriter) {
        writer.write(key)
        writer.write(lastUsed)
        writer.write(address)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        key = try reader.readID()
        lastUsed = try reader.readTime()
        address = try reader.readText(atMost: Limits.addressBytes)
    }
}

extension KeyExpiry {
    func write(to writer: inout ByteWriter) {
        switch self {
        case .never: writer.write(UInt8(0))
        case .at(let moment):
            writer.write(UInt8(1))
            writer.write(moment)
        case .after(let milliseconds):
            writer.write(UInt8(2))
            writer.write(milliseconds)
        }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        let kind: UInt8 = try reader.read()
        switch kind {
        case 0: self = .never
        case 1: self = .at(try reader.readTime())
        case 2: self = .after(milliseconds: try reader.read())
        default: throw .malformed(offset: reader.offset - 1, what: "expiry \(kind)")
        }
    }
}

extension ByteReader {
    fileprivate mutating func readAddressRanges() throws(ByteCodecError) -> [AddressRange] {
        try readList(atMost: Limits.addressesPerKey) { reader throws(ByteCodecError) in
            try reader.readAddressRange()
        }
    }
}
