import RaftCore

// What clients want next.

extension HTTPLayer {
    /// Something for this client to do; nil while there is nothing.
    func chooseOperation(_ index: Int) -> HTTPOperation? {
        switch clients[index].part {
        case .administrator: administratorWants(index)
        case .member: memberWants(index)
        case .gateway: gatewayWants(index)
        case .watcher(let node): watcherWants(index, node)
        case .keeper: keeperWants(index)
        case .keyUser(let node): keyUserWants(index, node)
        case .limitMaker: limitMakerWants(index)
        case .limitUser(let node): limitUserWants(index, node)
        case .rotator: rotatorWants(index)
        case .bearer(let node): bearerWants(index, node)
        case .crowdKeeper: crowdKeeperWants(index)
        case .crowdUser(let node): crowdUserWants(index, node)
        case .coderMaker: coderMakerWants(index)
        case .coderUser(let node): coderUserWants(index, node)
        case .tenantKeeper: tenantKeeperWants(index)
        case .tenantUser(let node): tenantUserWants(index, node)
        }
    }

    /// A number below `count`, by this client's chance.
    func draw(_ index: Int, _ count: Int) -> Int {
        Int(clients[index].random.next(below: UInt64(count)))
    }

    private func isDrawn(_ index: Int, _ numerator: UInt64, in denominator: UInt64) -> Bool {
        clients[index].random.chance(numerator, in: denominator)
    }

    private func operation(
        _ index: Int, _ kind: HTTPOperation.Kind, hasKey: Bool? = nil, session: Int?
    ) -> HTTPOperation {
        let isKeyed = hasKey ?? isDrawn(index, 1, in: 2)
        return HTTPOperation(
            kind: kind, session: session,
            key: isKeyed && !kind.isRead ? "key-\(index)-\(clients[index].operations)" : nil)
    }

    /// The client's own session, unless it has ended.
    func ownSession(_ index: Int) -> Int? {
        clients[index].session.flatMap { judge.tokens[$0].isEnded ? nil : $0 }
    }

    /// A session that was begun not too long ago, rather one that lives.
    private func someSession(_ index: Int, ofUsers: Bool) -> Int? {
        let recent = judge.tokens.indices.suffix(48)
        guard !recent.isEmpty else { return nil }
        var choice: Int?
        for _ in 0..<4 {
            let place = recent.lowerBound + draw(index, recent.count)
            if ofUsers, judge.tokens[place].account == nil { continue }
            choice = place
            if !judge.tokens[place].isEnded { break }
        }
        return choice
    }

    // MARK: Administrators

    /// What must be there before anything else: roles and users.
    private var setUp: HTTPOperation.Kind? {
        if setUpRoles == 0 {
            return .putRole(
                Self.memberRole, permissions: ["secrets:read", "secrets:write", "sessions:lookup"])
        }
        if setUpRoles == 1 { return .putRole(Self.role, permissions: [Self.rolePermission]) }
        return accounts.indices.first { accounts[$0].shownID == nil }
            .map { .createUser(account: $0) }
    }

    func isSetUp(_ operation: HTTPOperation) -> Bool {
        switch operation.kind {
        case .createUser, .putRole: true
        default: false
        }
    }

    private func administratorWants(_ index: Int) -> HTTPOperation? {
        guard let session = ownSession(index) else {
            return operation(
                index, .logIn(account: nil, password: 0, seconds: nil), session: nil)
        }
        if let kind = setUp {
            guard index == 0 else { return nil }
            return operation(index, kind, hasKey: true, session: session)
        }
        var wishes: [HTTPOperation.Kind] = []
        let account = draw(index, accounts.count)
        if options.mix.contains(.revocations) {
            if let token = someSession(index, ofUsers: true) {
                wishes += [.revoke(session: token), .revoke(session: token)]
            }
            wishes.append(.revokeAll(account: account))
            // Not for long: a user who is disabled does nothing.
            if let disabled = accounts.indices.first(where: { accounts[$0].isDisabled }) {
                wishes += [
                    .setDisabled(account: disabled, false), .setDisabled(account: disabled, false),
                ]
            } else {
                wishes.append(.setDisabled(account: account, true))
            }
        }
        if options.mix.contains(.passwords) {
            wishes.append(.setPassword(account: account, new: takePassword()))
        }
        if options.mix.contains(.roles) {
            wishes += [.grant(account: account), .grant(account: account)]
            wishes += [.takeBack(account: account), .readUser(account: account)]
        }
        if let token = someSession(index, ofUsers: false) { wishes.append(.lookUp(session: token)) }
        guard !wishes.isEmpty else { return nil }
        return operation(index, wishes[draw(index, wishes.count)], session: session)
    }

