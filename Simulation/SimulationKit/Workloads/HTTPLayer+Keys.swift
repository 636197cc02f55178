import APITypes
import AuthCore
import HTTPAPI
import RaftCore

// API keys: who makes, rotates and ends them, who uses them, and what is made of the answers.

extension HTTPLayer {
    // MARK: What they want

    func keeperWants(_ index: Int) -> HTTPOperation? {
        guard let session = ownSession(index) else { return .enter }
        let ready = accounts.indices.filter { accounts[$0].shownID != nil }
        guard !ready.isEmpty else { return nil }
        let living = judge.keys.indices.filter { !judge.keys[$0].isEnded }
        let kind: HTTPOperation.Kind
        switch living.isEmpty ? 0 : draw(index, 6) {
        case 0, 1:
            let isShort = clients[index].random.chance(1, in: 4)
            kind = .createKey(
                account: ready[draw(index, ready.count)],
                givesRole: clients[index].random.chance(2, in: 3),
                seconds: isShort ? 1 + clients[index].random.upTo(5) : nil)
        case 2, 3, 4:
            let graces: [UInt64] = [0, 1, 3, 30]
            kind = .rotateKey(
                living[draw(index, living.count)], grace: graces[draw(index, graces.count)])
        default: kind = .deleteKey(living[draw(index, living.count)])
        }
        let isKeyed = clients[index].random.chance(1, in: 2)
        return HTTPOperation(
            kind: kind, session: session,
            key: isKeyed ? "key-\(index)-\(clients[index].operations)" : nil)
    }

    /// A key that was made not too long ago, mostly by its newest secret part; or what has just
    /// ended, when there is such.
    func keyUserWants(_ index: Int, _ node: Int) -> HTTPOperation? {
        guard world.nodes[node].isUsed else { return nil }
        if let suspect = clients[index].keySuspects.popLast() {
            return keyUse(suspect.key, suspect.part, needsRole: suspect.needsRole, node)
        }
        let recent = judge.keys.indices.suffix(12)
        guard !recent.isEmpty else { return nil }
        let key = recent.lowerBound + draw(index, recent.count)
        let parts = judge.keys[key].parts.count
        let back = clients[index].random.chance(1, in: 3) ? draw(index, min(parts, 3)) : 0
        return keyUse(
            key, parts - 1 - back, needsRole: clients[index].random.chance(1, in: 2), node)
    }

    private func keyUse(_ key: Int, _ part: Int, needsRole: Bool, _ node: Int) -> HTTPOperation {
        var operation = HTTPOperation(
            kind: .useKey(key, part: part), session: nil, key: nil)
        operation.needsRole = needsRole
        operation.node = node
        return operation
    }

    /// Somebody was told that these keys, or what they gave, are gone: every node is asked for it.
    func pry(keys suspects: [(key: Int, part: Int, needsRole: Bool)]) {
        for index in clients.indices {
            guard case .keyUser = clients[index].part, clients[index].keySuspects.count < 12 else {
                continue
            }
            for suspect in suspects { clients[index].keySuspects += [suspect, suspect] }
        }
    }

    /// The newest keys of an account, asked for what its role gives.
    func keysOf(_ account: Int) -> [(key: Int, part: Int, needsRole: Bool)] {
        judge.keys.indices.filter { judge.keys[$0].account == account }.suffix(2)
            .map { (key: $0, part: judge.keys[$0].parts.count - 1, needsRole: true) }
    }

    // MARK: Requests

    func keyDraft(_ operation: HTTPOperation) -> Draft {
        switch operation.kind {
        case .createKey(let account, let givesRole, let seconds):
            var body = [
                JSONMember("name", .string("key")),
                JSONMember("owner_id", .string(accounts[account].shownID ?? "")),
                JSONMember("permissions", .strings(givesRole ? [Self.rolePermission] : [])),
            ]
            if let seconds { body.append(JSONMember("ttl_seconds", .unsigned(seconds))) }
            return Draft(method: "POST", path: "/v1/keys", body: .object(body))
        case .rotateKey(let key, let grace):
            return Draft(
                method: "POST", path: "/v1/keys/\(judge.keys[key].shownID)/rotate",
                body: .object(["grace_seconds": .unsigned(grace)]))
        case .deleteKey(let key):
            return Draft(method: "DELETE", path: "/v1/keys/\(judge.keys[key].shownID)")
        case .useKey(let key, let part):
            var draft = Draft(method: "GET", path: "/v1/validate", backend: .read)
            if operation.needsRole { draft.path += "?permission=" + Self.rolePermission }
            draft.headers.append(("X-API-Key", judge.keys[key].parts[part].token))
            return draft
        default: preconditionFailure("\(operation.kind.told) is not about a key")
        }
    }

