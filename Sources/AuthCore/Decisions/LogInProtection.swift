public import ByteCodec

/// Until when a log-in is held back, as one view sees it; nil when it may be tried.
///
/// Apply decides anew, so a view that lags lets nobody in who should wait.
///
/// - Parameters:
///   - address: of the client, as the command's header will have it.
///   - now: the moment against which it is held.
public func logInHeldUntil(
    _ subject: LogInSubject, in tenant: TenantID, from address: Text, now: Timestamp,
    _ reader: some TableReader
) throws -> Timestamp? {
    try LogInCounter(subject, in: tenant, from: address, at: now, reader).heldUntil(at: now)
}

/// How many names have failed log-ins that count, for metrics. At most `Limits.logInRows`.
public func logInNamesCounted(_ reader: some TableReader) throws -> UInt64 {
    try LogInCountRow.read(reader).rows
}

/// The counter by which a log-in is judged: that of a network from which the user is known, or the
/// one of everybody else.
struct LogInCounter {
    let tenant: TenantID
    let subject: LogInSubject
    let network: LogInNetwork
    /// The user's networks, and which of them it is; nil for strangers.
    private var known: (row: LogInNetworksRow, place: Int)?
    private(set) var tally: LogInTally

    init(
        _ subject: LogInSubject, in tenant: TenantID, from address: Text, at now: Timestamp,
        _ reader: some TableReader
    ) throws {
        self.tenant = tenant
        self.subject = subject
        network = LogInNetwork(of: address)
        // Looked for also where it cannot be, so that nobody sees whether there is a user.
        let key = LogInNetworksRow.key(tenant, subject.user ?? subject.nobody)
        let row = try LogInNetworksRow.row(key, reader)
        if subject.user != nil, let row, let place = row.place(of: network, at: now) {
            known = (row, place)
            tally = row.networks[place].tally
        } else {
            let key = LogInFailureRow.key(tenant, subject)
            tally =
                try LogInFailureRow.row(key, reader)?.tally
                ?? LogInFloorRow.read(reader).tally(at: now)
        }
    }

    /// The end of the time in which nobody is let in; nil when there is none.
    func heldUntil(at now: Timestamp) -> Timestamp? {
        now < tally.heldUntil ? tally.heldUntil : nil
    }

    /// Counts a failure.
    mutating func fail(at stamp: Timestamp, _ tables: some TableWriter) throws {
        tally.fail(at: stamp)
        if let known {
            var row = known.row
            row.networks[known.place].tally = tally
            try row.put(tables)
        } else {
            let row = LogInFailureRow(tenant: tenant, subject: subject, tally: tally)
            try LogIns.put(row, at: stamp, tables)
        }
    }
}

extension LogInNetworksRow {
    /// Where the network stands, if the user is known from there.
    func place(of network: LogInNetwork, at now: Timestamp) -> Int? {
        networks.firstIndex {
            $0.network == network
                && now.milliseconds(since: $0.lastLogIn) < Limits.logInNetworkMilliseconds
        }
    }
}

/// What is kept of log-ins.
enum LogIns {
    /// Writes a row and what lists it. When there are too many, the one goes that would be
    /// forgotten next: it has the fewest failures, or the oldest. Whoever has no row begins with as
    /// many from then on, so that nobody gains tries by pushing a name out.
    static func put(
        _ row: LogInFailureRow, at stamp: Timestamp, _ tables: some TableWriter
    ) throws {
        if let old = try LogInFailureRow.row(row.key, tables) {
            try tables.delete(.logInFailures, old.expiryKey)
        } else {
            var count = try LogInCountRow.read(tables)
            if count.rows >= Limits.logInRows {
                for key in try due(upTo: nil, atMost: 1, tables) {
                    let tally = try drop(listedAs: key, tables)
                    try LogInFloorRow.read(tables).raised(to: tally, at: stamp).put(tables)
                }
                count = try LogInCountRow.read(tables)
            }
            count.rows += 1
            try count.put(tables)
        }
        try row.put(tables)
        try tables.put(.logInFailures, row.expiryKey, [])
    }

