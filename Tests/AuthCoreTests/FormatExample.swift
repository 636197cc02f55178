import ByteCodec
import Foundation
import RaftCore
import Testing

@testable import AuthCore

/// A value with a name, and how its bytes are read and written again.
struct Example: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    let rewrite: @Sendable ([UInt8]) throws -> [UInt8]
    var testDescription: String { name }

    static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    init(row: some Row & Sendable, _ name: String) {
        self.name = name
        bytes = row.encodedRow
        rewrite = Self.rewriter(row)
    }

    private init(index row: AuditIndexRow, _ name: String) {
        self.name = name
        bytes = row.value
        rewrite = { [key = row.key] in try AuditIndexRow(key: key, value: $0).value }
    }

    private static func rewriter<R: Row & Sendable & SendableMetatype>(
        _ row: R
    ) -> @Sendable ([UInt8]) throws -> [UInt8] {
        { try R(decodingRow: $0).encodedRow }
    }

    init(
        _ name: String, _ operation: Command.Operation, request: RequestKey? = nil,
        actor: UserActor = Self.actor
    ) {
        self.name = name
        bytes =
            Command(
                operation,
                header: CommandHeader(
                    actor: .user(actor), requestID: "r-1", address: "::1", request: request)
            ).encoded()
        rewrite = { try Command(decoding: $0).encoded() }
    }

    init(outcome result: Outcome.Result, _ name: String) {
        self.name = name
        bytes =
            Outcome(
                result: result, index: LogIndex(3), stamp: Self.time,
                replay: .init(sealedAnswer: [0xA1])
            ).encoded()
        rewrite = { try Outcome(decoding: $0).encoded() }
    }

    static let rows: [Example] = {
        var meta = StateMeta(initial: ConfState(voters: [NodeID(1), NodeID(2), NodeID(3)]))
        meta.applied = EntryID(index: LogIndex(9), term: Term(2))
        meta.lastStamp = time
        meta.rowsHash = StateHash(low: 0x0102_0304_0506_0708, high: 0x1112_1314_1516_1718)
        meta.written = LogIndex(8)
        let noted = StateHash(low: 7, high: 8)
        meta.checkpoint = Checkpoint(index: LogIndex(6), digest: noted)
        for node: UInt64 in [2, 1] {
            meta.checkpoint.attest(.init(node: NodeID(node), digest: noted), at: LogIndex(6))
        }
        return [
            Example(row: meta, "meta"),
            Example(
                row: ClusterRow(
                    cluster: ClusterID(bits: 0xC1),
                    tokenBlockKey: Array(repeating: 7, count: 32), createdAt: time), "cluster"),
            Example(
                row: MemberRow(
                    node: NodeID(1), incarnation: Incarnation(0x1AC), url: "https://n1",
                    peer: "n1:8201", version: "0.1.0", featureLevel: 1, registeredAt: time),
                "member"),
            Example(
                row: TenantRow(id: .platform, name: role("default"), createdAt: time), "tenant"),
            Example(row: tenant, "tenant-of-level-2"),
            Example(row: TenantDeletionRow(tenant: tenant.id), "tenant-deletion"),
            Example(row: TenantCountRow(tenants: 7), "tenant-count"),
            Example(row: user, "user"),
            Example(
                row: PasswordRow(
                    tenant: .platform, user: user.id,
                    hash: PasswordHash(phc: "$argon2id$v=19$", pepperKeyID: 1), authVersion: 2,
                    changedAt: time), "password"),
            Example(
                row: RoleRow(
                    tenant: .platform, name: role("dev"),
                    permissions: [permission("code:execute"), permission("secrets:read:app/*")],
                    inherits: [role("viewer")], rateLimit: "100/minute", description: "d",
                    builtIn: false, createdAt: time, updatedAt: time, version: 3), "role"),
            Example(row: session, "session"),
            Example(
                row: RefreshFamilyRow(
                    number: CredentialNumber(5), generation: 3, current: digest(3),
                    previous: digest(2), rotatedAt: time, sealedSuccessor: [1, 2, 3],
                    ancestors: [digest(1).tag]), "refresh-family"),
            Example(row: secret, "secret"),
            Example(
                row: SecretVersionRow(
                    tenant: .platform, path: path("app/db"), version: 2, state: .live,
                    createdAt: time, expiresAt: time, encoding: .utf8, metadata: "{}",
                    author: user.id, value: SealedBlob(term: 4, bytes: [9, 8, 7])),
                "secret-version"),
            Example(
                row: RequestRow(
                    requestKey, expiresAt: time,
                    outcome: Outcome(result: .done, index: LogIndex(1), stamp: time).encoded()),
                "request"),
            Example(
                row: ProposalRunRow(node: NodeID(1), run: 77, floor: 5),
                "proposal-run"),
            Example(
                row: AuditRow(
                    sequence: 4, index: LogIndex(9), at: time, tenant: .platform,
                    actor: .user(actor), action: .roleGrant, target: .user(user.id),
                    outcome: .denied, requestID: "r-1", address: "::1", node: NodeID(2),
                    details: [.role(role("dev")), .reason(.insufficientPermissions)],
                    previous: digest(6)), "audit"),
            Example(
                row: KeyringRow(
                    version: 2, keyring: SealedBlob(term: 1, bytes: [5, 5]), updatedAt: time),
                "keyring"),
            Example(row: joinToken, "join-token"),
            Example(row: plan, "member-plan"),
            Example(
                row: PeerAuthorityRow(
                    version: 1, certificate: "-----BEGIN CERTIFICATE-----",
                    sealedKey: SealedBlob(term: 1, bytes: [4, 4]), updatedAt: time),
                "peer-authority"),
            Example(row: NodeNumberRow(next: 5), "next-node"),
            Example(
                row: SigningKeyRow(
                    id: digest(6), algorithm: .es256, createdAt: time,
                    signsFrom: time.advanced(milliseconds: 360_000),
                    endsAt: time.advanced(milliseconds: 960_000),
                    publicKey: Array(repeating: 6, count: 64),
                    privateKey: SealedBlob(term: 1, bytes: [6, 1, 2])), "signing-key"),
            Example(row: SigningKeysVersionRow(version: 3), "signing-keys-version"),
            Example(row: settings, "settings"),
            Example(
                index: AuditIndexRow(
                    block: AuditBlock(2), facet: AuditFacet.actor(user.id).digest(in: .platform),
                    offsets: [0, 7, 1_023]), "audit-index"),
            Example(
                row: AuditIndexExtent(begin: AuditBlock(2), end: AuditBlock(9)),
                "audit-index-extent"),
            Example(row: factor, "second-factor"),
            Example(row: key, "key"),
            Example(row: KeyCountRow(keys: 3, imported: 1), "key-count"),
            Example(
                row: LogInFailureRow(tenant: .platform, subject: .user(user.id), tally: tally),
                "log-in-failures"),
            Example(
                row: LogInFailureRow(tenant: .platform, subject: .name(digest(9)), tally: tally),
                "log-in-failures-of-nobody"),
            Example(row: LogInCountRow(rows: 2), "log-in-count"),
            Example(row: networks, "log-in-networks"),
            Example(row: logInAudit, "log-in-audit"),
            Example(
                row: LogInFloorRow(failures: 5, forgottenAt: tally.forgottenAt), "log-in-floor"),
        ]
    }()

    static let time = Timestamp(milliseconds: 1_700_000_000_000)
    static let actor = UserActor(
        tenant: .platform, user: UserID(bits: 0xAD), session: SessionID(bits: 0x11))
    static let requestKey = RequestKey(
        scope: digest(0x5C), subject: 0x50B, body: digest(0xB0),
        timeToLiveMilliseconds: 86_400_000, sealedAnswer: [0xA1])
    static let user = UserRow(
        tenant: .platform, id: UserID(bits: 0x0123_4567_89AB_CDEF),
        username: AuthCoreTests.name("alice"),
        email: "a@example", displayName: "Alice", kind: .person, disabled: false,
        roles: [role("dev"), role("viewer")], metadata: "{}", createdAt: time, updatedAt: time,
        version: 3, sessionEpoch: 2, authzEpoch: 4)
    static let tenant = TenantRow(
        id: TenantID(bits: 0xAC), name: role("acme"), createdAt: time, displayName: "Acme",
        state: .suspended, updatedAt: time, version: 4)
    static let settings = SettingsRow(
        tenant: .platform, version: 3, updatedAt: time, idleMilliseconds: 600_000,
        absoluteMilliseconds: nil, sessionsPerUser: 5, overflow: .evictOldest)
    static let factor = SecondFactorRow(
        tenant: .platform, user: user.id, enrolment: 9, secret: SealedBlob(term: 1, bytes: [6, 6]),
        enrolledAt: time, confirmedAt: time, lastStep: 56_666_666, recoveryCodes: [digest(1)])
    static let session = SessionRow(
        id: SessionID(number: CredentialNumber(5), nonce: 6), tenant: .platform, user: user.id,
        kind: .user, method: .password, verifier: digest(1), hasRefreshFamily: true, epoch: 2,
        createdAt: time, expiresAt: time.advanced(milliseconds: 43_200_000),
        idleExpiresAt: time.advanced(milliseconds: 1_800_000), idleMilliseconds: 1_800_000,
        lastSeenAt: time, accessCount: 12, expiryMinute: 28_333_364, version: 1, label: "cli",
        address: "::1")
    static let tally = LogInTally(
        failures: 5, heldUntil: time.advanced(milliseconds: 1_000),
        forgottenAt: time.advanced(milliseconds: 27_000_000))
    static let networks = LogInNetworksRow(
        tenant: .platform, user: user.id,
        networks: [
            .init(network: LogInNetwork(of: "192.0.2.7"), lastLogIn: time, tally: .none),
            .init(network: LogInNetwork(of: "2001:db8::1"), lastLogIn: time, tally: tally),
            .init(network: LogInNetwork(of: .empty), lastLogIn: time, tally: .none),
        ])
    static var logInAudit: LogInAuditRow {
        var row = LogInAuditRow(tenant: tenant.id, minute: 28_333_333)
        row.users = .init(failures: 7, holds: 1)
        row.names = .init(failures: 60, holds: 2)
        row.summed = 440
        return row
    }
    static let joinToken = JoinTokenRow(
        node: NodeID(4), digest: digest(1), role: .voter, replaces: NodeID(3), createdAt: time,
        expiresAt: time.advanced(milliseconds: 3_600_000), spentBy: digest(2))
    static let plan = MemberPlanRow(
        node: NodeID(4), order: LogIndex(9), plan: .replace(NodeID(3)), orderedAt: time,
        refusal: nil)
    static let key = KeyRow(
        id: KeyID(number: CredentialNumber(7), nonce: 8), tenant: .platform, owner: user.id,
        origin: .made, name: "ci", prefix: keyPrefix("acme"), digest: digest(5),
        former: FormerKey(digest: digest(4), endsAt: time.advanced(milliseconds: 60_000)),
        scope: .roles([role("dev"), role("viewer")]),
        addresses: [range("10.0.0.0/8"), range("2001:db8::1")], rateLimit: "100/minute",
        createdAt: time, updatedAt: time, expiresAt: time.advanced(milliseconds: 86_400_000),
        lastUsedAt: time, lastUsedAddress: "10.1.2.3", metadata: "{}", version: 3)
    static let secret = SecretRow(
        tenant: .platform, path: path("app/db"), latest: 2, oldest: 1, state: .live,
        createdAt: time, expiresAt: nil, encoding: .utf8, metadata: "{}")
}
