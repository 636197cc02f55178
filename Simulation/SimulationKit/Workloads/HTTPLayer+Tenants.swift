import APITypes
import AuthCore
import AuthService
import ByteCodec
import HTTPAPI
import RaftCore
import StateStore

// Tenants: who makes, suspends, resumes and deletes them, who logs in there and tries to reach what
// others have, and what is made of the answers.

extension HTTPLayer {
    private static let tenantsMax = 12

    // MARK: What they want

    func tenantKeeperWants(_ index: Int) -> HTTPOperation? {
        guard let session = ownSession(index) else { return .enter }
        let living = judge.tenants.indices.filter { !judge.tenants[$0].isGone }
        let kind: HTTPOperation.Kind
        if living.count < 2, judge.tenants.count < Self.tenantsMax {
            kind = .createTenant(judge.tenants.count)
        } else if let asleep = living.first(where: { judge.tenants[$0].isSuspended }),
            clients[index].random.chance(3, in: 4)
        {
            kind = .setTenant(asleep, suspended: false)
        } else if let place = living.isEmpty ? nil : living[draw(index, living.count)] {
            // Seldom: a tenant that is gone is of no use to anybody.
            let deletes =
                clients[index].random.chance(1, in: 12) && judge.tenants.count < Self.tenantsMax
            kind = deletes ? .deleteTenant(place) : .setTenant(place, suspended: true)
        } else {
            return nil
        }
        return HTTPOperation(
            kind: kind, session: session, key: "tenant-\(index)-\(clients[index].operations)")
    }

    /// A log-in or a key where there are few; else a use of what somebody was given, at this node.
    func tenantUserWants(_ index: Int, _ node: Int) -> HTTPOperation? {
        guard world.nodes[node].isUsed else { return nil }
        let open = judge.tenants.indices.filter {
            !judge.tenants[$0].isGone && !judge.tenants[$0].isSuspended
        }
        let known = judge.tenantCredentials
        if !open.isEmpty, known.count < 4 || clients[index].random.chance(1, in: 16) {
            let place = open[draw(index, open.count)]
            let own = known.indices.filter { known[$0].tenant == place && known[$0].key == nil }
            if let session = own.last, clients[index].random.chance(1, in: 2) {
                return HTTPOperation(kind: .tenantKey(session), session: nil, key: nil)
            }
            return HTTPOperation(kind: .tenantLogIn(place), session: nil, key: nil)
        }
        guard !known.isEmpty else { return nil }
        let recent = known.indices.suffix(24)
        let one = recent.lowerBound + draw(index, recent.count)
        let other = recent.lowerBound + draw(index, recent.count)
        let looks = known[one].key == nil && known[other].key == nil
        var operation: HTTPOperation
        if looks, clients[index].random.chance(1, in: 3) {
            let ends =
                known[one].tenant != known[other].tenant && clients[index].random.chance(1, in: 3)
            operation = HTTPOperation(
                kind: .reachSession(by: one, of: other, ends: ends), session: nil, key: nil)
        } else {
            operation = HTTPOperation(kind: .useInTenant(one), session: nil, key: nil)
        }
        operation.node = node
        return operation
    }

    // MARK: Requests

    func tenantDraft(_ operation: HTTPOperation) -> Draft {
        func bearer(_ place: Int, _ draft: Draft) -> Draft {
            var draft = draft
            let token = judge.tenantCredentials[place].token
            draft.headers.append(("Authorization", "Bearer \(token)"))
            return draft
        }
        switch operation.kind {
        case .createTenant(let place):
            return Draft(
                method: "POST", path: "/v1/tenants",
                body: .object([
                    "name": .string("tenant\(place)"),
                    "administrator": .object([
                        "username": .string(Account.administrator),
                        "password": .string(Account.administratorPassword),
                    ]),
                ]))
        case .setTenant(let place, let suspended):
            return Draft(
                method: "PATCH", path: "/v1/tenants/\(judge.tenants[place].shownID)",
                body: .object(["state": .string(suspended ? "suspended" : "active")]))
        case .deleteTenant(let place):
            return Draft(
                method: "DELETE", path: "/v1/tenants/\(judge.tenants[place].shownID)")
        case .tenantLogIn(let place):
            return Draft(
                method: "POST", path: "/v1/auth/login",
                body: .object([
                    "username": .string(Account.administrator),
                    "password": .string(Account.administratorPassword),
                    "tenant": .string(judge.tenants[place].name),
                ]))
        case .tenantKey(let session):
            return bearer(
                session,
                Draft(
                    method: "POST", path: "/v1/keys", body: .object(["name": .string("key")])))
        case .useInTenant(let place):
            return bearer(place, Draft(method: "GET", path: "/v1/validate", backend: .read))
        case .reachSession(let one, let other, let ends):
            let path = "/v1/sessions/\(judge.tenantCredentials[other].shownID)"
            return bearer(one, Draft(method: ends ? "DELETE" : "GET", path: path))
        default: preconditionFailure("\(operation.kind.told) is not about a tenant")
        }
    }