    /// Keys that list rows, in the order in which these are forgotten.
    ///
    /// - Parameter upTo: only what is forgotten by then; nil for all.
    static func due(
        upTo: Timestamp?, atMost limit: UInt32, _ tables: some TableReader
    ) throws -> [[UInt8]] {
        let prefix = LogInFailureRow.expiryPrefix
        let end =
            upTo.map { prefix + Key.of($0.advanced(milliseconds: 1).rawValue) }
            ?? Key.behind(prefix: prefix)
        var keys: [[UInt8]] = []
        try tables.scan(.logInFailures, from: prefix, upTo: end) { key, _ in
            guard keys.count < limit else { return false }
            keys.append(key)
            return true
        }
        return keys
    }

    /// Removes the row that is listed under this key, and answers what it counted.
    @discardableResult
    static func drop(
        listedAs key: [UInt8], _ tables: some TableWriter
    ) throws -> LogInTally {
        guard let row = try LogInFailureRow.row(LogInFailureRow.key(listedAs: key), tables),
            row.expiryKey == key
        else { throw StateDamage(table: .logInFailures, key: key, what: "no such row") }
        try drop(row, tables)
        return row.tally
    }

    /// Removes a row and what lists it.
    static func drop(_ row: LogInFailureRow, _ tables: some TableWriter) throws {
        try row.remove(tables)
        try tables.delete(.logInFailures, row.expiryKey)
        var count = try LogInCountRow.read(tables)
        guard count.rows > 0 else {
            throw StateDamage(table: .logInFailures, key: count.key, what: "count below zero")
        }
        count.rows -= 1
        try count.put(tables)
    }

    /// Forgets all failures of a user, and where they logged in.
    static func forget(
        _ tenant: TenantID, _ user: UserID, _ tables: some TableWriter
    ) throws {
        if let row = try LogInFailureRow.row(LogInFailureRow.key(tenant, .user(user)), tables) {
            try drop(row, tables)
        }
        let key = LogInNetworksRow.key(tenant, user)
        if try LogInNetworksRow.row(key, tables) != nil {
            try tables.delete(.logInFailures, key)
        }
    }

    /// A user has logged in: their network is known from now on, and its failures are forgotten.
    /// Those from elsewhere stay: somebody else made them (NIST SP 800-63B-4 §3.2.2).
    ///
    /// - Returns: whether others were known, and this one was not.
    static func succeeded(
        _ tenant: TenantID, _ user: UserID, from address: Text, at stamp: Timestamp,
        _ tables: some TableWriter
    ) throws -> Bool {
        let network = LogInNetwork(of: address)
        let key = LogInNetworksRow.key(tenant, user)
        var row =
            try LogInNetworksRow.row(key, tables)
            ?? LogInNetworksRow(tenant: tenant, user: user, networks: [])
        if let place = row.networks.firstIndex(where: { $0.network == network }) {
            let known = row.networks[place]
            let age = stamp.milliseconds(since: known.lastLogIn)
            // Most log-ins change nothing here.
            if known.tally == .none, age < Limits.logInNetworkNotedMilliseconds { return false }
            row.networks[place].lastLogIn = stamp
            row.networks[place].tally = .none
            try row.put(tables)
            return false
        } else {
            let isElsewhere = !row.networks.isEmpty
            if row.networks.count == Limits.logInNetworks,
                let oldest = row.networks.indices.min(by: {
                    row.networks[$0].lastLogIn < row.networks[$1].lastLogIn
                })
            {
                row.networks.remove(at: oldest)
            }
            row.networks.append(
                .init(network: network, lastLogIn: stamp, tally: .none))
            try row.put(tables)
            return isElsewhere
        }
    }
}