    // MARK: Answers

    func judgeKeyUse(_ flight: Flight, _ answer: Answer, _ arrived: UInt64) {
        guard case .useKey(let place, let part) = flight.intent.kind else { return }
        let key = judge.keys[place]
        let digest = key.parts[part].digest
        let role = flight.intent.needsRole ? RoleName(Self.role) : nil
        let now = world.moment(flight.node)
        if answer.isSuccess {
            world.counters[.keysAllowed] += 1
            let clock = min(flight.clock.time, now.time)
            world.oracle.fail(
                judge.keyAccess.allowed(
                    key.number, digest, role: role, arrived: arrived,
                    clock: now.steps == flight.clock.steps ? clock : flight.clock.state,
                    access: judge.access))
        } else if answer.code == ErrorCode.tokenInvalid.rawValue
            || answer.code == ErrorCode.tokenExpired.rawValue
        {
            world.counters[.keysRefused] += 1
            guard now.steps == flight.clock.steps else { return }
            world.oracle.fail(
                judge.keyAccess.refused(
                    key.number, digest, arrived: arrived, clock: now.time, access: judge.access))
        } else if answer.code == ErrorCode.insufficientPermissions.rawValue {
            world.counters[.keysRefused] += 1
            guard let role else {
                return world.oracle.fail("refused", "key \(key.number) is asked for nothing")
            }
            world.oracle.fail(
                judge.keyAccess.lacking(
                    key.number, role: role, arrived: arrived, access: judge.access))
        }
    }

    /// What somebody is told of keys counts from the moment in which a node says it.
    func acknowledgeKeys(_ flight: Flight, _ answer: Answer) {
        let now = world.now
        switch flight.intent.kind {
        case .createKey, .rotateKey:
            guard answer.isSuccess, let token = answer.json["key"]?.string,
                let (number, digest) = judge.keyNumber(of: token)
            else { return }
            judge.noteKeys { $0.issued(number, digest, at: now) }
            guard case .rotateKey(let place, _) = flight.intent.kind, let index = answer.index
            else { return }
            world.counters[.keysRotated] += 1
            judge.noteKeys { $0.acknowledgedEnds(number, upTo: index, at: now) }
            holds(upTo: index)
            let parts = judge.keys[place].parts.indices.suffix(2)
            pry(keys: parts.map { (key: place, part: $0, needsRole: false) })
        case .deleteKey(let place):
            // That it is gone already is an acknowledgement too.
            let number = judge.keys[place].number
            guard answer.isSuccess || answer.status == 404,
                let index = judge.keyAccess.end(of: number), flight.mayReflect(index)
            else { return }
            judge.noteKeys { $0.acknowledgedEnds(number, upTo: index, at: now) }
            holds(upTo: index)
            pry(keys: [(key: place, part: judge.keys[place].parts.count - 1, needsRole: false)])
        default: break
        }
    }

    // MARK: What clients know then

    func learnKeys(_ operation: HTTPOperation, _ answer: Answer) {
        switch operation.kind {
        case .createKey(let account, _, _):
            guard let token = answer.json["key"]?.string, let shown = answer.json["id"]?.string,
                judge.learnKey(token, shownID: shown, account: account)
            else { return world.oracle.fail("wire", "the answer to a new key cannot be read") }
        case .rotateKey(let place, _):
            guard let token = answer.json["key"]?.string, judge.learnPart(token, of: place) else {
                return world.oracle.fail("wire", "the answer to a rotation cannot be read")
            }
        case .deleteKey(let place): judge.markKeyEnded(place)
        default: break
        }
    }
}

/// An API key that somebody was given, as those who work with it know it.
struct KnownKey {
    /// Its row.
    let number: UInt64
    /// As the API shows it.
    let shownID: String
    let account: Int
    /// Its secret parts, oldest first.
    var parts: [(token: String, digest: Digest256)]
    /// Whether it is thought to have ended.
    var isEnded = false
}
