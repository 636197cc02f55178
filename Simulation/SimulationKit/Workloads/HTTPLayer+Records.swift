import APITypes
import AuthCore
import AuthService

// What clients make of the outcome of their operations: for themselves, and for the histories that
// are looked at in the end.

extension HTTPLayer {
    /// Writes an operation into the history of its object, and into what the audit trail must say.
    func record(_ operation: HTTPOperation, _ conclusion: Conclusion) {
        var conclusion = conclusion
        if case .answered(let answer, _) = conclusion, !answer.isSuccess, operation.isDoubtful,
            !operation.kind.isRead
        {
            // The verdict is on the last time of asking; an earlier one may have been heard.
            conclusion = .unknown
        }
        expectRecord(operation, conclusion)
        let began = operation.began ?? world.now
        switch operation.kind {
        case .putSecret, .readSecret, .deleteSecret: recordSecret(operation, conclusion, began)
        case .grant(let account), .takeBack(let account), .readUser(let account):
            guard let done = grantOperation(operation.kind, conclusion) else { return }
            judge.observe(
                grant: account,
                Observation(operation: done, began: began, ended: ended(conclusion)))
        case .logIn, .setPassword, .changePassword, .setDisabled, .createUser:
            guard let (account, done) = accountOperation(operation.kind, conclusion) else {
                return
            }
            judge.observe(
                account: account,
                Observation(operation: done, began: began, ended: ended(conclusion)))
        case .logOut, .refresh, .validate, .lookUp, .revoke, .revokeAll, .revokeOwn, .putRole,
            .createKey, .rotateKey, .deleteKey, .useKey, .createLimited, .useLimited,
            .rotateSigningKeys, .useAccessToken, .limitSessions, .coder, .showCode, .showNoCode,
            .createTenant, .setTenant, .deleteTenant, .tenantLogIn, .tenantKey, .useInTenant,
            .reachSession:
            break
        }
    }

    private func ended(_ conclusion: Conclusion) -> UInt64? {
        guard case .answered(_, let flight) = conclusion else { return nil }
        return flight.answeredAt
    }

    private func recordSecret(
        _ operation: HTTPOperation, _ conclusion: Conclusion, _ began: UInt64
    ) {
        let path: Int
        let done: SecretModel.Operation?
        switch operation.kind {
        case .putSecret(let place, let condition, let value):
            path = place
            done = putOperation(condition, value, conclusion)
        case .readSecret(let place):
            path = place
            done = readOperation(conclusion)
        case .deleteSecret(let place):
            path = place
            switch conclusion {
            case .answered(let answer, _) where answer.isSuccess: done = .delete(found: true)
            case .answered(let answer, _) where answer.status == 404:
                done = .delete(found: false)
            case .unknown: done = .delete(found: nil)
            case .answered, .nothing: done = nil
            }
        default: return
        }
        guard let done else { return }
        judge.observe(
            secret: path,
            Observation(
                operation: done, began: began, ended: isCertain(done) ? ended(conclusion) : nil))
    }

    private func isCertain(_ operation: SecretModel.Operation) -> Bool {
        switch operation {
        case .put(_, _, version: nil), .delete(found: nil): false
        default: true
        }
    }

    private func putOperation(
        _ condition: SecretModel.Condition, _ value: UInt64, _ conclusion: Conclusion
    ) -> SecretModel.Operation? {
        switch conclusion {
        case .nothing: return nil
        case .unknown: return .put(condition, value: value, version: nil)
        case .answered(let answer, _):
            if answer.isSuccess, let version = answer.json["version"]?.unsigned {
                return .put(condition, value: value, version: version)
            }
            let isCondition =
                answer.code == ErrorCode.versionMismatch.rawValue
                || answer.code == ErrorCode.exists.rawValue
            return isCondition ? .putRefused(condition) : nil
        }
    }

    private func readOperation(_ conclusion: Conclusion) -> SecretModel.Operation? {
        guard case .answered(let answer, _) = conclusion else { return nil }
        if answer.status == 404 { return .readNothing }
        guard answer.isSuccess, let version = answer.json["version"]?.unsigned,
            let text = answer.json["value"]?.string,
            let value = text.split(separator: " ").last.flatMap({ UInt64($0) })
        else { return nil }
        return .read(value: value, version: version)
    }

