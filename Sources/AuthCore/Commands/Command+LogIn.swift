import ByteCodec

/// Whose failed log-ins are counted together, within a tenant.
public enum LogInSubject: Hashable, Sendable {
    /// A user, under whatever spelling of the name.
    case user(UserID)
    /// A name that nobody has: an HMAC of its canonical spelling. What is typed into the field of
    /// the name is sometimes a password, so the name itself goes nowhere.
    case name(Digest256)
}

extension Command {
    /// Counts a failed log-in, unless the name is held back from where it came. Comes from
    /// `.anonymous`: whoever may try a password may fail.
    ///
    /// The address in the command's header says by which counter it is judged.
    public struct FailLogIn: Hashable, Sendable {
        public var subject: LogInSubject
        /// For the audit trail alone.
        public var reason: AuditReason
        public init(subject: LogInSubject, reason: AuditReason) {
            self.subject = subject
            self.reason = reason
        }
    }
}

extension LogInSubject {
    /// The id of nobody, for a look-up that is to find nothing.
    var nobody: UserID {
        guard case .name(let digest) = self, let id = UserID(bytes: Array(digest.bytes.prefix(16)))
        else { preconditionFailure("a user is somebody") }
        return id
    }

    /// The subject within keys of rows: no two have the same, and none begins another.
    var bytes: [UInt8] {
        switch self {
        case .user(let user): [1] + user.bytes
        case .name(let digest): [2] + digest.bytes
        }
    }

    /// The user, when there is one.
    var user: UserID? { if case .user(let user) = self { user } else { nil } }

    func write(to writer: inout ByteWriter) { writer.write(raw: bytes) }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        let kind: UInt8 = try reader.read()
        switch kind {
        case 1: self = .user(try reader.readID())
        case 2: self = .name(try reader.readDigest())
        default: throw .malformed(offset: reader.offset - 1, what: "subject \(kind)")
        }
    }
}

extension Command.FailLogIn {
    func write(to writer: inout ByteWriter) {
        subject.write(to: &writer)
        writer.write(reason.rawValue)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        subject = try LogInSubject(from: &reader)
        reason = try reader.readCase()
    }
}