    // MARK: Answers

    func judgeTenantUse(_ flight: Flight, _ answer: Answer, _ arrived: UInt64) {
        let place: Int
        var isForeign = false
        switch flight.intent.kind {
        case .useInTenant(let used): place = used
        case .tenantKey(let used): place = used
        case .reachSession(let one, let other, _):
            place = one
            let known = judge.tenantCredentials
            isForeign = known[one].tenant != known[other].tenant
        default: return
        }
        let number = judge.tenantCredentials[place].number
        let now = world.moment(flight.node)
        if answer.isSuccess {
            world.counters[.tenantsAllowed] += 1
            if isForeign {
                return world.oracle.fail(
                    "tenant", "credential \(number) reaches what another tenant has")
            }
            world.oracle.fail(judge.tenantAccess.allowed(number, arrived: arrived))
        } else if answer.code == ErrorCode.tokenInvalid.rawValue
            || answer.code == ErrorCode.tokenExpired.rawValue
        {
            world.counters[.tenantsRefused] += 1
            guard now.steps == flight.clock.steps else { return }
            // A proposal is judged by the state's time where it is applied.
            let stamp = readable({ try world.oracle.reference.read { $0.meta.lastStamp } }) ?? .max
            world.oracle.fail(
                judge.tenantAccess.refused(
                    number, arrived: arrived, clock: max(now.time, stamp)))
        } else if answer.code == ErrorCode.insufficientPermissions.rawValue {
            world.oracle.fail("refused", "credential \(number) may do everything at home")
        }
    }

    /// What somebody is told of tenants counts from the moment in which a node says it.
    func acknowledgeTenants(_ flight: Flight, _ answer: Answer) {
        let now = world.now
        switch flight.intent.kind {
        case .setTenant(let place, let suspended):
            guard answer.isSuccess, let index = answer.index else { return }
            let id = judge.tenants[place].id
            if suspended {
                world.counters[.tenantsClosed] += 1
                judge.noteTenants { $0.acknowledgedClosing(id, upTo: index, at: now) }
                holds(upTo: index)
            } else {
                judge.noteTenants { $0.acknowledgedOpening(id, at: now) }
            }
        case .deleteTenant(let place):
            guard answer.isSuccess, let index = answer.index else { return }
            let id = judge.tenants[place].id
            world.counters[.tenantsClosed] += 1
            judge.noteTenants { $0.acknowledgedClosing(id, upTo: index, at: now) }
            holds(upTo: index)
        case .tenantLogIn:
            guard answer.isSuccess, let token = answer.json["session_token"]?.string,
                let number = judge.number(of: token)
            else { return }
            judge.noteTenants { $0.issued(number, at: now) }
        case .tenantKey:
            guard answer.isSuccess, let token = answer.json["key"]?.string,
                let (number, _) = judge.keyNumber(of: token)
            else { return }
            judge.noteTenants { $0.issued(number, at: now) }
        default: break
        }
    }

    // MARK: What clients know then

    func learnTenants(_ operation: HTTPOperation, _ answer: Answer) {
        switch operation.kind {
        case .createTenant(let place):
            guard let shown = answer.json["id"]?.string,
                let id: TenantID = ObjectText.read(shown), let name = answer.json["name"]?.string
            else { return world.oracle.fail("wire", "the answer to a new tenant cannot be read") }
            guard place == judge.tenants.count else { return }
            judge.learnTenant(KnownTenant(id: id, shownID: shown, name: name))
        case .setTenant(let place, let suspended):
            judge.change(tenant: place) { $0.isSuspended = suspended }
        case .deleteTenant(let place): judge.change(tenant: place) { $0.isGone = true }
        case .tenantLogIn(let place):
            guard let token = answer.json["session_token"]?.string,
                let shown = answer.json["session"]?["id"]?.string,
                let number = judge.number(of: token)
            else { return world.oracle.fail("wire", "the answer to a log-in cannot be read") }
            judge.learnCredential(
                TenantCredential(
                    tenant: place, token: token, number: number, shownID: shown, key: nil))
        case .tenantKey(let session):
            guard let token = answer.json["key"]?.string, let shown = answer.json["id"]?.string,
                let (number, digest) = judge.keyNumber(of: token)
            else { return world.oracle.fail("wire", "the answer to a new key cannot be read") }
            judge.learnCredential(
                TenantCredential(
                    tenant: judge.tenantCredentials[session].tenant, token: token,
                    number: number, shownID: shown, key: digest))
        default: break
        }
    }
}

/// A tenant, as those who work with it know it.
struct KnownTenant {
    let id: TenantID
    /// As the API shows it.
    let shownID: String
    let name: String
    /// Whether it is thought to be suspended, or deleted.
    var isSuspended = false
    var isGone = false
}

/// A session or key of a tenant that somebody was given.
struct TenantCredential {
    /// By its place in the list.
    let tenant: Int
    let token: String
    /// Its row.
    let number: UInt64
    /// As the API shows it.
    let shownID: String
    /// Of a key, its digest.
    let key: Digest256?
}
