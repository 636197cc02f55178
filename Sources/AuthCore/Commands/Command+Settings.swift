import ByteCodec

/// What becomes of a setting that may be absent.
public enum SettingChange: Hashable, Sendable {
    /// It stays as it is.
    case keep
    /// Nothing is set any more.
    case clear
    case set(UInt64)

    /// What holds after the change.
    func applied(to old: UInt64?) -> UInt64? {
        switch self {
        case .keep: old
        case .clear: nil
        case .set(let value): value
        }
    }
}

extension Command {
    /// Changes the settings of the header's tenant. Needs `settings:write`.
    public struct UpdateSettings: Hashable, Sendable {
        public var condition: VersionCondition
        public var idleMilliseconds: SettingChange
        public var absoluteMilliseconds: SettingChange
        public var sessionsPerUser: SettingChange
        /// Nil leaves it.
        public var overflow: SessionOverflow?
        /// Nil leaves it; empty takes it away.
        public var quota: Text?
        public init(
            condition: VersionCondition = .any, idleMilliseconds: SettingChange = .keep,
            absoluteMilliseconds: SettingChange = .keep, sessionsPerUser: SettingChange = .keep,
            overflow: SessionOverflow? = nil
        ) {
            self.condition = condition
            self.idleMilliseconds = idleMilliseconds
            self.absoluteMilliseconds = absoluteMilliseconds
            self.sessionsPerUser = sessionsPerUser
            self.overflow = overflow
        }
    }
}

extension SettingChange {
    func write(to writer: inout ByteWriter) {
        switch self {
        case .keep: writer.write(UInt8(0))
        case .clear: writer.write(UInt8(1))
        case .set(let value):
            writer.write(UInt8(2))
            writer.write(value)
        }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        let kind: UInt8 = try reader.read()
        switch kind {
        case 0: self = .keep
        case 1: self = .clear
        case 2: self = .set(try reader.read())
        default: throw .malformed(offset: reader.offset - 1, what: "change \(kind)")
        }
    }
}

extension Command.UpdateSettings {
    func write(to writer: inout ByteWriter) {
        condition.write(to: &writer)
        idleMilliseconds.write(to: &writer)
        absoluteMilliseconds.write(to: &writer)
        sessionsPerUser.write(to: &writer)
        writer.write(optional: overflow) { $0.write($1.rawValue) }
        writer.write(optional: quota) { $0.write($1) }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        condition = try VersionCondition(from: &reader)
        idleMilliseconds = try SettingChange(from: &reader)
        absoluteMilliseconds = try SettingChange(from: &reader)
        sessionsPerUser = try SettingChange(from: &reader)
        overflow = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readCase()
        }
        quota = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readText(atMost: Limits.shortTextBytes)
        }
    }
}
