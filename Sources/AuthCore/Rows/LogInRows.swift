import ByteCodec

/// Failures that count together, and what follows from them.
struct LogInTally: Hashable, Sendable {
    /// One after the other, none of them forgotten.
    var failures: UInt32
    /// Until then nobody is let in, and nothing is counted. Exclusive.
    var heldUntil: Timestamp
    /// From then on the failures count no more.
    var forgottenAt: Timestamp

    static let none = LogInTally(failures: 0, heldUntil: .zero, forgottenAt: .zero)

    /// Counts one more.
    ///
    /// Failures are remembered the longer the more there are, so that waiting until they are
    /// forgotten is never faster than to go on (docs/guessing.md).
    mutating func fail(at stamp: Timestamp) {
        if stamp >= forgottenAt { failures = 0 }
        failures = min(failures + 1, Limits.logInFailuresMax)
        let memory = min(
            UInt64(failures) * Limits.logInMemoryMilliseconds, Limits.logInMemoryMillisecondsMax)
        forgottenAt = stamp.advanced(milliseconds: memory)
        heldUntil =
            failures == Limits.logInFailuresMax
            ? forgottenAt : stamp.advanced(milliseconds: Self.delayMilliseconds(after: failures))
    }

    /// How long a name is held back after so many failures: nothing at first, then twice as long
    /// after each.
    static func delayMilliseconds(after failures: UInt32) -> UInt64 {
        guard failures > Limits.logInFailuresFree else { return 0 }
        let doublings = min(failures - Limits.logInFailuresFree - 1, Limits.logInDelayDoublings)
        return Limits.logInDelayMilliseconds << UInt64(doublings)
    }

    func write(to writer: inout ByteWriter) {
        writer.write(failures)
        writer.write(heldUntil)
        writer.write(forgottenAt)
    }
}

extension LogInTally {
    init(from reader: inout ByteReader) throws(ByteCodecError) {
        failures = try reader.read()
        heldUntil = try reader.readTime()
        forgottenAt = try reader.readTime()
    }
}

/// Failed log-ins of one name from anywhere but the networks that its user is known from.
struct LogInFailureRow: Hashable, Row {
    static let table = Table.logInFailures
    let tenant: TenantID
    let subject: LogInSubject
    var tally: LogInTally

    static func key(_ tenant: TenantID, _ subject: LogInSubject) -> [UInt8] {
        prefix(of: tenant) + subject.bytes
    }
    /// What the keys of all rows of a tenant begin with.
    static func prefix(of tenant: TenantID) -> [UInt8] { [0] + Key.of(tenant) }
    var key: [UInt8] { Self.key(tenant, subject) }
    /// What the keys begin with that list rows by the moment at which they are forgotten.
    static let expiryPrefix: [UInt8] = [1]
    var expiryKey: [UInt8] {
        Self.expiryPrefix + Key.of(tally.forgottenAt.rawValue) + key.dropFirst()
    }
    /// The key of the row that is listed under `expiryKey`.
    static func key(listedAs expiryKey: [UInt8]) -> [UInt8] { [0] + expiryKey.dropFirst(9) }

    init(tenant: TenantID, subject: LogInSubject, tally: LogInTally) {
        self.tenant = tenant
        self.subject = subject
        self.tally = tally
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(tenant)
        subject.write(to: &writer)
        tally.write(to: &writer)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "failed log-ins")
        tenant = try reader.readID()
        subject = try LogInSubject(from: &reader)
        tally = try LogInTally(from: &reader)
    }
}

/// How many `LogInFailureRow`s there are; absent before the first was made.
struct LogInCountRow: Hashable, Row {
    static let table = Table.logInFailures
    static let key: [UInt8] = [2]
    var key: [UInt8] { Self.key }
    var rows: UInt64

    static func read(_ reader: some TableReader) throws -> LogInCountRow {
        try row(key, reader) ?? LogInCountRow(rows: 0)
    }

    init(rows: UInt64) { self.rows = rows }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(rows)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "count of failed log-ins")
        rows = try reader.read()
    }
}

/// The failures with which a name begins that has no row: no fewer than any name had that was
/// pushed out of a full table and is not forgotten yet. Absent before one was.
struct LogInFloorRow: Hashable, Row {
    static let table = Table.logInFailures
    static let key: [UInt8] = [5]
    var key: [UInt8] { Self.key }
    var failures: UInt32
    var forgottenAt: Timestamp

    static func read(_ reader: some TableReader) throws -> LogInFloorRow {
        try row(key, reader) ?? LogInFloorRow(failures: 0, forgottenAt: .zero)
    }

    init(failures: UInt32, forgottenAt: Timestamp) {
        self.failures = failures
        self.forgottenAt = forgottenAt
    }

    /// What a name without a row begins with. It may be tried at once, so it is held back only by
    /// what it fails itself.
    func tally(at now: Timestamp) -> LogInTally {
        now < forgottenAt
            ? LogInTally(failures: failures, heldUntil: .zero, forgottenAt: forgottenAt) : .none
    }