    func takePassword() -> Int {
        defer { nextPassword += 1 }
        return nextPassword
    }

    // MARK: Members

    private func memberWants(_ index: Int) -> HTTPOperation? {
        let ready = accounts.indices.filter { accounts[$0].shownID != nil }
        guard !ready.isEmpty else { return nil }
        guard let session = ownSession(index), let account = judge.tokens[session].account else {
            return logIn(index, ready[draw(index, ready.count)])
        }
        var wishes: [HTTPOperation.Kind] = []
        if options.mix.contains(.logIns) {
            if isDrawn(index, 1, in: 2) { return logIn(index, ready[draw(index, ready.count)]) }
            wishes += [.logOut(session: session), .logOut(session: session)]
        }
        if options.mix.contains(.refreshes), let kind = refresh(index) { wishes += [kind, kind] }
        if options.mix.contains(.revocations) { wishes.append(.revokeOwn(session: session)) }
        if options.mix.contains(.passwords), let old = accounts[account].passwords.last {
            wishes.append(
                .changePassword(session: session, old: old, new: takePassword()))
        }
        if options.mix.contains(.secrets) { wishes += secretWishes(index) }
        guard !wishes.isEmpty else { return nil }
        let kind = wishes[draw(index, wishes.count)]
        if case .refresh = kind {
            return operation(index, kind, hasKey: isDrawn(index, 1, in: 8), session: nil)
        }
        // Who asks again to log out has a token that counts no more.
        if case .logOut = kind, isDrawn(index, 3, in: 4) {
            return operation(index, kind, hasKey: true, session: session)
        }
        return operation(index, kind, session: session)
    }

    private func logIn(_ index: Int, _ account: Int) -> HTTPOperation {
        let known = accounts[account].passwords.suffix(3)
        // Mostly the one that should be right; sometimes one that was.
        let isOld = isDrawn(index, 1, in: 6)
        let place = isOld ? known.startIndex + draw(index, known.count) : known.endIndex - 1
        let isShort = options.mix.contains(.expiry) && isDrawn(index, 1, in: 4)
        let seconds: UInt64? = isShort ? 1 + clients[index].random.upTo(5) : nil
        return operation(
            index, .logIn(account: account, password: known[place], seconds: seconds), session: nil)
    }

    /// A refresh token to be redeemed: mostly the newest of a session, also somebody else's;
    /// sometimes the one before, and seldom an old one.
    private func refresh(_ index: Int) -> HTTPOperation.Kind? {
        guard let session = someSession(index, ofUsers: true) else { return nil }
        let known = judge.tokens[session].refreshTokens
        guard !known.isEmpty else { return nil }
        let back: Int
        switch draw(index, 16) {
        case 0: back = draw(index, known.count)
        case 1...4: back = min(1, known.count - 1)
        default: back = 0
        }
        return .refresh(session: session, token: known[known.count - 1 - back])
    }

    private func secretWishes(_ index: Int) -> [HTTPOperation.Kind] {
        let path = draw(index, 3)
        let condition: SecretModel.Condition =
            switch draw(index, 6) {
            case 0: .any
            case 1: .absent
            default: clients[index].versions[path].map { .version($0) } ?? .any
            }
        nextValue += 1
        var wishes: [HTTPOperation.Kind] = [
            .putSecret(path: path, condition, value: nextValue),
            .putSecret(path: path, condition, value: nextValue),
            .readSecret(path: path), .readSecret(path: path),
        ]
        if isDrawn(index, 1, in: 3) { wishes.append(.deleteSecret(path: path)) }
        return wishes
    }

    // MARK: Gateways

    private func gatewayWants(_ index: Int) -> HTTPOperation? {
        guard options.mix.contains(.validations), var session = someSession(index, ofUsers: false)
        else { return nil }
        // What ended a moment ago is what a node may not have heard of.
        let ended = judge.ended.suffix(6)
        if isDrawn(index, 1, in: 3), !ended.isEmpty {
            session = ended[ended.startIndex + draw(index, ended.count)]
        }
        var operation = operation(index, .validate(session: session), session: session)
        if options.mix.contains(.roles), judge.tokens[session].account != nil {
            operation.needsRole = isDrawn(index, 1, in: 3)
        }
        // Each gateway may stand beside any node; some go through the load balancer.
        let machines = world.nodes.indices.filter { world.nodes[$0].isUsed }
        if isDrawn(index, 7, in: 8), !machines.isEmpty {
            operation.node = machines[draw(index, machines.count)]
        }
        return operation
    }
}
