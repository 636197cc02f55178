public import AuthCore
internal import ByteCodec
public import RaftCore

/// What an operator does with the cluster as a whole.
public enum Upkeep {
    /// Raises the feature level, once every member has registered a release that knows it. Apply
    /// decides whether the caller may.
    ///
    /// - Returns: the index that the answer reflects.
    public static func raise(
        to level: UInt32, _ caller: Caller, _ context: RequestContext, _ world: World
    ) -> Flow<UInt64> {
        Flow(caller.header(context, world)).then { header in
            .propose(
                Command(.raiseFeatureLevel(.init(level: level)), header: header),
                refused: { refusal, _ in .failed(failure(refusal, level: level)) },
                then: { applied, _ in .done(applied.index.rawValue) })
        }
    }

    private static func failure(_ refusal: Refusal, level: UInt32) -> ServiceFailure {
        switch refusal {
        case .memberTooOld(let node):
            .changeRefused(
                "\(node) has not registered with a release that knows feature level \(level)")
        case .invalid(.form): .invalid("level: the cluster uses a higher one already")
        default: ServiceFailure(refusal)
        }
    }

    /// Begins a comparison of the nodes' states.
    ///
    /// The entry is a node's own: it changes no row, so apply looks at nobody's rights, and the
    /// caller's were looked at before.
    ///
    /// - Returns: what has been said so far, which is little, and the index that it reflects.
    public static func compareStates(
        _ caller: Caller, _ context: RequestContext, _ world: World
    ) -> Flow<(report: CheckpointReport, index: UInt64)> {
        world.journal.record(
            AuditEvent(
                tenant: caller.tenant, actor: caller.actor, action: .clusterVerify, target: .none,
                outcome: .success, requestID: Text(context.requestID),
                address: Text(context.address)))
        let header = context.header(.node, tenant: .platform)
        return .propose(Command(.beginCheckpoint, header: header)) { _, world in
            Flow(
                world.view { view in
                    .success((CheckpointReport(view.meta), view.meta.applied.index.rawValue))
                })
        }
    }

    /// Takes a join token back that nobody has come with.
    ///
    /// Should somebody come in this very moment, that node is removed again: who takes a token back
    /// does not want who has it.
    public static func takeBack(
        tokenOf node: NodeID, _ caller: Caller, _ context: RequestContext, _ world: World
    ) -> Flow<Members.Ordered> {
        .confirmRead { world in
            Flow(
                world.view { view in
                    guard let token = try JoinTokenRow.read(node, view.tables) else {
                        return .failure(.notFound)
                    }
                    guard token.spentBy == nil else {
                        return .failure(
                            .changeRefused(
                                "the token is spent: \(node) has joined, and can be removed"))
                    }
                    return .success(())
                }
            ).then { Members.order(.remove, of: node, caller, context, world) }
        }
    }
}
