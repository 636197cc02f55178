import APITypes
import AuthCore
import AuthService
import ByteCodec
import Cryptography
import RaftCore

/// Holds what nodes answer over HTTP against what is committed, against what was acknowledged, and
/// against what each object would do in the hands of one client alone.
struct Judge {
    private(set) var access = AccessLedger()
    private(set) var refreshes = RefreshLedger()
    private(set) var keyAccess = KeyLedger()
    private(set) var logIns = LogInLedger()
    var limits: LimitLedger
    var quotas: QuotaLedger
    private(set) var signing = AccessTokenLedger()
    private(set) var crowds = CrowdLedger()
    private(set) var codeUse = CodeLedger()
    private(set) var tenantAccess = TenantLedger()
    /// Every tenant that was made, and what was given out there.
    private(set) var tenants: [KnownTenant] = []
    private(set) var tenantCredentials: [TenantCredential] = []
    private var effects = EffectLedger()
    /// Every session that somebody was given.
    private(set) var tokens: [KnownToken] = []
    /// Every API key that somebody was given.
    private(set) var keys: [KnownKey] = []
    /// Every access token that somebody was given.
    private(set) var accessTokens: [KnownAccessToken] = []
    private var keyPlaces: [UInt64: Int] = [:]
    /// Those that are thought to have ended, in the order in which that became known.
    private(set) var ended: [Int] = []
    // Looked up, never iterated.
    private var tokenPlaces: [String: Int] = [:]
    /// Reads tokens, once the cluster is made.
    private(set) var codec: TokenCodec?
    /// Entries that took access away, ascending.
    private var narrowing: [LogIndex] = []

    // What objects were asked for, and how they answered.
    private(set) var secrets: [Int: [Observation<SecretModel.Operation>]] = [:]
    private(set) var accounts: [Int: [Observation<AccountModel.Operation>]] = [:]
    private(set) var grants: [Int: [Observation<GrantModel.Operation>]] = [:]
    private(set) var expectations: [AuditTrail.Expectation] = []

    init(nodes: Int) {
        limits = LimitLedger(nodes: nodes)
        quotas = QuotaLedger(nodes: nodes)
    }

    // MARK: What is committed

    /// An entry is committed, and this is what the reference made of it.
    mutating func committed(
        _ entry: Entry, _ applied: AppliedEntry, at now: UInt64
    ) -> Violation? {
        guard entry.kind == .command,
            let proposal = readable({ try Proposal(decoding: entry.payload) }),
            let command = readable({ try Command(decoding: proposal.command) }),
            let outcome = readable({ try Outcome(decoding: applied.outcome) })
        else { return nil }
        if command.isNarrowing { narrowing.append(entry.index) }
        guard !applied.wasDuplicate, outcome.replay == nil else { return nil }
        if case .bootstrap(let body) = command.operation, outcome.refusal == nil {
            codec = readable({
                try TokenCodec(blockKey: SecretBytes(copying: body.tokenBlockKey))
            })
        }
        var violation: Violation?
        if case .rotateRefresh(let body) = command.operation {
            let session = access.session(body.number.rawValue)
            let mayBeDead = session.map { $0.endedBy != nil || outcome.stamp >= $0.endsAt } ?? true
            violation = refreshes.committed(body, outcome, mayBeDead: mayBeDead)
            if outcome.refusal == nil, session?.endedBy != nil {
                violation = Violation("spent", "a token of a session that has ended is redeemed")
            }
        }
        violation = violation ?? logIns.committed(command, outcome)
        violation = violation ?? crowds.committed(command.operation, outcome, access)
        violation = violation ?? codeUse.committed(command, outcome)
        access.committed(command.operation, actor: command.header.actor, outcome, at: now)
        if case .session(let row) = outcome.result {
            access.evicted(crowds.evicted(by: row.id.number.rawValue), outcome.index)
        }
        signing.committed(command.operation, outcome)
        violation = violation ?? tenantAccess.committed(command, outcome)
        if let permission = Permission(HTTPLayer.rolePermission) {
            keyAccess.committed(command.operation, outcome, permission: permission)
        }
        if case .startSession(let body) = command.operation, let verifier = body.refreshVerifier,
            case .session(let row) = outcome.result
        {
            refreshes.began(row.id.number.rawValue, verifier)
        }
        if let request = command.header.request, outcome.refusal == nil {
            violation = violation ?? effects.committed(request, outcome)
        }
        return violation
    }

