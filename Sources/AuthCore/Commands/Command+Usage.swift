import ByteCodec

/// Requests that a node let through, and that the log is told of.
public struct Usage: Hashable, Sendable {
    public var tenant: TenantID
    public var subject: UsageSubject
    /// The day of UTC by the state that the node decided on, in days since the Unix epoch.
    public var day: UInt32
    public var count: UInt32
    public init(tenant: TenantID, subject: UsageSubject, day: UInt32, count: UInt32) {
        self.tenant = tenant
        self.subject = subject
        self.day = day
        self.count = count
    }
}

extension Command {
    /// Counts requests that the proposing node let through. Not audited.
    ///
    /// A batch whose outcome the node did not learn is proposed again as it was, under the same
    /// sequence, and counts once.
    public struct AddUsage: Hashable, Sendable {
        /// Ascending in a run of the node.
        public var sequence: UInt64
        /// At most `Limits.usageBatch`.
        public var uses: [Usage]
        public init(sequence: UInt64, uses: [Usage]) {
            self.sequence = sequence
            self.uses = uses
        }
    }
}

extension Command.AddUsage {
    func write(to writer: inout ByteWriter) {
        writer.write(sequence)
        writer.write(list: uses) { writer, use in
            writer.write(use.tenant)
            use.subject.write(to: &writer)
            writer.write(use.day)
            writer.write(use.count)
        }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        sequence = try reader.read()
        uses = try reader.readList(atMost: Limits.usageBatch) { reader throws(ByteCodecError) in
            Usage(
                tenant: try reader.readID(), subject: try UsageSubject(from: &reader),
                day: try reader.read(), count: try reader.read())
        }
    }
}

extension Command.PutRole {
    /// Whether it says nothing that level 1 does not know, and so is written as it was there.
    var isOfFirstLevel: Bool { quota.isEmpty }

    init(fromLevel2 reader: inout ByteReader) throws(ByteCodecError) {
        try self.init(from: &reader)
        quota = try reader.readText(atMost: Limits.shortTextBytes)
        guard !isOfFirstLevel else {
            throw .malformed(offset: reader.offset, what: "role of level 1 as of level 2")
        }
    }
}

extension Command.CreateUser {
    /// Whether it says nothing that level 1 does not know, and so is written as it was there.
    var isOfFirstLevel: Bool { quota.isEmpty }
}

extension Command.UpdateUser {
    /// Whether it says nothing that level 1 does not know, and so is written as it was there.
    var isOfFirstLevel: Bool { quota == nil }
}

extension Command.Operation {
    /// The byte behind the code of an operation on users that level 1 does not know.
    enum UserOperation: UInt8 {
        case create = 1
        case update = 2
    }

    /// Reads an operation on users that level 1 does not know.
    init(userFromLevel2 reader: inout ByteReader) throws(ByteCodecError) {
        let kind: UserOperation = try reader.readCase()
        switch kind {
        case .create:
            var body = try Command.CreateUser(from: &reader)
            body.quota = try reader.readText(atMost: Limits.shortTextBytes)
            guard !body.isOfFirstLevel else {
                throw .malformed(offset: reader.offset, what: "user of level 1 as of level 2")
            }
            self = .createUser(body)
        case .update:
            var body = try Command.UpdateUser(from: &reader)
            body.quota = try reader.readText(atMost: Limits.shortTextBytes)
            self = .updateUser(body)
        }
    }
}
