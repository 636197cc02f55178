import APITypes
import AuthCore
import HTTPAPI
import RaftCore

// Sessions that are limited: who changes the limit, who begins more than it allows at every node,
// and what is made of the answers.

extension HTTPLayer {
    // MARK: What they want

    func crowdKeeperWants(_ index: Int) -> HTTPOperation? {
        // Whoever is not there yet would find no room.
        guard accounts.allSatisfy({ $0.shownID != nil }) else { return nil }
        guard let session = ownSession(index) else { return .enter }
        guard clients[index].random.chance(1, in: 8) else { return nil }
        let limits: [UInt64?] = [1, 2, 2, 3, 5, nil]
        let isKeyed = clients[index].random.chance(1, in: 2)
        return HTTPOperation(
            kind: .limitSessions(
                limits[draw(index, limits.count)], evicts: clients[index].random.chance(3, in: 4)),
            session: session, key: isKeyed ? "crowd-\(index)-\(clients[index].operations)" : nil)
    }

    /// What has just had to give way, when there is such; else another session of one of two users,
    /// or one of theirs is shown or ended.
    func crowdUserWants(_ index: Int, _ node: Int) -> HTTPOperation? {
        guard world.nodes[node].isUsed else { return nil }
        if let suspect = clients[index].suspects.popLast() {
            return shown(suspect.session, at: node)
        }
        let account = draw(index, min(2, accounts.count))
        guard accounts[account].shownID != nil, let password = accounts[account].passwords.last
        else { return nil }
        let recent = judge.tokens.indices.suffix(32).filter {
            judge.tokens[$0].account == account && !judge.tokens[$0].isEnded
        }
        switch draw(index, 8) {
        case 0...3:
            let isKeyed = clients[index].random.chance(1, in: 3)
            var operation = HTTPOperation(
                kind: .logIn(account: account, password: password, seconds: nil), session: nil,
                key: isKeyed ? "crowd-\(index)-\(clients[index].operations)" : nil)
            operation.node = node
            return operation
        case 4 where !recent.isEmpty:
            let session = recent[draw(index, recent.count)]
            return HTTPOperation(kind: .logOut(session: session), session: session, key: nil)
        default:
            guard !recent.isEmpty else { return nil }
            return shown(recent[draw(index, recent.count)], at: node)
        }
    }

    private func shown(_ session: Int, at node: Int) -> HTTPOperation {
        var operation = HTTPOperation(
            kind: .validate(session: session), session: session, key: nil)
        operation.node = node
        return operation
    }

    // MARK: Requests

    func crowdDraft(_ operation: HTTPOperation) -> Draft {
        guard case .limitSessions(let limit, let evicts) = operation.kind else {
            preconditionFailure("\(operation.kind.told) is not about a limit of sessions")
        }
        return Draft(
            method: "PATCH", path: "/v1/settings",
            body: .object([
                "sessions_per_user_max": limit.map { .unsigned($0) } ?? .null,
                "session_overflow": .string(evicts ? "evict_oldest" : "deny"),
            ]))
    }

    // MARK: Answers

    /// Whether somebody was told that there is no room for another session.
    func countDenied(_ flight: Flight, _ answer: Answer) {
        guard case .logIn = flight.intent.kind, answer.code == ErrorCode.quota.rawValue else {
            return
        }
        world.counters[.sessionsDenied] += 1
    }

    /// That older sessions have ended counts from the moment in which a node tells of the one that
    /// they gave way to.
    func acknowledgeEvictions(by number: UInt64) {
        let evicted = judge.crowds.evicted(by: number)
        guard !evicted.isEmpty else { return }
        let now = world.now
        world.counters[.sessionsEvicted] += UInt64(evicted.count)
        judge.note { access in
            for number in evicted { access.acknowledgedEnd(number, at: now) }
        }
        holds(upTo: judge.access.session(evicted[0])?.endedBy)
        let places = evicted.compactMap { number in
            judge.tokens.indices.suffix(64).last { judge.tokens[$0].number == number }
        }
        pry(places.map { ($0, false) })
        for index in clients.indices {
            guard case .crowdUser = clients[index].part, clients[index].suspects.count < 12 else {
                continue
            }
            for place in places { clients[index].suspects += [(place, false), (place, false)] }
        }
    }
}
