public import AuthCore
internal import Cryptography
public import RaftCore

/// What is done with members of the cluster. Apply decides whether the caller may; whoever leads
/// carries out what was ordered.
public enum Members {
    /// The right to join, as it is handed out.
    public struct Invitation: Sendable {
        public let token: String
        public let row: JoinTokenRow
        public let index: UInt64
    }

    /// Keeps a number for a node, and makes the token with which it may join.
    public static func invite(
        as role: JoinRole, replacing old: NodeID?, seconds: UInt64, _ caller: Caller,
        _ context: RequestContext, _ world: World
    ) -> Flow<Invitation> {
        if case .failure(let failure) = PeerAuthority.presence(world) { return .failed(failure) }
        let verifier = TokenCodec.drawVerifier(world.random)
        let digest = Digest256(TokenCodec.digest(.join, verifier: verifier.bytes))
        return Flow(caller.header(context, world, credentials: [verifier])).then { header in
            let operation = Command.CreateJoinToken(
                digest: digest, role: role, replaces: old, timeToLiveMilliseconds: seconds * 1_000)
            return .propose(Command(.createJoinToken(operation), header: header)) {
                applied, world in
                guard case .joinToken(let row) = applied.outcome.result else {
                    return .failed(.internal("a join token was made with another outcome"))
                }
                return Flow(
                    world.credentials(
                        of: applied.outcome, request: header.request, drawn: [verifier]
                    ).flatMap { verifiers in
                        world.tokenCodec.map { codec in
                            let token = codec.compose(
                                .join, rowNumber: row.node.rawValue, verifier: verifiers[0].bytes)
                            return Invitation(
                                token: String(decoding: token, as: UTF8.self), row: row,
                                index: applied.index.rawValue)
                        }
                    })
            }
        }
    }

    /// How far an order has come.
    public struct Ordered: Sendable {
        public let row: MemberPlanRow
        /// Whether it is carried out; otherwise it goes on.
        public let isDone: Bool
        public let index: UInt64
    }

    /// Orders a change of a member, and waits for its end as long as the request may take.
    public static func order(
        _ change: Command.MemberOrder, of node: NodeID, _ caller: Caller,
        _ context: RequestContext, _ world: World
    ) -> Flow<Ordered> {
        Flow(caller.header(context, world)).then { header in
            let operation = Command.OrderChange(node: node, change: change)
            return .propose(Command(.orderChange(operation), header: header)) { applied, _ in
                guard case .plan(let row) = applied.outcome.result else {
                    return .failed(.internal("a change was ordered with another outcome"))
                }
                return .need(.awaitPlan(node, order: row.order)) { completion, world in
                    guard case .planEnded(let end) = completion else {
                        preconditionFailure("a wait for a plan completed as something else")
                    }
                    let index = max(applied.index, world.node.applied).rawValue
                    switch end {
                    case .done: return .done(Ordered(row: row, isDone: true, index: index))
                    case .pending: return .done(Ordered(row: row, isDone: false, index: index))
                    case .refused(let reason): return .failed(.changeRefused(reason.words))
                    }
                }
            }
        }
    }
}

/// Where a member is reached.
public struct MemberPlace: Equatable, Sendable {
    public let node: NodeID
    public let peer: String
    public let url: String
}
