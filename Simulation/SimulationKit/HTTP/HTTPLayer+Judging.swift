import APITypes
import AuthCore
import AuthService
import ByteCodec
import HTTPAPI
import RaftCore
import StateStore

// What a node's answer means, at the moment at which the node gives it. From then on it counts,
// whether it arrives or not.

extension HTTPLayer {
    /// An answer, as far as it is judged.
    struct Answer {
        let status: Int
        /// Of an error.
        let code: String?
        let json: JSONValue
        /// The entry that it reflects.
        let index: LogIndex?

        init(_ response: HTTPResponse) {
            status = response.status
            var json = JSONValue.null
            if response.headers["Content-Type"]?.contains("json") == true {
                json = readable({ try JSONValue(parsing: response.body) }) ?? .null
            }
            self.json = json
            code = response.headers["X-Error-Code"] ?? json["code"]?.string
            index = response.headers["Watchword-Index"].flatMap { UInt64($0) }.map { LogIndex($0) }
        }

        var isSuccess: Bool { (200..<300).contains(status) }
    }

    func judgeAnswer(_ flight: Flight, _ response: HTTPResponse) {
        let answer = Answer(response)
        if answer.status == 500 {
            return world.oracle.fail(
                "internal",
                "n\(flight.node + 1) answers 500 \(answer.code ?? "") to \(flight.requestID), "
                    + flight.intent.kind.told)
        }
        let arrived = flight.arrived ?? world.now
        judgeCredential(flight, answer, arrived)
        judgeKeyUse(flight, answer, arrived)
        judgeAccessToken(flight, answer, arrived)
        judgeTenantUse(flight, answer, arrived)
        judgeHold(flight, answer)
        judgeLimit(flight, answer)
        judgeCode(flight, answer, arrived)
        countDenied(flight, answer)
        acknowledge(flight, answer, arrived)
        if flight.intent.isLinearizableRead, answer.isSuccess, let index = answer.index {
            world.oracle.fail(world.history.read(at: index, floor: flight.floor))
        }
    }

    // MARK: Credentials

    private func judgeCredential(_ flight: Flight, _ answer: Answer, _ arrived: UInt64) {
        if case .lookUp(let session) = flight.intent.kind { judgeLookUp(flight, answer, session) }
        guard let session = flight.intent.session else { return }
        let number = judge.tokens[session].number
        if answer.isSuccess {
            // A repeated request may be told again what it was told, by whoever ended meanwhile.
            guard !flight.intent.hasKey else { return }
            judgeAllow(flight, number, needsRole: flight.intent.needsRole, arrived)
            if case .validate = flight.intent.kind { world.counters[.allows] += 1 }
        } else if answer.code == ErrorCode.tokenInvalid.rawValue
            || answer.code == ErrorCode.tokenExpired.rawValue
        {
            world.counters[.denials] += 1
            if case .refresh = flight.intent.kind { return }
            judgeRefusal(flight, number, arrived)
        } else if answer.code == ErrorCode.insufficientPermissions.rawValue {
            world.counters[.denials] += 1
            if flight.intent.needsRole, let role = RoleName(Self.role) {
                world.oracle.fail(judge.access.lacking(number, role: role, arrived: arrived))
            } else if !flight.intent.kind.isOfKeys {
                world.oracle.fail(
                    "refused",
                    "\(flight.intent.kind.told) is refused to session \(number), which may")
            }
        }
    }

    private func judgeLookUp(_ flight: Flight, _ answer: Answer, _ session: Int) {
        let number = judge.tokens[session].number
        let arrived = flight.arrived ?? world.now
        if answer.isSuccess {
            judgeAllow(flight, number, needsRole: false, arrived)
        } else if answer.status == 404 {
            judgeRefusal(flight, number, arrived)
        }
    }

    private func judgeAllow(
        _ flight: Flight, _ number: UInt64, needsRole: Bool, _ arrived: UInt64
    ) {
        let now = world.moment(flight.node)
        // Deciding takes a moment, in which a wall clock may be stepped back.
        let clock = min(flight.clock.time, now.time)
        world.oracle.fail(
            judge.access.allowed(
                number, role: needsRole ? RoleName(Self.role) : nil, arrived: arrived,
                clock: now.steps == flight.clock.steps ? clock : flight.clock.state))
    }

    private func judgeRefusal(_ flight: Flight, _ number: UInt64, _ arrived: UInt64) {
        let now = world.moment(flight.node)
        guard now.steps == flight.clock.steps else { return }
        // A proposal is judged by the state's time where it is applied.
        let stamp = readable({ try world.oracle.reference.read { $0.meta.lastStamp } }) ?? .max
        world.oracle.fail(
            judge.access.refused(number, arrived: arrived, clock: max(now.time, stamp)))
    }

