/// One permission: one to three names of `[a-z0-9._-]` joined by `:`, of which the last may be a
/// path (`invoke`, `code:execute`, `secrets:read:app/db/*`).
///
/// Permissions only add. A trailing `/*` means everything below, a lone `*` everything of the
/// tenant; elsewhere `*` is refused. The last part may contain capitals when it is a path: when
/// it has a slash, or is the third.
public struct Permission: Hashable, Comparable, Sendable {
    /// The ASCII bytes.
    public let bytes: [UInt8]

    /// Everything of the tenant.
    public static let everything = Permission(trusted: "*")

    /// The bounds of one name and of a path.
    static let nameBytesMax = 64
    static let pathBytesMax = 255

    /// Takes a permission of exactly the form above; nil for anything else.
    public init?(bytes: [UInt8]) {
        guard bytes.count <= 2 * (Self.nameBytesMax + 1) + Self.pathBytesMax,
            Self.isWellFormed(bytes)
        else { return nil }
        self.bytes = bytes
    }

    /// Takes a permission of exactly the form above; nil for anything else.
    public init?(_ string: String) { self.init(bytes: Array(string.utf8)) }

    // For the spellings in this source, which tests check.
    init(trusted: StaticString) { bytes = Array(trusted.description.utf8) }

    /// The permission to read or write one secret: a name of this server and a path.
    init(trusted: StaticString, path: SecretPath) {
        bytes = Array(trusted.description.utf8) + [UInt8(ascii: ":")] + path.bytes
    }

    /// The permission to show.
    public var string: String { String(decoding: bytes, as: UTF8.self) }
    public static func < (a: Self, b: Self) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }

    /// Whether whoever holds this permission holds `other` too, in the platform tenant.
    ///
    /// `a:b` covers every `a:b:path`, because a path narrows; `a` does not cover `a:b`.
    public func covers(_ other: Permission) -> Bool {
        if self == .everything || self == other { return true }
        if bytes.count >= 2, bytes.suffix(2).elementsEqual("/*".utf8) {
            let stem = bytes.dropLast()
            return other.bytes.count > stem.count && other.bytes.starts(with: stem)
        }
        let colons = bytes.count { $0 == UInt8(ascii: ":") }
        return colons == 1 && other.bytes.count > bytes.count && other.bytes.starts(with: bytes)
            && other.bytes[bytes.count] == UInt8(ascii: ":")
    }

    /// Whether the permission exists in the platform tenant only: those over the cluster, its
    /// seal, its tenants, and the export of the audit trail.
    public var isPlatformOnly: Bool {
        let first = bytes.prefix { $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: "/") }
        return Self.platformNames.contains { first.elementsEqual($0) }
            || Permission.auditExport == self || Permission.auditExport.covers(self)
    }

    /// Whether this server itself asks for the permission somewhere, so that it is power over
    /// the server and not over what stands behind it.
    public func isAdministrative(at featureLevel: UInt32) -> Bool {
        if self == .everything { return true }
        let first = bytes.prefix { $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: "/") }
        return Self.ownNames.contains { first.elementsEqual($0) }
            || featureLevel >= 2 && Self.ownNamesOfLevel2.contains { first.elementsEqual($0) }
    }

    private static let platformNames = ["cluster", "seal", "signing-keys", "tenants"].map {
        Array($0.utf8)
    }
    private static let ownNames = [
        "audit", "cluster", "keys", "metrics", "roles", "seal", "secrets", "sessions", "tenants",
        "users",
    ].map { Array($0.utf8) }
    private static let ownNamesOfLevel2 = ["settings", "signing-keys", "usage"].map {
        Array($0.utf8)
    }

    private static func isWellFormed(_ bytes: [UInt8]) -> Bool {
        if bytes.elementsEqual("*".utf8) { return true }
        let parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard let last = parts.last, parts.count <= 3 else { return false }
        return parts.dropLast().allSatisfy(isName) && isLast(last, isThird: parts.count == 3)
    }

    private static func isName(_ part: ArraySlice<UInt8>) -> Bool {
        (1...nameBytesMax).contains(part.count) && part.allSatisfy(ASCII.isNameByte)
    }

    private static func isLast(_ part: ArraySlice<UInt8>, isThird: Bool) -> Bool {
        var path = part
        let isBelow = part.count > 2 && part.suffix(2).elementsEqual("/*".utf8)
        if isBelow { path = part.dropLast(2) }
        guard isBelow || isThird || path.contains(UInt8(ascii: "/")) else { return isName(part) }
        return part.count <= pathBytesMax && ASCII.isPath(path)
    }
}

extension Permission {
    public static let usersRead = Permission(trusted: "users:read")
    public static let usersWrite = Permission(trusted: "users:write")
    public static let rolesRead = Permission(trusted: "roles:read")
    public static let rolesWrite = Permission(trusted: "roles:write")
    public static let rolesGrant = Permission(trusted: "roles:grant")
    public static let sessionsCreate = Permission(trusted: "sessions:create")
    public static let sessionsLookup = Permission(trusted: "sessions:lookup")
    public static let sessionsRead = Permission(trusted: "sessions:read")
    public static let sessionsRevoke = Permission(trusted: "sessions:revoke")
    public static let keysRead = Permission(trusted: "keys:read")
    public static let keysWrite = Permission(trusted: "keys:write")
    public static let secretsRead = Permission(trusted: "secrets:read")
    public static let secretsWrite = Permission(trusted: "secrets:write")
    public static let auditRead = Permission(trusted: "audit:read")
    public static let auditExport = Permission(trusted: "audit:export")
    public static let metricsRead = Permission(trusted: "metrics:read")
    public static let clusterRead = Permission(trusted: "cluster:read")
    public static let clusterManage = Permission(trusted: "cluster:manage")
    public static let sealManage = Permission(trusted: "seal:manage")
    public static let signingKeysRead = Permission(trusted: "signing-keys:read")
    public static let signingKeysWrite = Permission(trusted: "signing-keys:write")
    public static let settingsRead = Permission(trusted: "settings:read")
    public static let settingsWrite = Permission(trusted: "settings:write")
    public static let tenantsRead = Permission(trusted: "tenants:read")
    public static let tenantsWrite = Permission(trusted: "tenants:write")
    public static let tenantsExport = Permission(trusted: "tenants:export")
    public static let usageRead = Permission(trusted: "usage:read")
    public static let tenantsAct = Permission(trusted: "tenants:act")
    /// `secrets:read` narrowed to one path.
    public static func secretsRead(_ path: SecretPath) -> Permission {
        Permission(trusted: "secrets:read", path: path)
    }
    /// `secrets:write` narrowed to one path.
    public static func secretsWrite(_ path: SecretPath) -> Permission {
        Permission(trusted: "secrets:write", path: path)
    }
}
