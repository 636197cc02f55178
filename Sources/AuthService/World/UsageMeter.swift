public import AuthCore
public import ByteCodec
internal import RaftCore

/// How a quota stands after a request.
public struct QuotaStanding: Equatable, Sendable {
    public var limit: UInt64
    /// As far as this node knows.
    public var remaining: UInt64
    public init(limit: UInt64, remaining: UInt64) {
        self.limit = limit
        self.remaining = remaining
    }
}

/// Whether a request passes.
public enum QuotaVerdict: Equatable, Sendable {
    /// It was counted. The tightest of its quotas; nil when it has none.
    case passed(QuotaStanding?)
    /// This one is spent; nothing was counted. It is worth trying again after so many seconds.
    case refused(QuotaStanding, seconds: UInt64)
}

/// Counts requests for usage and quotas.
public protocol UsageMeter: Sendable {
    /// Counts a request for each of its subjects, if every quota has room.
    func count(_ request: Metering) -> QuotaVerdict
}

/// Where nothing is counted: before feature level 2.
public struct Unmetered: UsageMeter {
    public init() {}
    public func count(_ request: Metering) -> QuotaVerdict { .passed(nil) }
}

/// For whom a request of a caller counts, and what the state knows of their quotas: all of one view
/// and by its time.
public struct Metering: Equatable, Sendable {
    /// A quota that must have room.
    public struct Limit: Equatable, Sendable {
        public var subject: UsageSubject
        public var period: UsagePeriod
        public var limit: UInt64
        /// What the log knows of it.
        public var recorded: UInt64
        public init(
            subject: UsageSubject, period: UsagePeriod, limit: UInt64, recorded: UInt64
        ) {
            self.subject = subject
            self.period = period
            self.limit = limit
            self.recorded = recorded
        }
    }

    public var tenant: TenantID
    /// By the state's time: none of a node's own.
    public var now: Timestamp
    /// The key if it was one, the user, the tenant; nobody where nothing is counted.
    public var subjects: [UsageSubject]
    public var limits: [Limit]
    /// Nodes that may let requests pass at once.
    public var members: Int

    public init(
        tenant: TenantID, now: Timestamp, subjects: [UsageSubject], limits: [Limit], members: Int
    ) {
        self.tenant = tenant
        self.now = now
        self.subjects = subjects
        self.limits = limits
        self.members = members
    }

    /// In days since the Unix epoch.
    var day: UInt32 { UsagePeriod.day(of: now) }
}

extension Metering {
    /// What counts for a request of a user, by this key if it is one.
    init(_ rights: Rights, key: KeyRow? = nil, _ view: StateView) throws {
        let user = rights.user.row
        self.init(
            tenant: user.tenant, now: view.meta.lastStamp, subjects: [], limits: [],
            members: max(1, view.meta.configuration.members.count))
        guard view.meta.featureLevel >= Limits.usageFeatureLevel else { return }
        if let key {
            try add(UsageSubject(.key, key.id.bits), Quota(stored: key.quota), view)
        }
        let own = Quota(stored: user.quota)
        try add(
            UsageSubject(.user, user.id.bits), own == .none ? rights.permissions.quota : own, view)
        let settings = try SettingsRow.read(user.tenant, view.tables)
        try add(UsageSubject(.tenant, user.tenant.bits), Quota(stored: settings.quota), view)
    }

    private mutating func add(
        _ subject: UsageSubject, _ quota: Quota, _ view: StateView
    ) throws {
        subjects.append(subject)
        guard quota != .none else { return }
        for (limit, period) in [
            (quota.day, UsagePeriod.day(day)), (quota.month, .month(ofDay: day)),
        ] {
            guard let limit else { continue }
            limits.append(
                Limit(
                    subject: subject, period: period, limit: limit,
                    recorded: try recordedUsage(of: subject, in: tenant, period, view.tables)))
        }
    }
}
