import ByteCodec
import RaftCore

@testable import AuthCore

extension Example {
    static let commands: [Example] = [
        Example(
            "create-user",
            .createUser(
                .init(
                    id: user.id, username: user.username, email: "a@example",
                    displayName: "Alice", roles: [role("dev")],
                    password: PasswordHash(phc: "$argon2id$v=19$"))), request: requestKey),
        Example("begin-checkpoint", .beginCheckpoint),
        Example(
            "attest-checkpoint",
            .attestCheckpoint(.init(index: LogIndex(6), digest: StateHash(low: 7, high: 8)))),
        Example(
            "update-user",
            .updateUser(.init(id: user.id, condition: .version(2), disabled: true))),
        Example(
            "put-role",
            .putRole(
                .init(
                    name: role("dev"), condition: .absent, permissions: [permission("invoke")],
                    inherits: [role("viewer")]))),
        Example(
            "start-session",
            .startSession(
                .init(
                    user: user.id, nonce: 6, verifier: digest(1), authVersionSeen: 2,
                    idleMilliseconds: 1_800_000, absoluteMilliseconds: 43_200_000, label: "cli",
                    method: .password, refreshVerifier: digest(2)))),
        Example(
            "rotate-refresh",
            .rotateRefresh(
                .init(
                    number: CredentialNumber(5), presented: digest(2), successor: digest(3),
                    sealedSuccessor: [1, 2, 3]))),
        Example(
            "fail-log-in", .failLogIn(.init(subject: .user(user.id), reason: .wrongPassword))),
        Example(
            "fail-log-in-of-nobody",
            .failLogIn(.init(subject: .name(digest(9)), reason: .unknownUser))),
        Example("revoke-session", .revokeSession(.init(session: session.id))),
        Example(
            "start-session-of-level-2",
            .startSession(
                .init(
                    user: user.id, nonce: 6, verifier: digest(1), authVersionSeen: 2,
                    idleMilliseconds: 1_800_000, absoluteMilliseconds: 43_200_000, label: "cli",
                    method: .password, mayEvict: true,
                    code: .totp(enrolment: 9, step: 56_666_667)))),
        Example(
            "revoke-sessions-before",
            .revokeSessions(.init(user: user.id, keeping: session.id, before: time))),
        Example(
            "update-settings",
            .updateSettings(
                .init(
                    condition: .version(2), idleMilliseconds: .set(600_000),
                    absoluteMilliseconds: .clear, sessionsPerUser: .set(5),
                    overflow: .evictOldest))),
        Example(outcome: .settings(settings), "outcome-settings"),
        Example(
            "enrol-factor",
            .enrolFactor(
                .init(
                    user: user.id, authVersionSeen: 2, enrolment: 9, secret: factor.secret))),
        Example(
            "confirm-factor",
            .confirmFactor(
                .init(
                    user: user.id, authVersionSeen: 2, shown: .totp(enrolment: 9, step: 56_666_666),
                    recoveryCodes: [digest(1), digest(2)]))),
        Example(
            "remove-factor",
            .removeFactor(
                .init(
                    user: user.id,
                    proof: .init(
                        authVersionSeen: 2, shown: .recovery(enrolment: 9, digest(1)))))),
        Example(
            "bootstrap-with-keys",
            .bootstrap(
                {
                    var begin = House.bootstrap
                    begin.keys = [
                        .init(
                            nonce: 7, owner: begin.administrator, origin: .imported, name: "ci",
                            digest: digest(5), scope: .permissions([permission("invoke")]),
                            expiry: .never)
                    ]
                    return begin
                }())),
        Example(
            "set-password-with-code",
            .setPassword(
                .init(
                    user: user.id, password: PasswordHash(phc: "$2"), authVersionSeen: 2,
                    code: .totp(enrolment: 9, step: 56_666_667)))),
        Example(outcome: .refused(.evictionNeeded), "outcome-eviction-needed"),
        Example(
            "create-tenant",
            .createTenant(
                .init(
                    id: tenant.id, name: tenant.name, displayName: tenant.displayName,
                    administrator: .init(
                        id: user.id, username: user.username,
                        password: PasswordHash(phc: "$argon2id$v=19$"))))),
        Example(
            "update-tenant",
            .updateTenant(
                .init(
                    id: tenant.id, condition: .version(3), name: role("acme"), displayName: "Acme",
                    suspended: true))),
        Example("delete-tenant", .deleteTenant(.init(id: tenant.id, condition: .version(4)))),
        Example(outcome: .tenant(tenant), "outcome-tenant"),
        Example(
            "touch-sessions",
            .touchSessions(
                .init(touches: [SessionTouch(session: session.id, lastSeen: time, uses: 12)]))),
        Example(
            "put-secret",
            .putSecret(
                .init(
                    path: path("app/db"), condition: .version(1), version: 2,
                    value: SealedBlob(term: 4, bytes: [9, 8, 7]),
                    timeToLiveMilliseconds: 60_000, metadata: "{}"))),
        Example(
            "create-join-token",
            .createJoinToken(
                .init(
                    digest: digest(1), role: .voter, replaces: NodeID(3),
                    timeToLiveMilliseconds: 3_600_000))),
        Example(
            "redeem-join-token",
            .redeemJoinToken(
                .init(
                    node: NodeID(4), digest: digest(1), publicKey: digest(2), url: "https://n4",
                    peer: "n4:8201", version: "0.1.0", featureLevel: 1))),
        Example("order-change", .orderChange(.init(node: NodeID(2), change: .remove))),
        Example(
            "settle-plan",
            .settlePlan(.init(node: NodeID(2), order: LogIndex(9), refusal: .quorumOutOfReach))),
        Example(
            "set-peer-authority",
            .setPeerAuthority(
                .init(
                    expectedVersion: 0, certificate: "-----BEGIN CERTIFICATE-----",
                    sealedKey: SealedBlob(term: 1, bytes: [4, 4])))),
        Example(
            "recover",
            .recover(
                .init(survivor: NodeID(3), last: EntryID(index: LogIndex(99), term: Term(7))))),
        Example(
            "create-key",
            .createKey(
                .init(
                    nonce: 8, owner: user.id, name: "ci", prefix: keyPrefix("acme"),
                    digest: digest(4), scope: .permissions([permission("invoke")]),
                    addresses: [range("10.0.0.0/8")], rateLimit: "100/minute",
                    expiry: .after(milliseconds: 86_400_000), metadata: "{}"))),
        Example(
            "update-key",
            .updateKey(
                .init(
                    id: key.id, condition: .version(2), scope: .roles([role("dev")]),
                    addresses: [range("2001:db8::/32")], expiry: .at(time)))),
        Example(
            "rotate-key",
            .rotateKey(.init(id: key.id, digest: digest(5), graceMilliseconds: 60_000))),
        Example("delete-key", .deleteKey(.init(id: key.id, condition: .version(3)))),
        Example(
            "touch-keys",
            .touchKeys(
                .init(touches: [KeyTouch(key: key.id, lastUsed: time, address: "10.1.2.3")]))),
        Example(
            "rotate-signing-keys",
            .rotateSigningKeys(.init(6, version: 2, lead: 360_000, keep: 310_000))),
        Example("delete-key-by-itself", .deleteKey(.init(id: key.id)), actor: key.actor),
        Example(outcome: .key(key), "outcome-key"),
        Example(outcome: .joinToken(joinToken), "outcome-join-token"),
        Example(outcome: .plan(plan), "outcome-plan"),
        Example(outcome: .session(session), "outcome-session"),
        Example(outcome: .refused(.versionMismatch(current: 7)), "outcome-refused"),
        Example(outcome: .refused(.heldBack(until: time)), "outcome-held-back"),
        Example(outcome: .secret(secret), "outcome-secret"),
    ]
}
