internal import AuthCore

/// The shapes of API keys.
extension Schema {
    private static let addresses = Schema.array(
        .text(.addressRange), countMax: Limits.addressesPerKey)
    private static let permissions = Schema.array(
        .text(.permission), countMax: Limits.permissionsPerKey)
    private static let roles = Schema.array(.text(.roleName), countMax: Limits.rolesPerUser)
    private static let seconds = Schema.integer(1...Limits.keyMilliseconds / 1_000)

    private static let keyProperties = [
        Property("id", .text(.objectID("key"))),
        Property("name", .text(.shortText)),
        Property("prefix", .text(.keyPrefix)),
        Property("owner_id", .text(.objectID("usr"))),
        Property("roles", roles, "Empty where permissions are named."),
        Property("permissions", permissions, "Empty where roles are named."),
        Property("allowed_addresses", addresses, "From where it is good; none: everywhere."),
        Property("rate_limit", .text(.rateLimit)),
        Property("quota", .text(.quota)),
        Property("imported", .boolean, "Whether it was made elsewhere."),
        Property("created_at", .time),
        Property("updated_at", .time),
        Property("expires_at", .nullable(.time), "Null: when it is deleted."),
        Property(
            "previous_expires_at", .nullable(.time),
            "Until when the key before the last rotation is good."),
        Property("last_used_at", .nullable(.time), "Some seconds late."),
        Property("last_used_address", .text(TextRule(0...64))),
        Property("metadata", .freeObject(bytesMax: Limits.metadataBytes)),
        Property("version", .integer(0...UInt64(Int64.max))),
    ]

    static let key = Schema.object(ObjectSchema("Key", keyProperties))

    static let issuedKey = Schema.object(
        ObjectSchema(
            "IssuedKey",
            [
                Property(
                    "key", .text(.token), required: false,
                    "The whole key; absent for one that was made elsewhere.")
            ] + keyProperties))

    static let newKey = Schema.object(
        ObjectSchema(
            "NewKey",
            [
                Property(
                    "owner_id", .text(.objectID("usr")), required: false,
                    "Whose rights bound those of the key; the caller by default."),
                Property(
                    "prefix", .text(.keyPrefix), required: false, "`wwk` by default."),
                Property(
                    "sha256",
                    .text(.sha256), required: false,
                    "The SHA-256 of a whole key that was made elsewhere; nothing is made then."),
            ] + changes))

    static let keyChange = Schema.object(ObjectSchema("KeyChange", changes))

    private static let changes = [
        Property("name", .text(.shortText), required: false),
        Property("roles", roles, required: false, "Needs `roles:grant` as well."),
        Property(
            "permissions", permissions, required: false,
            "The caller and the owner must hold every one of them."),
        Property("allowed_addresses", addresses, required: false),
        Property("rate_limit", .text(.rateLimit), required: false),
        Property("quota", .text(.quota), required: false),
        Property("expires_at", .nullable(.time), required: false, "Null: never."),
        Property("ttl_seconds", seconds, required: false, "Instead of `expires_at`."),
        Property("metadata", .freeObject(bytesMax: Limits.metadataBytes), required: false),
    ]

    static let keyRotation = Schema.object(
        ObjectSchema(
            "KeyRotation",
            [
                Property(
                    "grace_seconds", .integer(0...Limits.keyGraceMilliseconds / 1_000),
                    required: false, "How long the present key is still good; 0 by default.")
            ]))
}

extension TextRule {
    /// What stands before the `_` of a key; `ww…` is reserved, but for `wwk`.
    static let keyPrefix = TextRule(
        2...16,
        pattern: "^(wwk|[a-vx-z][a-z0-9-]{1,15}|w[a-vx-z0-9-][a-z0-9-]{0,14})$", example: "acme",
        isSatisfied: { KeyPrefix($0) != nil })

    /// An address, or a range of addresses. The pattern leaves out capital letters and IPv4 within
    /// IPv6, which are taken too and never answered.
    static let addressRange = TextRule(
        2...49,
        pattern: {
            let byte = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
            let group = "[0-9a-f]{1,4}"
            // Eight groups, or fewer around `::`, by how many there are before it.
            let groups =
                ["(\(group):){7}\(group)", "(\(group):){1,7}:", ":(:\(group)){1,7}", "::"]
                + (1...6).map { "(\(group):){\($0)}(:\(group)){1,\(7 - $0)}" }
            return "^((\(byte)\\.){3}\(byte)(/(3[0-2]|[12]?[0-9]))?"
                + "|(\(groups.joined(separator: "|")))(/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))?)$"
        }(), example: "10.0.0.0/8", isSatisfied: { AddressRange($0) != nil })

    /// A SHA-256 in small hexadecimal digits.
    static let sha256 = TextRule(
        64...64, pattern: "^[0-9a-f]{64}$",
        isSatisfied: { text in
            let capitals = UInt8(ascii: "A")...UInt8(ascii: "F")
            return Digest256(hex: text) != nil && !text.utf8.contains(where: capitals.contains)
        })
}
