import APITypes
import AuthCore
import AuthService
import ByteCodec
import HTTPAPI
import RaftCore

// Access tokens: who rotates and revokes the keys that sign them, who shows them at the nodes, and
// what is made of the answers.

extension HTTPLayer {
    /// What nodes of such worlds are configured with: everything ends within a run.
    static let accessTokens: AccessTokenPolicy = {
        var policy = AccessTokenPolicy(issuer: "https://auth.example.com")
        policy.seconds = 8
        policy.publicationSeconds = 1
        policy.rotationSeconds = 9
        return policy
    }()

    // MARK: What they want

    func rotatorWants(_ index: Int) -> HTTPOperation? {
        guard let session = ownSession(index) else { return .enter }
        // Seldom: every revocation ends every token that there is.
        guard clients[index].random.chance(1, in: 16) else { return nil }
        let isKeyed = clients[index].random.chance(1, in: 2)
        return HTTPOperation(
            kind: .rotateSigningKeys(isRevoking: clients[index].random.chance(1, in: 2)),
            session: session,
            key: isKeyed ? "rotation-\(index)-\(clients[index].operations)" : nil)
    }

    /// A token that somebody was given not too long ago; one of what has just ended, when there is
    /// such.
    func bearerWants(_ index: Int, _ node: Int) -> HTTPOperation? {
        guard world.nodes[node].isUsed else { return nil }
        let recent = judge.accessTokens.indices.suffix(16)
        guard !recent.isEmpty else { return nil }
        let ended = judge.ended.suffix(6)
        var choice = recent.lowerBound + draw(index, recent.count)
        if clients[index].random.chance(1, in: 2) {
            choice = recent.last { ended.contains(judge.accessTokens[$0].session) } ?? choice
        }
        var operation = HTTPOperation(kind: .useAccessToken(choice), session: nil, key: nil)
        operation.node = node
        return operation
    }

    // MARK: Requests

    func tokenDraft(_ operation: HTTPOperation) -> Draft {
        switch operation.kind {
        case .rotateSigningKeys(let isRevoking):
            return Draft(
                method: "POST", path: "/v1/signing-keys/rotate",
                body: .object(["revoke": .bool(isRevoking)]))
        case .useAccessToken(let place):
            var draft = Draft(method: "GET", path: "/v1/validate", backend: .read)
            draft.headers.append(("Authorization", "Bearer \(judge.accessTokens[place].text)"))
            return draft
        default: preconditionFailure("\(operation.kind.told) is not about access tokens")
        }
    }

    // MARK: Answers

    func judgeAccessToken(_ flight: Flight, _ answer: Answer, _ arrived: UInt64) {
        guard case .useAccessToken(let place) = flight.intent.kind else { return }
        let token = judge.accessTokens[place]
        let number = judge.tokens[token.session].number
        let now = world.moment(flight.node)
        if answer.isSuccess {
            world.counters[.accessTokensTaken] += 1
            let least = min(flight.clock.time, now.time)
            let clock = now.steps == flight.clock.steps ? least : flight.clock.state
            world.oracle.fail(
                judge.signing.allowed(token, arrived: arrived, clock: clock)
                    ?? judge.access.allowed(number, role: nil, arrived: arrived, clock: clock))
        } else if answer.code == ErrorCode.tokenInvalid.rawValue
            || answer.code == ErrorCode.tokenExpired.rawValue
        {
            world.counters[.accessTokensRefused] += 1
            guard now.steps == flight.clock.steps,
                !judge.signing.mayRefuse(token, clock: now.time)
            else { return }
            world.oracle.fail(
                judge.access.refused(number, arrived: arrived, clock: now.time))
        } else if answer.code == ErrorCode.insufficientPermissions.rawValue {
            world.oracle.fail("refused", "an access token is asked for nothing")
        }
    }

    /// That every other key is dropped counts from the moment in which a node says it.
    func acknowledgeRotation(_ flight: Flight, _ answer: Answer) {
        guard case .rotateSigningKeys(let isRevoking) = flight.intent.kind, answer.isSuccess,
            let index = answer.index
        else { return }
        world.counters[.signingKeysRotated] += 1
        guard isRevoking else { return }
        let now = world.now
        judge.noteSigning { $0.acknowledgedDrops(upTo: index, at: now) }
        holds(upTo: index)
    }

    // MARK: What clients know then

    /// A log-in or a refresh gave a token.
    func learnAccessToken(_ answer: Answer, of session: Int) {
        guard options.mix.contains(.accessTokens) else { return }
        // None is given for a session that has ended meanwhile, or does so within the second.
        guard let text = answer.json["access_token"]?.string else { return }
        guard judge.learnAccessToken(text, of: session) else {
            return world.oracle.fail("wire", "an answer has an access token that cannot be read")
        }
    }
}