    private func grantOperation(
        _ kind: HTTPOperation.Kind, _ conclusion: Conclusion
    ) -> GrantModel.Operation? {
        switch (kind, conclusion) {
        case (.grant, .unknown): .grant
        case (.grant, .answered(let answer, _)): answer.isSuccess ? .grant : nil
        case (.takeBack, .unknown): .takeBack(found: nil)
        case (.takeBack, .answered(let answer, _)):
            answer.isSuccess
                ? .takeBack(found: true) : answer.status == 404 ? .takeBack(found: false) : nil
        case (.readUser, .answered(let answer, _)):
            answer.json["roles"]?.array.map { roles in
                .read(isHeld: roles.contains(.string(Self.role)))
            }
        default: nil
        }
    }

    private func accountOperation(
        _ kind: HTTPOperation.Kind, _ conclusion: Conclusion
    ) -> (Int, AccountModel.Operation)? {
        var answer: Answer?
        if case .answered(let given, _) = conclusion { answer = given }
        let isUnknown = if case .unknown = conclusion { true } else { false }
        let isDone = answer?.isSuccess == true
        let isWrong = answer?.code == ErrorCode.invalidCredentials.rawValue
        switch kind {
        case .createUser(let account):
            return isDone
                ? (account, .create(password: UInt64(accounts[account].passwords[0]))) : nil
        case .logIn(let account?, let password, _):
            guard isDone || isWrong else { return nil }
            return (account, .logIn(password: UInt64(password), isDone: isDone))
        case .setPassword(let account, let new):
            return isDone || isUnknown ? (account, .setPassword(UInt64(new))) : nil
        case .setDisabled(let account, let isDisabled):
            return isDone || isUnknown ? (account, .setDisabled(isDisabled)) : nil
        case .changePassword(let session, let old, let new):
            guard let account = judge.tokens[session].account, isDone || isWrong || isUnknown
            else { return nil }
            return (
                account,
                .changePassword(
                    old: UInt64(old), new: UInt64(new), isDone: isUnknown ? nil : isDone)
            )
        default: return nil
        }
    }

    private func expectRecord(_ operation: HTTPOperation, _ conclusion: Conclusion) {
        guard let action = operation.kind.action else { return }
        switch conclusion {
        case .answered(let answer, let flight):
            guard answer.isSuccess else { return }
            var ids = operation.requestIDs
            // Each redemption leaves its own record, and so does each reading.
            if operation.key == nil { ids = [flight.requestID] }
            // A clock that jumps ahead may let the key be forgotten; whether it took effect twice
            // before that is not asked here.
            judge.expect(
                AuditTrail.Expectation(
                    requestIDs: ids, action: action, rowsMin: 1, rowsMax: ids.count))
        case .unknown:
            guard operation.key != nil || operation.requestIDs.count == 1 else { return }
            judge.expect(
                AuditTrail.Expectation(
                    requestIDs: operation.requestIDs, action: action, rowsMin: 0,
                    rowsMax: operation.requestIDs.count))
        case .nothing:
            judge.expect(
                AuditTrail.Expectation(
                    requestIDs: operation.requestIDs, action: action, rowsMin: 0, rowsMax: 0))
        }
    }

    // MARK: What the client knows then

    func learn(_ index: Int, _ operation: HTTPOperation, _ conclusion: Conclusion) {
        switch conclusion {
        case .answered(let answer, _) where answer.isSuccess:
            learnSuccess(index, operation, answer)
        case .answered(let answer, _): learnRefusal(index, operation, answer)
        case .unknown, .nothing: learnDoubt(operation, conclusion)
        }
    }

