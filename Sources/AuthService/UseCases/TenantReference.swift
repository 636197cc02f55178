public import AuthCore
internal import ByteCodec

/// A tenant as somebody who logs in names it.
public enum TenantReference: Equatable, Sendable {
    case name(RoleName)
    case id(TenantID)

    /// Reads a name or an id; nil for what can be neither. No name begins like an id.
    public init?(_ text: String) {
        if let id: TenantID = ObjectText.read(text) {
            self = .id(id)
        } else if let name = RoleName(text), TenantRow.mayBeCalled(name) {
            self = .name(name)
        } else {
            return nil
        }
    }

    /// What a view says of it.
    struct Found {
        /// Where users are looked for: `TenantID.nobody` where there is no such tenant.
        let tenant: TenantID
        /// Whether anybody of it is let in.
        let isOpen: Bool
        /// The tenant's id, or what was asked for when there is none: what failures under a name
        /// that nobody has are counted by.
        let spelling: [UInt8]

        /// Where failures are counted: of a tenant that there is not, in the first one.
        var countedIn: TenantID { tenant == .nobody ? .platform : tenant }
    }

    /// The id that is meant: that of nobody where no tenant has the name.
    static func id(
        of reference: TenantReference, _ tables: some TableReader
    ) throws -> TenantID {
        switch reference {
        case .name(let name): try TenantRow.id(named: name, tables) ?? .nobody
        case .id(let id): id
        }
    }

    /// Looks for a tenant; nil is the first one. As many look-ups whether there is one or not.
    static func find(
        _ reference: TenantReference?, _ tables: some TableReader
    ) throws -> Found {
        let id: TenantID
        let spelling: [UInt8]
        switch reference {
        case nil:
            return Found(
                tenant: .platform, isOpen: true, spelling: TenantID.platform.bytes)
        case .name(let name)?:
            id = try self.id(of: .name(name), tables)
            spelling = name.bytes
        case .id(let wanted)?:
            id = wanted
            spelling = wanted.bytes
        }
        guard let row = try TenantRow.read(id, tables), row.state != .deleting else {
            return Found(tenant: .nobody, isOpen: false, spelling: spelling)
        }
        return Found(tenant: row.id, isOpen: row.state == .active, spelling: row.id.bytes)
    }
}
