import AuthCore
import ByteCodec
import RaftCore

/// Which tenants are open, followed from what is committed and from what was acknowledged, and held
/// against every answer to a credential of theirs: *suspended and deleted is final until resumed*,
/// *no false refusal*, and *no tenant sees another*.
///
/// It knows commands and their outcomes, and nothing of how apply comes to them. Moments are those
/// of the world, in microseconds.
struct TenantLedger {
    /// What is known of a tenant.
    struct Tenant {
        /// The entry that closed it; nil while it is open.
        var closedBy: LogIndex?
        var isDeleted = false
        /// From then on nobody of it may get in.
        var finalSince: UInt64?
        /// From then on nobody of it may be refused without a reason; nil while it may be.
        var openSince: UInt64? = 0
    }

    /// What is known of a session or key of a tenant.
    struct Credential {
        let tenant: TenantID
        /// Its end if nobody uses it.
        let endsAt: Timestamp
        /// From then on nobody may be refused without a reason.
        var issuedAt: UInt64?
    }

    // Looked up, never iterated.
    private var tenants: [TenantID: Tenant] = [:]
    private var credentials: [UInt64: Credential] = [:]

    /// What is known of this tenant.
    func tenant(_ id: TenantID) -> Tenant? { tenants[id] }

    // MARK: What is committed

    /// A command took effect for the first time.
    mutating func committed(_ command: Command, _ outcome: Outcome) -> Violation? {
        switch (command.operation, outcome.result) {
        case (.createTenant(let body), .tenant): tenants[body.id] = Tenant()
        case (.updateTenant(let body), .tenant(let row)):
            guard body.suspended != nil, tenants[body.id] != nil else { return nil }
            if row.state == .suspended {
                close(body.id, outcome.index)
            } else {
                tenants[body.id]?.closedBy = nil
                tenants[body.id]?.finalSince = nil
            }
        case (.deleteTenant(let body), .done):
            guard tenants[body.id]?.isDeleted == false else { return nil }
            tenants[body.id]?.finalSince = nil
            tenants[body.id]?.closedBy = nil
            tenants[body.id]?.isDeleted = true
            close(body.id, outcome.index)
        case (.startSession, .session(let row)):
            return begun(
                row.id.number, row.tenant, endsAt: min(row.idleExpiresAt, row.expiresAt))
        case (.createKey, .key(let row)):
            return begun(row.id.number, row.tenant, endsAt: row.expiresAt ?? .max)
        default: break
        }
        return nil
    }

    private mutating func close(_ id: TenantID, _ index: LogIndex) {
        if tenants[id]?.closedBy == nil { tenants[id]?.closedBy = index }
        tenants[id]?.openSince = nil
    }

    private mutating func begun(
        _ number: CredentialNumber, _ tenant: TenantID, endsAt: Timestamp
    ) -> Violation? {
        guard tenant != .platform else { return nil }
        guard tenants[tenant]?.closedBy == nil else {
            return Violation("tenant", "credential \(number.rawValue) begins in a closed tenant")
        }
        credentials[number.rawValue] = Credential(tenant: tenant, endsAt: endsAt)
        return nil
    }

    // MARK: What is acknowledged

    /// Somebody was given the credential.
    mutating func issued(_ number: UInt64, at now: UInt64) {
        if credentials[number]?.issuedAt == nil { credentials[number]?.issuedAt = now }
    }

    /// Somebody was told that nobody of the tenant gets in, by an answer that reflects this entry.
    mutating func acknowledgedClosing(_ id: TenantID, upTo index: LogIndex, at now: UInt64) {
        guard let closed = tenants[id]?.closedBy, closed <= index else { return }
        if tenants[id]?.finalSince == nil { tenants[id]?.finalSince = now }
    }

    /// Somebody was told that the tenant is open.
    mutating func acknowledgedOpening(_ id: TenantID, at now: UInt64) {
        guard let tenant = tenants[id], tenant.closedBy == nil else { return }
        if tenant.openSince == nil { tenants[id]?.openSince = now }
    }

    // MARK: What nodes answer

    /// A node let somebody in whose request came at `arrived`.
    func allowed(_ number: UInt64, arrived: UInt64) -> Violation? {
        guard let credential = credentials[number] else {
            return Violation("tenant", "credential \(number) is let in, and never began")
        }
        guard let since = tenants[credential.tenant]?.finalSince, arrived > since else {
            return nil
        }
        return Violation(
            "tenant",
            "credential \(number) is let in \(arrived - since) µs after its tenant was closed")
    }

    /// A node refused somebody whose request came at `arrived`.
    ///
    /// - Parameter clock: the latest time that the node can have gone by.
    func refused(_ number: UInt64, arrived: UInt64, clock: Timestamp) -> Violation? {
        guard let credential = credentials[number], let issuedAt = credential.issuedAt,
            arrived > issuedAt, clock < credential.endsAt,
            let since = tenants[credential.tenant]?.openSince, arrived > since
        else { return nil }
        return Violation(
            "refused",
            "credential \(number) is refused, and its tenant is open since \(since) µs")
    }
}
