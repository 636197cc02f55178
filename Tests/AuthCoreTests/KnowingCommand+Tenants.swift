@testable import AuthCore

extension KnowingCommand {
    /// The tenant in which an operation makes sense: that of whom it is about.
    func place(of operation: Command.Operation) throws -> TenantID {
        switch operation {
        case .updateUser(let body): try tenant(of: body.id)
        case .deleteUser(let body): try tenant(of: body.id)
        case .setPassword(let body): try tenant(of: body.user)
        case .rehashPassword(let body): try tenant(of: body.user)
        case .grantRole(let body): try tenant(of: body.user)
        case .revokeRole(let body): try tenant(of: body.user)
        case .startSession(let body): try tenant(of: body.user)
        case .revokeSessions(let body): try tenant(of: body.user)
        case .createKey(let body): try tenant(of: body.owner)
        case .enrolFactor(let body): try tenant(of: body.user)
        case .confirmFactor(let body): try tenant(of: body.user)
        case .removeFactor(let body): try tenant(of: body.user)
        case .revokeSession(let body):
            try SessionRow.read(body.session, tables)?.tenant ?? .platform
        case .rotateRefresh(let body):
            try SessionRow.read(body.number, tables)?.tenant ?? .platform
        case .updateKey(let body): try KeyRow.read(body.id, tables)?.tenant ?? .platform
        case .rotateKey(let body): try KeyRow.read(body.id, tables)?.tenant ?? .platform
        case .deleteKey(let body): try KeyRow.read(body.id, tables)?.tenant ?? .platform
        default: .platform
        }
    }

    /// The tenant of a user, wherever it is; the first one for nobody.
    func tenant(of user: UserID) throws -> TenantID {
        try tables.rows(.users).lazy.map { try UserRow(key: $0.key, value: $0.value) }
            .first { $0.id == user }?.tenant ?? .platform
    }

    func password(of user: UserID) throws -> PasswordRow? {
        try PasswordRow.read(tenant(of: user), user, tables)
    }

    /// Makes tenants with an administrator, and mostly ends them again.
    mutating func tenantChange() throws -> Command.Operation {
        let session = try pick(SessionRow.self)
        let chosen = try pick(TenantRow.self)?.id ?? .platform
        let id = session.map { $0.tenant == .platform ? chosen : $0.tenant } ?? chosen
        switch dice.below(10) {
        case 0...3:
            return .createTenant(
                .init(
                    id: TenantID(bits: 100 + UInt128(count)), name: role("t\(count)"),
                    administrator: .init(
                        id: UserID(bits: 100_000 + UInt128(count)), username: name("first"),
                        password: PasswordHash(phc: "$1"))))
        case 4: return .updateTenant(.init(id: id, suspended: true))
        case 5, 6: return .updateTenant(.init(id: id, suspended: false))
        case 7:
            return .updateTenant(
                .init(id: id, name: role("u\(count)"), displayName: Text("\(count)")))
        case 8:
            let first = try tables.rows(.users).map { try UserRow(key: $0.key, value: $0.value) }
                .filter { $0.tenant != .platform }
            guard !first.isEmpty else { return .deleteTenant(.init(id: id)) }
            let user = dice.pick(first)
            return .startSession(
                .init(
                    user: user.id, nonce: count, verifier: fresh(0),
                    authVersionSeen: try password(of: user.id)?.authVersion,
                    idleMilliseconds: 86_400_000, absoluteMilliseconds: 86_400_000,
                    method: .password))
        default: return .deleteTenant(.init(id: id))
        }
    }
}