    /// The newest entry up to and with `index` that took access away.
    func lastNarrowing(upTo index: LogIndex) -> LogIndex {
        var low = 0
        var high = narrowing.count
        while low < high {
            let middle = (low + high) / 2
            if narrowing[middle] <= index { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? .zero : narrowing[low - 1]
    }

    // MARK: Tokens

    /// The number of the session that a token is for.
    func number(of token: String) -> UInt64? {
        codec?.parse(Array(token.utf8), as: .session)?.rowNumber
    }

    /// Somebody was given a session. Returns its place in the list.
    mutating func learn(
        _ token: String, shownID: String, account: Int?, refreshToken: String?
    ) -> Int? {
        if let known = tokenPlaces[token] { return known }
        guard let number = number(of: token) else { return nil }
        tokens.append(
            KnownToken(
                token: token, number: number, shownID: shownID, account: account,
                refreshTokens: refreshToken.map { [$0] } ?? []))
        tokenPlaces[token] = tokens.count - 1
        return tokens.count - 1
    }

    mutating func markEnded(_ session: Int) {
        guard !tokens[session].isEnded else { return }
        tokens[session].isEnded = true
        ended.append(session)
    }

    mutating func markEnded(account: Int, keeping kept: Int?) {
        for place in tokens.indices where tokens[place].account == account && place != kept {
            markEnded(place)
        }
    }

    mutating func learnRefreshToken(_ token: String, of session: Int) {
        if !tokens[session].refreshTokens.contains(token) {
            tokens[session].refreshTokens.append(token)
        }
    }

    /// What a refresh token is to its family now.
    func standing(_ session: Int, _ token: String) -> (rotations: UInt64, isCurrent: Bool)? {
        guard let parsed = codec?.parse(Array(token.utf8), as: .refresh),
            let digest = Digest256(bytes: parsed.digest.bytes)
        else { return nil }
        return refreshes.standing(tokens[session].number, digest)
    }

    // MARK: Keys

    /// The number and the digest that a key spells.
    func keyNumber(of token: String) -> (UInt64, Digest256)? {
        guard let parsed = codec?.parse(Array(token.utf8), as: .key(.standard)),
            let digest = Digest256(bytes: parsed.digest.bytes)
        else { return nil }
        return (parsed.rowNumber, digest)
    }

    /// Somebody was given a key; false when it cannot be read.
    mutating func learnKey(_ token: String, shownID: String, account: Int) -> Bool {
        guard let (number, digest) = keyNumber(of: token) else { return false }
        guard keyPlaces[number] == nil else { return true }
        keyPlaces[number] = keys.count
        keys.append(
            KnownKey(
                number: number, shownID: shownID, account: account, parts: [(token, digest)]))
        return true
    }

    /// Somebody was given another secret part of a key; false when it cannot be read.
    mutating func learnPart(_ token: String, of place: Int) -> Bool {
        guard let (number, digest) = keyNumber(of: token), number == keys[place].number else {
            return false
        }
        if !keys[place].parts.contains(where: { $0.digest == digest }) {
            keys[place].parts.append((token, digest))
        }
        return true
    }

    mutating func markKeyEnded(_ place: Int) { keys[place].isEnded = true }

    /// Changes what is known of keys.
    mutating func noteKeys(_ change: (inout KeyLedger) -> Void) { change(&keyAccess) }

    // MARK: Tenants

    /// Somebody was told of a tenant that was made.
    mutating func learnTenant(_ tenant: KnownTenant) { tenants.append(tenant) }

    /// Changes what is thought of a tenant.
    mutating func change(tenant place: Int, _ change: (inout KnownTenant) -> Void) {
        change(&tenants[place])
    }

    /// Somebody was given a session or key of a tenant.
    mutating func learnCredential(_ credential: TenantCredential) {
        guard !tenantCredentials.contains(where: { $0.token == credential.token }) else { return }
        tenantCredentials.append(credential)
    }

    /// Changes what is known of tenants.
    mutating func noteTenants(_ change: (inout TenantLedger) -> Void) { change(&tenantAccess) }

    // MARK: Access tokens

    /// Somebody was given an access token of a session; false when it cannot be read.
    mutating func learnAccessToken(_ text: String, of session: Int) -> Bool {
        if accessTokens.contains(where: { $0.text == text }) { return true }
        let parts = text.split(separator: ".").prefix(2).compactMap { part in
            Base64.url.decode(String(part)).flatMap { bytes in
                readable { try JSONValue(parsing: bytes) }
            }
        }
        guard parts.count == 2,
            let key = parts[0]["kid"]?.string.flatMap({ Base64.url.decode($0) })
                .flatMap({ Digest256(bytes: $0) }),
            let end = parts[1]["exp"]?.unsigned
        else { return false }
        accessTokens.append(
            KnownAccessToken(
                text: text, session: session, key: key,
                expiresAt: Timestamp(milliseconds: end * 1_000)))
        return true
    }

    /// Changes what is known of signing keys.
    mutating func noteSigning(_ change: (inout AccessTokenLedger) -> Void) { change(&signing) }

    // MARK: What is answered

    /// Changes what is known of access.
    mutating func note(_ change: (inout AccessLedger) -> Void) { change(&access) }

    /// Somebody got a successor for a refresh token.
    mutating func redeemed(
        _ token: String, for successor: String, arrived: UInt64, isRepeated: Bool, at now: UInt64
    ) -> Violation? {
        refreshes.redeemed(
            token, for: successor, arrived: arrived, isRepeated: isRepeated, at: now)
    }

    mutating func observe(secret path: Int, _ observation: Observation<SecretModel.Operation>) {
        secrets[path, default: []].append(observation)
    }

    mutating func observe(
        account: Int, _ observation: Observation<AccountModel.Operation>
    ) { accounts[account, default: []].append(observation) }

    mutating func observe(grant account: Int, _ observation: Observation<GrantModel.Operation>) {
        grants[account, default: []].append(observation)
    }

    mutating func expect(_ expectation: AuditTrail.Expectation) {
        expectations.append(expectation)
    }

    // MARK: The end

    /// Looks for an object whose history nobody alone could have had.
    ///
    /// - Returns: the violation, and how many histories could not be decided.
    func checkObjects(_ names: [String]) -> (violation: Violation?, undecided: UInt64) {
        var undecided: UInt64 = 0
        var violation: Violation?
        func check<Model: SequentialModel>(
            _ model: Model.Type, _ histories: [Int: [Observation<Model.Operation>]],
            _ name: (Int) -> String
        ) {
            for key in histories.keys.sorted() where violation == nil {
                guard let history = histories[key] else { continue }
                switch Linearizability<Model>.check(history, stepsMax: 200_000) {
                case .linearizable: break
                case .undecided: undecided += 1
                case .violated(let furthest):
                    let last = history[furthest]
                    violation = Violation(
                        "linear",
                        "\(name(key)): no order of its \(history.count) operations is right; got "
                            + "as far as \(last.operation), begun at \(last.began) µs")
                }
            }
        }
        check(SecretModel.self, secrets) { "secret app/\($0)" }
        check(AccountModel.self, accounts) { "log-in of \(names[$0])" }
        check(GrantModel.self, grants) { "role of \(names[$0])" }
        return (violation, undecided)
    }
}