    /// A password that was not looked at, because too many were wrong before.
    private func judgeHold(_ flight: Flight, _ answer: Answer) {
        guard answer.code == ErrorCode.rateLimited.rawValue else { return }
        let account: Int?
        switch flight.intent.kind {
        case .logIn(let asked, _, _): account = asked
        case .changePassword(let session, _, _): account = judge.tokens[session].account
        case .useLimited, .tenantLogIn: return
        case .coder, .showCode, .showNoCode:
            world.counters[.logInsHeld] += 1
            return world.oracle.fail(
                judge.logIns.refused(coder(of: flight)?.id, clock: flight.clock.state))
        default:
            return world.oracle.fail("held", "\(flight.intent.kind.told) is held back")
        }
        world.counters[.logInsHeld] += 1
        let user = account.flatMap { accounts[$0].id }
        world.oracle.fail(judge.logIns.refused(user, clock: flight.clock.state))
    }

    // MARK: Acknowledgements

    private func acknowledge(_ flight: Flight, _ answer: Answer, _ arrived: UInt64) {
        let now = world.now
        let isGone = answer.status == 404
        switch flight.intent.kind {
        case .logIn:
            guard answer.isSuccess, let token = answer.json["session_token"]?.string,
                let number = judge.number(of: token)
            else { return }
            judge.note { $0.issued(number, at: now) }
            acknowledgeEvictions(by: number)
        case .logOut(let session), .revoke(let session):
            // That it is gone already is an acknowledgement too, unless it had ended by its own
            // time, and what ended everything of its user came later.
            let number = judge.tokens[session].number
            guard answer.isSuccess || isGone, let end = judge.access.session(number)?.endedBy,
                flight.mayReflect(end)
            else { return }
            judge.note { $0.acknowledgedEnd(number, at: now) }
            holds(upTo: end)
            pry([(session, false)])
        case .revokeAll(let account), .setPassword(let account, _):
            acknowledgeEnds(account, answer)
        case .revokeOwn(let session), .changePassword(let session, _, _):
            if let account = judge.tokens[session].account { acknowledgeEnds(account, answer) }
        case .setDisabled(let account, let isDisabled):
            guard isDisabled, answer.isSuccess, let user = accounts[account].id else { return }
            judge.note { $0.acknowledgedDisabling(user, upTo: flight.reflected, at: now) }
            acknowledgeEnds(account, answer)
        case .grant(let account):
            guard answer.isSuccess, let user = accounts[account].id,
                let role = RoleName(Self.role)
            else { return }
            judge.note { $0.acknowledgedGrant(role, of: user, at: now) }
        case .takeBack(let account):
            guard answer.isSuccess || isGone, let user = accounts[account].id,
                let role = RoleName(Self.role)
            else { return }
            judge.note { $0.acknowledgedLoss(role, of: user, upTo: flight.reflected, at: now) }
            if answer.isSuccess { holds(upTo: answer.index) }
            pry(lastSessions(of: account).map { ($0, true) })
            pry(keys: keysOf(account))
        case .createKey, .rotateKey, .deleteKey: acknowledgeKeys(flight, answer)
        case .setTenant, .deleteTenant, .tenantLogIn, .tenantKey:
            acknowledgeTenants(flight, answer)
        case .rotateSigningKeys: acknowledgeRotation(flight, answer)
        case .coder, .showCode, .showNoCode: acknowledgeCode(flight, answer)
        case .refresh(let session, let token):
            judgeRefresh(flight, answer, session, token, arrived)
        case .validate, .lookUp, .readUser, .putSecret, .readSecret, .deleteSecret, .putRole,
            .createUser, .useKey, .createLimited, .useLimited, .useAccessToken, .limitSessions,
            .createTenant, .useInTenant, .reachSession:
            break
        }
    }

    private func acknowledgeEnds(_ account: Int, _ answer: Answer) {
        guard answer.isSuccess, let user = accounts[account].id, let index = answer.index else {
            return
        }
        let now = world.now
        judge.note { $0.acknowledgedEnds(of: user, upTo: index, at: now) }
        holds(upTo: index)
        pry(lastSessions(of: account).map { ($0, false) })
    }

    /// Somebody was told that what narrowed access up to this entry is done: from now on no node
    /// may be able to say *allow* without it.
    func holds(upTo index: LogIndex?) {
        guard let index else { return }
        world.acknowledgedNarrowing = max(
            world.acknowledgedNarrowing, judge.lastNarrowing(upTo: index))
    }

    private func lastSessions(of account: Int) -> [Int] {
        judge.tokens.indices.suffix(48).filter { judge.tokens[$0].account == account }.suffix(2)
    }

    private func judgeRefresh(
        _ flight: Flight, _ answer: Answer, _ session: Int, _ token: String, _ arrived: UInt64
    ) {
        if answer.isSuccess, let successor = answer.json["refresh_token"]?.string {
            world.counters[.refreshes] += 1
            world.oracle.fail(
                judge.redeemed(
                    token, for: successor, arrived: arrived, isRepeated: flight.intent.hasKey,
                    at: world.now))
        } else if answer.code == ErrorCode.tokenInvalid.rawValue, let before = flight.family,
            let after = judge.standing(session, token), before.isCurrent, after.isCurrent,
            before.rotations == after.rotations
        {
            // The one token that is to be redeemed, of a family that is still there.
            judgeRefusal(flight, judge.tokens[session].number, arrived)
        }
    }
}