    /// The floor once a row with this tally was pushed out.
    func raised(to tally: LogInTally, at now: Timestamp) -> LogInFloorRow {
        guard now < tally.forgottenAt else { return self }
        let old = self.tally(at: now)
        return LogInFloorRow(
            failures: max(old.failures, tally.failures),
            forgottenAt: max(old.forgottenAt, tally.forgottenAt))
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(failures)
        writer.write(forgottenAt)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "floor of failed log-ins")
        failures = try reader.read()
        forgottenAt = try reader.readTime()
    }
}

/// The networks from which a user has logged in, each with failures of its own: whoever holds the
/// name back from elsewhere does not keep its owner out there (security A9).
struct LogInNetworksRow: Hashable, Row {
    static let table = Table.logInFailures
    let tenant: TenantID
    let user: UserID
    /// At most `Limits.logInNetworks`, in the order in which they became known.
    var networks: [KnownNetwork]

    /// One of them.
    struct KnownNetwork: Hashable, Sendable {
        let network: LogInNetwork
        /// Of the last one that is noted; a later one within a day is not.
        var lastLogIn: Timestamp
        var tally: LogInTally
    }

    static func key(_ tenant: TenantID, _ user: UserID) -> [UInt8] {
        [3] + Key.of(tenant, user.bytes)
    }
    var key: [UInt8] { Self.key(tenant, user) }

    init(tenant: TenantID, user: UserID, networks: [KnownNetwork]) {
        self.tenant = tenant
        self.user = user
        self.networks = networks
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(tenant)
        writer.write(user)
        writer.write(list: networks) { writer, known in
            writer.write(lengthPrefixed: known.network.bytes)
            writer.write(known.lastLogIn)
            known.tally.write(to: &writer)
        }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "known networks")
        tenant = try reader.readID()
        user = try reader.readID()
        networks = try reader.readList(atMost: Limits.logInNetworks) {
            reader throws(ByteCodecError) in
            KnownNetwork(
                network: LogInNetwork(bytes: try reader.readLengthPrefixed(atMost: 8)),
                lastLogIn: try reader.readTime(), tally: try LogInTally(from: &reader))
        }
    }
}

/// Addresses that count as one place: an IPv4 /24, an IPv6 /64, or what has no address, as a
/// local socket.
struct LogInNetwork: Hashable, Sendable {
    /// 3, 8 or no bytes.
    let bytes: [UInt8]

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// The network of a client's address as a command's header has it.
    init(of address: Text) {
        guard let address = IPAddress(address.string) else {
            self.init(bytes: [])
            return
        }
        self.init(bytes: Array(address.bytes.prefix(address.isIPv4 ? 3 : 8)))
    }
}

/// What was written into a tenant's audit trail of failed log-ins in one minute, and what was not.
struct LogInAuditRow: Hashable, Row {
    static let table = Table.logInFailures
    /// Each has its own, so that a flood in one hides nothing of another.
    let tenant: TenantID
    /// Since the Unix epoch.
    let minute: UInt64
    /// What was recorded of users, and of names that nobody has: apart, so that a flood of invented
    /// names does not hide who is meant.
    var users: Records
    var names: Records
    /// Failures that have no record of their own.
    var summed: UInt64

    static func key(_ tenant: TenantID) -> [UInt8] { [4] + Key.of(tenant) }
    var key: [UInt8] { Self.key(tenant) }
    /// What the keys begin with that list rows by their minute.
    static let minutePrefix: [UInt8] = [6]
    var minuteKey: [UInt8] { Self.minutePrefix + Key.of(minute) + tenant.bytes }
    /// The tenant whose row is listed under `minuteKey`.
    static func tenant(listedAs minuteKey: [UInt8]) -> TenantID? {
        TenantID(bytes: Array(minuteKey.dropFirst(9)))
    }

    static func read(
        _ tenant: TenantID, _ reader: some TableReader
    ) throws -> LogInAuditRow? { try row(key(tenant), reader) }

    init(tenant: TenantID, minute: UInt64) {
        self.tenant = tenant
        self.minute = minute
        users = Records()
        names = Records()
        summed = 0
    }

    /// How many records there are of one minute.
    struct Records: Hashable, Sendable {
        /// Of single failures.
        var failures: UInt32 = 0
        /// Of names that are held back.
        var holds: UInt32 = 0
    }

    /// Those of users, or of names that nobody has.
    subscript(subject: LogInSubject) -> Records {
        get { subject.user == nil ? names : users }
        set { if subject.user == nil { names = newValue } else { users = newValue } }
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(1))
        writer.write(tenant)
        writer.write(minute)
        for records in [users, names] {
            writer.write(records.failures)
            writer.write(records.holds)
        }
        writer.write(summed)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.readVersion(1, of: "audit of failed log-ins")
        tenant = try reader.readID()
        minute = try reader.read()
        users = Records(failures: try reader.read(), holds: try reader.read())
        names = Records(failures: try reader.read(), holds: try reader.read())
        summed = try reader.read()
    }
}
