internal import APITypes
internal import AuthCore
internal import AuthService
internal import ByteCodec
internal import RaftCore

extension Endpoints {
    static let upkeep: [Route] = [
        Route(
            "raiseFeatureLevel", "POST", "/v1/cluster/feature-level",
            gate: .permission(.clusterManage),
            body: .json(.featureLevelBody, limitBytes: 4 << 10),
            answers: [Answer(200, "The cluster uses this level.", .featureLevel)],
            idempotent: true,
            summary:
                "Lets the cluster use what its releases have learnt, once every member knows it. "
                + "It never falls again.",
            handler: .steps { call, caller, world in raise(call, caller, world) }),
        Route(
            "beginComparison", "POST", "/v1/cluster/verify", gate: .permission(.clusterManage),
            answers: [Answer(202, "The nodes compare their states.", .comparison)],
            summary: "Has all nodes say what their states hash to at one entry of the log.",
            handler: .confirmedSteps { call, caller, world in
                Upkeep.compareStates(caller, call.context, world).map { begun in
                    .json(comparison(begun.report, world), status: 202, index: begun.index)
                }
            }),
        Route(
            "getComparison", "GET", "/v1/cluster/verify", gate: .permission(.clusterRead),
            answers: [Answer(200, "What they have said so far.", .comparison)],
            summary: "The newest comparison of the nodes' states.",
            handler: .read(stale: true) { _, _, view, world in
                .success(.json(comparison(CheckpointReport(view.meta), world)))
            }),
    ]

    static let joinTokens: [Route] = [
        Route(
            "listJoinTokens", "GET", "/v1/cluster/join-tokens", gate: .permission(.clusterRead),
            answers: [Answer(200, "Every number that is kept for a node.", .page(.heldToken))],
            summary: "The join tokens that are kept, without what one joins with.",
            handler: .read(stale: true) { _, _, view, _ in
                let tokens = try Listing.joinTokens(view.tables)
                return .success(
                    .json(Objects.page(tokens.map { show($0, now: view.now) }, next: nil)))
            }),
        Route(
            "deleteJoinToken", "DELETE", "/v1/cluster/join-tokens/{id}",
            gate: .permission(.clusterManage),
            answers: [
                Answer(200, "Nobody joins with it any more.", .memberOrder),
                Answer(202, "It is ordered and goes on.", .memberOrder),
            ], idempotent: true,
            summary: "Takes back a join token that nobody has joined with.",
            handler: .steps { call, caller, world in takeBack(call, caller, world) }),
    ]

    private static func raise(_ call: Call, _ caller: Caller, _ world: World) -> Flow<Reply> {
        guard let level = call.body["level"]?.unsigned else {
            preconditionFailure("no level in the body")
        }
        return Upkeep.raise(to: UInt32(clamping: level), caller, call.context, world).map {
            .json(.object(["feature_level": .unsigned(level)]), index: $0)
        }
    }

    private static func comparison(_ report: CheckpointReport, _ world: World) -> JSONValue {
        var agreed: StateHash?
        let state: String
        switch report.verdict {
        case .none: state = "none"
        case .pending: state = "pending"
        case .agreed(let hash):
            state = "agreed"
            agreed = hash
        case .undecidable: state = "undecidable"
        }
        let node = world.node
        return .object([
            "index": .unsigned(report.index.rawValue), "state": .string(state),
            "hash": .optional(agreed.map(show)),
            "members": .array(
                report.words.map { word in
                    let isReachable =
                        word.node == node.node
                        || node.members.contains { $0.node == word.node && $0.isReachable }
                    return .object([
                        "id": .string("\(word.node)"), "voter": .bool(word.isVoter),
                        "hash": .optional(word.digest.map(show)),
                        "agrees": word.agrees.map { .bool($0) } ?? .null,
                        "reachable": .bool(isReachable),
                    ])
                }),
        ])
    }

    /// The 16 bytes of a hash, the most significant first.
    private static func show(_ hash: StateHash) -> String {
        RequestID.hex(
            [hash.high, hash.low].flatMap { half in
                stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: half >> $0) }
            })
    }

    private static func show(_ token: JoinTokenRow, now: Timestamp) -> JSONValue {
        let state =
            token.spentBy != nil ? "spent" : token.isOpen(at: now) ? "open" : "expired"
        return .object([
            "node": .string("\(token.node)"), "state": .string(state),
            "role": .string(token.role == .voter ? "voter" : "learner"),
            "replaces": .optional(token.replaces.map { "\($0)" }),
            "created_at": .string(token.createdAt.rfc3339),
            "expires_at": .string(token.expiresAt.rfc3339),
        ])
    }

    private static func takeBack(_ call: Call, _ caller: Caller, _ world: World) -> Flow<Reply> {
        Flow(call.parameter("id") { NodeID(name: $0) }).then { node in
            Upkeep.takeBack(tokenOf: node, caller, call.context, world).map { shown($0, of: node) }
        }
    }
}

extension Schema {
    fileprivate static let featureLevelBody = Schema.object(
        ObjectSchema(
            "FeatureLevelChange",
            [
                Property(
                    "level", .integer(1...UInt64(UInt32.max)),
                    "What the cluster is to use; the present one changes nothing.")
            ]))

    fileprivate static let featureLevel = Schema.object(
        ObjectSchema(
            "FeatureLevel", [Property("feature_level", .integer(1...UInt64(UInt32.max)))]))

    private static let stateHash = Schema.text(TextRule(32...32, pattern: "^[0-9a-f]{32}$"))

    fileprivate static let comparison = Schema.object(
        ObjectSchema(
            "Comparison",
            [
                Property(
                    "index", .integer(0...UInt64(Int64.max)),
                    "The entry at which the states are compared; 0: there was none yet."),
                Property("state", .text(.oneOf(["none", "pending", "agreed", "undecidable"]))),
                Property("hash", .nullable(stateHash), "What a quorum of voters says."),
                Property(
                    "members",
                    .array(
                        .object(
                            ObjectSchema(
                                "ComparedMember",
                                [
                                    Property("id", .text(.nodeName)), Property("voter", .boolean),
                                    Property("hash", .nullable(stateHash), "What it has said."),
                                    Property("agrees", .nullable(.boolean)),
                                    Property("reachable", .boolean),
                                ])), countMax: 2 * Limits.members)),
            ]))

    fileprivate static let heldToken = Schema.object(
        ObjectSchema(
            "HeldJoinToken",
            [
                Property("node", .text(.nodeName)),
                Property("state", .text(.oneOf(["open", "expired", "spent"]))),
                Property("role", .text(.oneOf(["voter", "learner"]))),
                Property("replaces", .nullable(.text(.nodeName))),
                Property("created_at", .time), Property("expires_at", .time),
            ]))
}
