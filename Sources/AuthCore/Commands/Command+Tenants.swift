import ByteCodec

extension Command {
    /// Makes a tenant with the built-in roles, and its first administrator where one is given.
    /// Needs `tenants:write`, in the platform tenant.
    public struct CreateTenant: Hashable, Sendable {
        /// Drawn by the asked node.
        public var id: TenantID
        public var name: RoleName
        /// At most `Limits.shortTextBytes`.
        public var displayName: Text
        public var administrator: Administrator?

        /// A person with the role `super_admin`.
        public struct Administrator: Hashable, Sendable {
            /// Drawn by the asked node.
            public var id: UserID
            public var username: UserName
            public var password: PasswordHash
            public init(id: UserID, username: UserName, password: PasswordHash) {
                self.id = id
                self.username = username
                self.password = password
            }
        }

        public init(
            id: TenantID, name: RoleName, displayName: Text = .empty,
            administrator: Administrator? = nil
        ) {
            self.id = id
            self.name = name
            self.displayName = displayName
            self.administrator = administrator
        }
    }

    /// Changes the fields that are not nil. Needs `tenants:write`, in the platform tenant.
    public struct UpdateTenant: Hashable, Sendable {
        public var id: TenantID
        public var condition: VersionCondition
        public var name: RoleName?
        /// At most `Limits.shortTextBytes`.
        public var displayName: Text?
        /// True: nobody of it gets in until it is resumed.
        public var suspended: Bool?
        public init(
            id: TenantID, condition: VersionCondition = .any, name: RoleName? = nil,
            displayName: Text? = nil, suspended: Bool? = nil
        ) {
            self.id = id
            self.condition = condition
            self.name = name
            self.displayName = displayName
            self.suspended = suspended
        }
    }

    /// Ends a tenant for good; sweeps remove what it has. Needs `tenants:write`, in the platform
    /// tenant.
    public struct DeleteTenant: Hashable, Sendable {
        public var id: TenantID
        public var condition: VersionCondition
        public init(id: TenantID, condition: VersionCondition = .any) {
            self.id = id
            self.condition = condition
        }
    }
}

extension Command.CreateTenant {
    func write(to writer: inout ByteWriter) {
        writer.write(id)
        writer.write(name)
        writer.write(displayName)
        writer.write(optional: administrator) { writer, administrator in
            writer.write(administrator.id)
            writer.write(administrator.username)
            writer.write(administrator.password)
        }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        id = try reader.readID()
        name = try reader.readRoleName()
        displayName = try reader.readText(atMost: Limits.shortTextBytes)
        administrator = try reader.readOptional { reader throws(ByteCodecError) in
            Administrator(
                id: try reader.readID(), username: try reader.readUserName(),
                password: try reader.readPassword())
        }
    }
}

extension Command.UpdateTenant {
    func write(to writer: inout ByteWriter) {
        writer.write(id)
        condition.write(to: &writer)
        writer.write(optional: name) { $0.write($1) }
        writer.write(optional: displayName) { $0.write($1) }
        writer.write(optional: suspended) { $0.write($1) }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        id = try reader.readID()
        condition = try VersionCondition(from: &reader)
        name = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readRoleName()
        }
        displayName = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readText(atMost: Limits.shortTextBytes)
        }
        suspended = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readBool()
        }
    }
}

extension Command.DeleteTenant {
    func write(to writer: inout ByteWriter) {
        writer.write(id)
        condition.write(to: &writer)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        id = try reader.readID()
        condition = try VersionCondition(from: &reader)
    }
}
