import ByteCodec

extension Command.CreateUser {
    func write(to writer: inout ByteWriter) {
        if !isOfFirstLevel { writer.write(Command.Operation.UserOperation.create.rawValue) }
        writer.write(id)
        writer.write(username)
        writer.write(email)
        writer.write(displayName)
        writer.write(kind.rawValue)
        writer.write(list: roles) { $0.write($1) }
        writer.write(disabled)
        writer.write(metadata)
        writer.write(optional: password) { $0.write($1) }
        if !isOfFirstLevel { writer.write(quota) }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        id = try reader.readID()
        username = try reader.readUserName()
        email = try reader.readText(atMost: Limits.emailBytes)
        displayName = try reader.readText(atMost: Limits.shortTextBytes)
        kind = try reader.readCase()
        roles = try reader.readRoleNames(atMost: Limits.rolesPerUser)
        disabled = try reader.readBool()
        metadata = try reader.readText(atMost: Limits.metadataBytes)
        password = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readPassword()
        }
    }
}

extension Command.UpdateUser {
    func write(to writer: inout ByteWriter) {
        if !isOfFirstLevel { writer.write(Command.Operation.UserOperation.update.rawValue) }
        writer.write(id)
        condition.write(to: &writer)
        writer.write(optional: username) { $0.write($1) }
        writer.write(optional: email) { $0.write($1) }
        writer.write(optional: displayName) { $0.write($1) }
        writer.write(optional: kind) { $0.write($1.rawValue) }
        writer.write(optional: roles) { $0.write(list: $1) { $0.write($1) } }
        writer.write(optional: disabled) { $0.write($1) }
        writer.write(optional: metadata) { $0.write($1) }
        if let quota { writer.write(quota) }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        id = try reader.readID()
        condition = try VersionCondition(from: &reader)
        username = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readUserName()
        }
        email = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readText(atMost: Limits.emailBytes)
        }
        displayName = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readText(atMost: Limits.shortTextBytes)
        }
        kind = try reader.readOptional { reader throws(ByteCodecError) in try reader.readCase() }
        roles = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readRoleNames(atMost: Limits.rolesPerUser)
        }
        disabled = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readBool()
        }
        metadata = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.readText(atMost: Limits.metadataBytes)
        }
    }
}

extension Command.DeleteUser {
    func write(to writer: inout ByteWriter) {
        writer.write(id)
        condition.write(to: &writer)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        id = try reader.readID()
        condition = try VersionCondition(from: &reader)
    }
}

extension Command.SetPassword {
    func write(to writer: inout ByteWriter) {
        writer.write(user)
        writer.write(password)
        writer.write(optional: authVersionSeen) { $0.write($1) }
        code?.write(to: &writer)
    }

    init(withCode reader: inout ByteReader) throws(ByteCodecError) {
        self = try Self(from: &reader)
        code = try ShownCode(from: &reader)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        user = try reader.readID()
        password = try reader.readPassword()
        authVersionSeen = try reader.readOptional { reader throws(ByteCodecError) in
            try reader.read()
        }
    }
}

extension Command.RehashPassword {
    func write(to writer: inout ByteWriter) {
        writer.write(user)
        writer.write(password)
        writer.write(authVersionSeen)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        user = try reader.readID()
        password = try reader.readPassword()
        authVersionSeen = try reader.read()
    }
}

extension Command.GrantRole {
    func write(to writer: inout ByteWriter) {
        writer.write(user)
        writer.write(role)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        user = try reader.readID()
        role = try reader.readRoleName()
    }
}

extension Command.RevokeRole {
    func write(to writer: inout ByteWriter) {
        writer.write(user)
        writer.write(role)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        user = try reader.readID()
        role = try reader.readRoleName()
    }
}

extension Command.PutRole {
    func write(to writer: inout ByteWriter) {
        writer.write(name)
        condition.write(to: &writer)
        writer.write(list: permissions) { $0.write($1) }
        writer.write(list: inherits) { $0.write($1) }
        writer.write(rateLimit)
        writer.write(description)
        if !isOfFirstLevel { writer.write(quota) }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        name = try reader.readRoleName()
        condition = try VersionCondition(from: &reader)
        permissions = try reader.readList(atMost: Limits.permissionsPerRole) {
            reader throws(ByteCodecError) in try reader.readPermission()
        }
        inherits = try reader.readRoleNames(atMost: Limits.inheritsPerRole)
        rateLimit = try reader.readText(atMost: Limits.shortTextBytes)
        description = try reader.readText(atMost: Limits.shortTextBytes)
    }
}

extension Command.DeleteRole {
    func write(to writer: inout ByteWriter) {
        writer.write(name)
        condition.write(to: &writer)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        name = try reader.readRoleName()
        condition = try VersionCondition(from: &reader)
    }
}

extension ByteReader {
    /// Reads at most `maximum` names of roles.
    mutating func readRoleNames(atMost maximum: Int) throws(ByteCodecError) -> [RoleName] {
        try readList(atMost: maximum) { reader throws(ByteCodecError) in
            try reader.readRoleName()
        }
    }
}
