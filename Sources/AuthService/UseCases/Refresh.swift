public import AuthCore
internal import Cryptography
internal import RaftCore

/// Redeems a refresh token for its successor, and slides the session.
public struct Refresh: Sendable {
    public var token: String
    public var context: RequestContext

    public init(token: String, context: RequestContext) {
        self.token = token
        self.context = context
    }

    /// What a redeemed token gave.
    public struct Refreshed: Sendable {
        public let session: SessionRow
        public let refreshToken: String
        /// Nil where none are made.
        public let accessToken: AccessToken?
        public let index: UInt64
    }

    /// Redeems the token.
    public func run(_ world: World) -> Flow<Refreshed> {
        switch world.tokenCodec {
        case .failure(let failure): return .failed(failure)
        case .success(let codec):
            guard let (parsed, verifier) = codec.parseWithVerifier(Array(token.utf8), as: .refresh)
            else { return .failed(.tokenInvalid) }
            return redeem(parsed, verifier, isConfirmed: false, world)
        }
    }

    /// Proposes when the family knows the token at all: a guess writes nothing into the log.
    private func redeem(
        _ parsed: ParsedToken, _ verifier: SharedSecret, isConfirmed: Bool, _ world: World
    ) -> Flow<Refreshed> {
        let verdict = world.view { view in
            .success(
                try decideRefresh(
                    of: CredentialNumber(parsed.rowNumber), presented: Digest256(parsed.digest),
                    view.tables))
        }
        return Flow(verdict).then { verdict in
            switch verdict {
            case .propose(let session):
                KeyRotation.prepare(true, context, world) { world in
                    propose(parsed, verifier, session.tenant, world)
                }
            case .deny(let isFinal) where isFinal || isConfirmed: .failed(.tokenInvalid)
            case .deny: .confirmRead { redeem(parsed, verifier, isConfirmed: true, $0) }
            }
        }
    }

    private func propose(
        _ parsed: ParsedToken, _ presented: SharedSecret, _ tenant: TenantID, _ world: World
    ) -> Flow<Refreshed> {
        let successor = TokenCodec.drawVerifier(world.random)
        let sealed: [UInt8]
        do throws(KeyringError) {
            sealed = try SuccessorSeal.seal(
                successor: successor.bytes, presented: presented.bytes,
                rowNumber: parsed.rowNumber, random: world.random)
        } catch {
            return .failed(.internal("a successor could not be sealed: \(error)"))
        }
        let rotation = Command.RotateRefresh(
            number: CredentialNumber(parsed.rowNumber), presented: Digest256(parsed.digest),
            successor: Digest256(TokenCodec.digest(.refresh, verifier: successor.bytes)),
            sealedSuccessor: sealed)
        let key = world.requestKey(
            context, tenant: tenant, subject: Digest256(parsed.digest).bytes,
            credentials: [successor])
        return Flow(key).then { key in
            let header = context.header(.anonymous, tenant: tenant, request: key)
            return .propose(Command(.rotateRefresh(rotation), header: header)) { applied, world in
                Flow(
                    world.credentials(of: applied.outcome, request: key, drawn: [successor])
                        .flatMap { finish(applied, $0[0], presented, world) })
            }
        }
    }

    private func finish(
        _ applied: Applied, _ successor: SharedSecret, _ presented: SharedSecret, _ world: World
    ) -> Result<Refreshed, ServiceFailure> {
        world.tokenCodec.flatMap { codec in
            func compose(
                _ session: SessionRow, _ verifier: borrowing SecretBytes
            ) -> Result<Refreshed, ServiceFailure> {
                let token = codec.compose(
                    .refresh, rowNumber: session.id.number.rawValue, verifier: verifier)
                let text = String(decoding: token, as: UTF8.self)
                return accessToken(session, applied, world).map { access in
                    Refreshed(
                        session: session, refreshToken: text, accessToken: access,
                        index: applied.index.rawValue)
                }
            }
            switch applied.outcome.result {
            case .refreshed(let session, _): return compose(session, successor.bytes)
            case .refreshedBefore(let session, _, let sealed):
                do throws(KeyringError) {
                    let verifier = try SuccessorSeal.open(
                        sealed, presented: presented.bytes,
                        rowNumber: session.id.number.rawValue)
                    return compose(session, verifier)
                } catch {
                    return .failure(.internal("a successor could not be opened: \(error)"))
                }
            default: return .failure(.internal("a token was redeemed with another outcome"))
            }
        }
    }

    private func accessToken(
        _ session: SessionRow, _ applied: Applied, _ world: World
    ) -> Result<AccessToken?, ServiceFailure> {
        world.view { view in
            guard let user = try UserRow.read(session.tenant, session.user, view.tables) else {
                return .failure(.tokenInvalid)
            }
            return try Issuance.issue(session, user, applied.outcome, world, view)
        }
    }
}
