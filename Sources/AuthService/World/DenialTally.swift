public import AuthCore
public import RaftCore

/// Decides which denials are recorded one by one, and counts the others, so that whoever asks for
/// what they may not do as fast as they can does not push everything else out of the audit trail.
///
/// In each minute a node records so many denials of one user, and of one tenant, by themselves. Of
/// a user who has more, one record at the minute's end says how many these were.
public struct DenialTally: Sendable {
    /// Recorded one by one in a minute, of one user.
    public static let perUser = 10
    /// The same, of all users of a tenant; and so many of them are counted.
    public static let perTenant = 60
    /// Tenants of which anything is kept in a minute.
    public static let tenantsMax = 1_000
    private static let minuteNanoseconds: UInt64 = 60_000_000_000

    private struct User: Sendable {
        let actor: Actor
        var recorded = 0
        var counted: UInt64 = 0
    }

    private struct Tenant: Sendable {
        var recorded = 0
        // Looked up by id, and walked in order.
        var users: [UserID: User] = [:]

        /// The beginning of a user's count; nil when too many others of the tenant have one.
        func newUser(_ actor: Actor) -> User? {
            users.count < DenialTally.perTenant ? User(actor: actor) : nil
        }
    }

    private var minute: UInt64 = 0
    private var tenants: [TenantID: Tenant] = [:]
    private var over: [AuditEvent] = []
    /// Denials of which nothing is recorded, because too many others had some at the same time.
    public private(set) var dropped: UInt64 = 0

    public init() {}

    /// Whether this denial is to be recorded by itself. It is counted if not.
    ///
    /// - Parameter event: one of a user.
    public mutating func admits(_ event: AuditEvent, at now: SteadyTime) -> Bool {
        roll(to: now)
        guard case .user(let actor) = event.actor else { return true }
        guard tenants[event.tenant] != nil || tenants.count < Self.tenantsMax else {
            dropped += 1
            return false
        }
        var tenant = tenants[event.tenant] ?? Tenant()
        defer { tenants[event.tenant] = tenant }
        guard var user = tenant.users[actor.user] ?? tenant.newUser(event.actor) else {
            dropped += 1
            return false
        }
        defer { tenant.users[actor.user] = user }
        guard user.recorded < Self.perUser, tenant.recorded < Self.perTenant else {
            user.counted += 1
            return false
        }
        user.recorded += 1
        tenant.recorded += 1
        return true
    }

    /// What was only counted in minutes that are over: one event for each user.
    ///
    /// - Parameter isLast: whether the present minute ends early.
    public mutating func takeCounted(at now: SteadyTime, isLast: Bool = false) -> [AuditEvent] {
        roll(to: isLast ? now.advanced(nanoseconds: Self.minuteNanoseconds) : now)
        defer { over = [] }
        return over
    }

    private mutating func roll(to now: SteadyTime) {
        let present = now.nanoseconds / Self.minuteNanoseconds
        guard present != minute else { return }
        minute = present
        let room = Self.tenantsMax * Self.perTenant
        for (id, tenant) in tenants.sorted(by: { $0.key < $1.key }) {
            for (_, user) in tenant.users.sorted(by: { $0.key < $1.key }) where user.counted > 0 {
                guard over.count < room else {
                    dropped += user.counted
                    continue
                }
                over.append(
                    AuditEvent(
                        tenant: id, actor: user.actor, action: .requestDenied, outcome: .denied,
                        details: [.reason(.insufficientPermissions), .count(user.counted)]))
            }
        }
        tenants = [:]
    }
}
