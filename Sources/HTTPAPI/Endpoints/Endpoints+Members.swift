internal import APITypes
internal import AuthCore
internal import AuthService
internal import Cryptography
internal import RaftCore

extension Endpoints {
    static let members: [Route] = [
        Route(
            "createJoinToken", "POST", "/v1/cluster/join-tokens",
            gate: .permission(.clusterManage),
            body: .json(
                .joinTokenBody, limitBytes: 4 << 10, holdsSecret: false, isOptional: true),
            answers: [Answer(201, "The right to join once.", .joinToken)], idempotent: true,
            summary: "Keeps a number for a node, and makes the token with which it may join.",
            handler: .steps { call, caller, world in invite(call, caller, world) }),
        Route(
            "joinCluster", "POST", "/v1/cluster/members",
            gate: .open(because: "the join token is the right"),
            body: .json(.joinBody, limitBytes: 32 << 10, holdsSecret: true),
            answers: [Answer(201, "What the node is given.", .joined)],
            summary:
                "Joins with a token and a certificate request. Whoever leads makes the node a "
                + "learner, and a voter once it has caught up.",
            handler: .openSteps { call, world in join(call, world) }),
        Route(
            "removeMember", "DELETE", "/v1/cluster/members/{id}",
            gate: .permission(.clusterManage),
            answers: [
                Answer(200, "It is no member any more.", .memberOrder),
                Answer(202, "It is ordered and goes on.", .memberOrder),
            ], idempotent: true,
            summary: "Removes a member, or a number that is kept for one.",
            handler: .steps { call, caller, world in order(.remove, call, caller, world) }),
        Route(
            "promoteMember", "POST", "/v1/cluster/members/{id}/promote",
            gate: .permission(.clusterManage),
            answers: [
                Answer(200, "It votes.", .memberOrder),
                Answer(202, "It is ordered and goes on.", .memberOrder),
            ], idempotent: true, summary: "Makes a learner a voter.",
            handler: .steps { call, caller, world in order(.promote, call, caller, world) }),
        Route(
            "demoteMember", "POST", "/v1/cluster/members/{id}/demote",
            gate: .permission(.clusterManage),
            answers: [
                Answer(200, "It is a learner.", .memberOrder),
                Answer(202, "It is ordered and goes on.", .memberOrder),
            ], idempotent: true, summary: "Makes a voter a learner.",
            handler: .steps { call, caller, world in order(.demote, call, caller, world) }),
        Route(
            "setAuthority", "PUT", "/v1/cluster/authority", gate: .permission(.clusterManage),
            body: .json(.authorityBody, limitBytes: 32 << 10, holdsSecret: true),
            answers: [Answer(200, "It signs from now on.", .authoritySet)],
            summary:
                "Gives the cluster the authority that signs the certificates of nodes. The key is "
                + "sealed before it is stored.",
            handler: .confirmedSteps { call, caller, world in setAuthority(call, caller, world) }),
    ]

    private static let joinSecondsDefault: UInt64 = 3_600

    private static func invite(_ call: Call, _ caller: Caller, _ world: World) -> Flow<Reply> {
        let role: JoinRole = call.text("role") == "learner" ? .learner : .voter
        let old = call.text("replaces").flatMap { NodeID(name: $0) }
        let seconds = call.body["ttl_seconds"]?.unsigned ?? joinSecondsDefault
        return Members.invite(
            as: role, replacing: old, seconds: seconds, caller, call.context, world
        ).map { made in
            .json(
                .object([
                    "token": .string(made.token), "node": .string("\(made.row.node)"),
                    "role": .string(made.row.role == .voter ? "voter" : "learner"),
                    "replaces": .optional(made.row.replaces.map { "\($0)" }),
                    "expires_at": .string(made.row.expiresAt.rfc3339),
                ]), status: 201, index: made.index
            ).adding("Location", "/v1/cluster")
        }
    }

    private static func join(_ call: Call, _ world: World) -> Flow<Reply> {
        let url = call.requiredText("url")
        let peer = call.requiredText("peer")
        let join = Join(
            token: call.requiredText("token"),
            certificateRequest: call.requiredText("certificate_request"), url: url, peer: peer,
            hosts: Endpoint.hosts([Endpoint.host(url: url), Endpoint.host(address: peer)]),
            version: call.text("version") ?? "",
            featureLevel: UInt32(clamping: call.body["feature_level"]?.unsigned ?? 1),
            context: call.context)
        return join.run(world).map { joined in
            .json(
                .object([
                    "id": .string("\(joined.node)"),
                    "cluster_id": .string(RequestID.hex(joined.clusterID)),
                    "certificate": .string(joined.certificate),
                    "authority": .string(joined.authority),
                    "members": .array(
                        joined.members.map { place in
                            .object([
                                "id": .string("\(place.node)"), "peer": .string(place.peer),
                                "url": .string(place.url),
                            ])
                        }),
                ]), status: 201, index: joined.index
            ).adding("Location", "/v1/cluster")
        }
    }

    private static func order(
        _ change: Command.MemberOrder, _ call: Call, _ caller: Caller, _ world: World
    ) -> Flow<Reply> {
        Flow(call.parameter("id") { NodeID(name: $0) }).then { node in
            Members.order(change, of: node, caller, call.context, world).map {
                shown($0, of: node)
            }
        }
    }

    /// How far an order has come.
    static func shown(_ ordered: Members.Ordered, of node: NodeID) -> Reply {
        .json(
            .object([
                "member": .string("\(node)"), "change": .string(ordered.row.plan.name),
                "state": .string(ordered.isDone ? "done" : "pending"),
            ]), status: ordered.isDone ? 200 : 202, index: ordered.index)
    }