    private func learnSuccess(_ index: Int, _ operation: HTTPOperation, _ answer: Answer) {
        switch operation.kind {
        case .logIn(let account, _, _):
            guard let token = answer.json["session_token"]?.string,
                let shown = answer.json["session"]?["id"]?.string,
                let place = judge.learn(
                    token, shownID: shown, account: account,
                    refreshToken: answer.json["refresh_token"]?.string)
            else { return world.oracle.fail("wire", "the answer to a log-in cannot be read") }
            clients[index].session = place
            learnAccessToken(answer, of: place)
        case .logOut(let session), .revoke(let session): judge.markEnded(session)
        case .revokeAll(let account): judge.markEnded(account: account, keeping: nil)
        case .revokeOwn(let session):
            if let account = judge.tokens[session].account {
                judge.markEnded(account: account, keeping: session)
            }
        case .setPassword(let account, let new):
            accounts[account].passwords.append(new)
            judge.markEnded(account: account, keeping: nil)
        case .changePassword(let session, _, let new):
            guard let account = judge.tokens[session].account else { return }
            accounts[account].passwords.append(new)
            judge.markEnded(account: account, keeping: session)
        case .setDisabled(let account, let isDisabled):
            accounts[account].isDisabled = isDisabled
            if isDisabled { judge.markEnded(account: account, keeping: nil) }
        case .refresh(let session, _):
            if let token = answer.json["refresh_token"]?.string {
                judge.learnRefreshToken(token, of: session)
            }
            learnAccessToken(answer, of: session)
        case .putSecret(let path, _, _), .readSecret(let path):
            clients[index].versions[path] = answer.json["version"]?.unsigned
        case .putRole: setUpRoles += 1
        case .createUser(let account): learnUser(account, answer)
        case .createKey, .rotateKey, .deleteKey: learnKeys(operation, answer)
        case .createLimited(let place): learnLimited(place, answer)
        case .coder(let place, let step): learnCoder(place, step, answer)
        case .createTenant, .setTenant, .deleteTenant, .tenantLogIn, .tenantKey:
            learnTenants(operation, answer)
        case .validate, .lookUp, .grant, .takeBack, .readUser, .deleteSecret, .useKey,
            .useLimited, .rotateSigningKeys, .useAccessToken, .limitSessions, .showCode,
            .showNoCode, .useInTenant, .reachSession:
            break
        }
    }

    private func learnUser(_ account: Int, _ answer: Answer) {
        guard let shown = answer.json["id"]?.string, let id: UserID = ObjectText.read(shown) else {
            return world.oracle.fail("wire", "the answer to a new user cannot be read")
        }
        accounts[account].shownID = shown
        accounts[account].id = id
    }

    private func learnRefusal(_ index: Int, _ operation: HTTPOperation, _ answer: Answer) {
        let isDead =
            answer.code == ErrorCode.tokenInvalid.rawValue
            || answer.code == ErrorCode.tokenExpired.rawValue
        // Others may go on trying it: what is dead must stay so.
        if isDead, let session = operation.session { judge.markEnded(session) }
        if isDead, case .refresh(let session, _) = operation.kind {
            if session == clients[index].session { judge.markEnded(session) }
        }
        if case .deleteKey(let place) = operation.kind, answer.status == 404 {
            judge.markKeyEnded(place)
        }
        if case .rotateKey(let place, _) = operation.kind, answer.status == 404 {
            judge.markKeyEnded(place)
        }
        if case .deleteTenant(let place) = operation.kind, answer.status == 404 {
            judge.change(tenant: place) { $0.isGone = true }
        }
        if case .setTenant(let place, _) = operation.kind, answer.status == 404 {
            judge.change(tenant: place) { $0.isGone = true }
        }
        if case .setDisabled(let account, _) = operation.kind {
            accounts[account].isDisabled = false
        }
        if case .createUser(let account) = operation.kind,
            answer.code == ErrorCode.exists.rawValue
        {
            // Made by an operation whose outcome nobody knew.
            accounts[account].name += "b"
        }
        if case .coder(let place, let step) = operation.kind {
            learnCoderRefusal(place, step, operation, answer)
        }
        learnDoubt(operation, operation.isDoubtful ? .unknown : .nothing)
    }

    private func learnDoubt(_ operation: HTTPOperation, _ conclusion: Conclusion) {
        guard case .unknown = conclusion else { return }
        switch operation.kind {
        case .setPassword(let account, let new): accounts[account].passwords.append(new)
        case .changePassword(let session, _, let new):
            if let account = judge.tokens[session].account {
                accounts[account].passwords.append(new)
            }
        case .setDisabled(let account, true): accounts[account].isDisabled = true
        case .coder(let place, let step): learnCoderDoubt(place, step)
        case .setTenant(let place, true): judge.change(tenant: place) { $0.isSuspended = true }
        default: break
        }
    }
}
