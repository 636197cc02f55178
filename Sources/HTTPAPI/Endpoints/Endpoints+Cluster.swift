internal import APITypes
internal import AuthCore
internal import AuthService
internal import ByteCodec
internal import RaftCore

extension Endpoints {
    private static let transferBody = Schema.object(
        ObjectSchema(
            "Transfer",
            [
                Property(
                    "to", .text(.nodeName), required: false,
                    "The node that is to lead; the best one without it.")
            ]))

    private static let transferred = Schema.object(
        ObjectSchema(
            "Transferred",
            [
                Property("leader", .text(.nodeName)),
                Property("term", .integer(0...UInt64(Int64.max))),
            ]))

    static let cluster: [Route] = [
        Route(
            "getCluster", "GET", "/v1/cluster", gate: .permission(.clusterRead),
            answers: [Answer(200, "The cluster.", .cluster)],
            summary: "The cluster and its members, as this node knows them.",
            handler: .read(stale: true) { _, _, view, world in try readCluster(view, world) }),
        Route(
            "transferLeadership", "POST", "/v1/cluster/transfer",
            gate: .permission(.clusterManage),
            body: .json(
                transferBody, limitBytes: 4 << 10, holdsSecret: false, isOptional: true),
            answers: [
                Answer(200, "Another node leads.", transferred),
                Answer(307, "Ask the node that leads."),
            ],
            summary: "Hands leadership over.",
            handler: .confirmedSteps { call, caller, world in transfer(call, caller, world) }),
    ]

    private static func readCluster(
        _ view: StateView, _ world: World
    ) throws -> Result<Reply, ServiceFailure> {
        guard let cluster = try ClusterRow.read(view.tables) else { return .failure(.noLeader) }
        let node = world.node
        let rows = try Listing.members(view.tables)
        let newest = node.members.compactMap { $0.applied ?? $0.match }.max() ?? node.applied
        let plans = try Listing.plans(view.tables)
        let configuration = view.meta.configuration
        let expected = rows.filter { row in
            !node.members.contains { $0.node == row.node }
                && plans.contains { $0.node == row.node }
        }
        let facts =
            node.members
            + expected.map { row in
                MemberFacts(node: row.node, role: .follower, isVoter: false, isReachable: false)
            }
        let members = facts.map { facts -> JSONValue in
            let row = rows.first { $0.node == facts.node }
            let plan = plans.first { $0.node == facts.node }
            let isSelf = facts.node == node.node
            let applied = isSelf ? node.applied : facts.applied
            return .object([
                "id": .string("\(facts.node)"),
                "url": .string(row?.url.string ?? ""),
                "peer": .string(row?.peer.string ?? ""),
                "role": .string(role(of: facts, plan, in: configuration)),
                "voter": .bool(facts.isVoter),
                "plan": plan.map {
                    .object([
                        "change": .string($0.plan.name),
                        "refused": .optional($0.refusal?.words),
                    ])
                } ?? .null,
                "match_index": facts.match.map { .unsigned($0.rawValue) } ?? .null,
                "applied_index": applied.map { .unsigned($0.rawValue) } ?? .null,
                "lag_entries": applied.map {
                    .unsigned(newest > $0 ? newest.distance(from: $0) : 0)
                } ?? .null,
                "lease_ms": isSelf ? .unsigned(node.leaseMilliseconds) : .null,
                "reachable": .bool(facts.isReachable || isSelf),
                "sealed": isSelf ? .bool(world.isSealed) : .null,
                "version": .string(row?.version.string ?? ""),
                "feature_level": row.map { .unsigned(UInt64($0.featureLevel)) } ?? .null,
            ])
        }
        return .success(
            .json(
                .object([
                    "id": .string(ObjectText.show(cluster.cluster)),
                    "leader": .optional(node.leader.map { "\($0)" }),
                    "term": .unsigned(node.term.rawValue),
                    "feature_level": .unsigned(UInt64(view.meta.featureLevel)),
                    "members": .array(members),
                ])))
    }

    /// What part a member has: what it does, unless it only begins or ends.
    private static func role(
        of member: MemberFacts, _ plan: MemberPlanRow?, in configuration: ConfState
    ) -> String {
        if configuration.leaving.contains(member.node) { return "leaving" }
        if plan?.plan == .remove, plan?.refusal == nil { return "leaving" }
        guard configuration.isMember(member.node) || configuration.isEmpty else { return "joining" }
        return member.isVoter ? member.role.name : "learner"
    }

    private static func transfer(
        _ call: Call, _ caller: Caller, _ world: World
    ) -> Flow<Reply> {
        var target: NodeID?
        if let name = call.text("to") {
            guard let node = NodeID(name: name),
                world.node.members.contains(where: { $0.node == node })
            else { return .failed(.notFound) }
            target = node
        }
        return Leadership.transfer(to: target, caller, call.context, world).map { result in
            switch result {
            case .moved(let leader, let term):
                return .json(
                    .object([
                        "leader": .string("\(leader)"), "term": .unsigned(term.rawValue),
                    ]))
            case .askLeader(let url):
                return Reply(status: 307).adding("Location", url + call.request.path)
            }
        }
    }
}