    private static func setAuthority(
        _ call: Call, _ caller: Caller, _ world: World
    ) -> Flow<Reply> {
        let authority = NodeAuthority(
            certificate: call.requiredText("certificate"), key: secret(call.requiredText("key")))
        return PeerAuthority.set(authority, caller, call.context, world).map { set in
            .json(.object(["number": .unsigned(set.version)]), index: set.index)
        }
    }
}

/// Reads what a node says of where it is reached.
enum Endpoint {
    /// The host of `http(s)://host[:port][/…]`; nil for anything else.
    static func host(url: String) -> String? {
        for scheme in ["https://", "http://"] where url.hasPrefix(scheme) {
            let rest = url.dropFirst(scheme.count)
            let authority = rest.prefix { $0 != "/" }
            guard authority.contains(":"), !authority.hasSuffix("]") else {
                return host(address: authority + ":0")
            }
            return host(address: String(authority))
        }
        return nil
    }

    /// The host of `host:port` and `[IPv6]:port`; nil for anything else.
    static func host(address: some StringProtocol) -> String? {
        guard let colon = address.lastIndex(of: ":"),
            UInt16(address[address.index(after: colon)...]) != nil
        else { return nil }
        var host = address[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        let isSpelt = host.utf8.allSatisfy {
            CharacterClass.isUnreserved($0) || $0 == UInt8(ascii: ":")
        }
        return host.isEmpty || !isSpelt ? nil : String(host)
    }

    /// What a certificate is to be good for.
    static func hosts(_ named: [String?]) -> [String] {
        var hosts: [String] = []
        for host in named.compactMap({ $0 }) + ["localhost"] where !hosts.contains(host) {
            hosts.append(host)
        }
        return hosts
    }
}

extension Schema {
    private static let pem = TextRule(1...16_384, pattern: "^-----BEGIN [A-Z ]+-----[^\\x00]*$") {
        let begin = "-----BEGIN "
        guard $0.hasPrefix(begin), !$0.utf8.contains(0) else { return false }
        let rest = $0.utf8.dropFirst(begin.utf8.count)
        let label = rest.prefix {
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) || $0 == UInt8(ascii: " ")
        }
        return !label.isEmpty && rest.dropFirst(label.count).starts(with: "-----".utf8)
    }

    fileprivate static let joinTokenBody = Schema.object(
        ObjectSchema(
            "JoinTokenRequest",
            [
                Property(
                    "role", .text(.oneOf(["voter", "learner"])), required: false,
                    "What the node is to become; `voter` by default."),
                Property(
                    "replaces", .text(.nodeName), required: false,
                    "A voter whose place the node takes in one go."),
                Property(
                    "ttl_seconds", .integer(1...86_400), required: false,
                    "How long the token is good; an hour by default."),
            ]))

    fileprivate static let joinToken = Schema.object(
        ObjectSchema(
            "JoinToken",
            [
                Property("token", .text(.token)), Property("node", .text(.nodeName)),
                Property("role", .text(.oneOf(["voter", "learner"]))),
                Property("replaces", .nullable(.text(.nodeName))),
                Property("expires_at", .time),
            ]))

    fileprivate static let joinBody = Schema.object(
        ObjectSchema(
            "JoinRequest",
            [
                Property("token", .text(.token)),
                Property(
                    "certificate_request", .text(pem),
                    "PKCS#10 (RFC 2986) in PEM, signed by the node's own key."),
                Property(
                    "url", .text(.nodeURL), "Where clients, and nodes that redirect them, reach it."
                ),
                Property("peer", .text(.nodeAddress), "Where its peers reach it."),
                Property("version", .text(.shortText), required: false),
                Property("feature_level", .integer(1...UInt64(UInt32.max)), required: false),
            ]))

    fileprivate static let joined = Schema.object(
        ObjectSchema(
            "Joined",
            [
                Property("id", .text(.nodeName)),
                Property("cluster_id", .text(TextRule(32...32, pattern: "^[0-9a-f]{32}$"))),
                Property("certificate", .text(pem)), Property("authority", .text(pem)),
                Property(
                    "members",
                    .array(
                        .object(
                            ObjectSchema(
                                "Place",
                                [
                                    Property("id", .text(.nodeName)),
                                    Property("peer", .text(TextRule(0...256))),
                                    Property("url", .text(TextRule(0...256))),
                                ])), countMax: Limits.members)),
            ]))

    static let memberOrder = Schema.object(
        ObjectSchema(
            "MemberChange",
            [
                Property("member", .text(.nodeName)),
                Property(
                    "change",
                    .text(.oneOf(["join", "replace", "promote", "demote", "remove"]))),
                Property("state", .text(.oneOf(["done", "pending"]))),
            ]))

    fileprivate static let authorityBody = Schema.object(
        ObjectSchema(
            "Authority",
            [
                Property("certificate", .text(pem), "PEM."),
                Property("key", .text(pem), "The private key, PEM."),
            ]))

    fileprivate static let authoritySet = Schema.object(
        ObjectSchema(
            "AuthoritySet", [Property("number", .integer(1...UInt64(Int64.max)))]))
}

extension TextRule {
    private static let host = "([A-Za-z0-9._~-]+|\\[[0-9A-Fa-f:.]+\\])"
    private static let port =
        "(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[0-9]{1,4})"

    /// `host:port`.
    fileprivate static let nodeAddress = TextRule(
        3...256, pattern: "^\(host):\(port)$", example: "10.0.0.4:8201"
    ) { Endpoint.host(address: $0) != nil }

    /// `http(s)://host:port`.
    fileprivate static let nodeURL = TextRule(
        8...256, pattern: "^https?://\(host)(:\(port))?$", example: "https://10.0.0.4:8101"
    ) { Endpoint.host(url: $0) != nil && !$0.dropFirst(8).contains("/") }
}
