internal import APITypes
internal import AuthCore
internal import AuthService
internal import ByteCodec
internal import Cryptography

extension Endpoints {
    private static let newSecret = Schema.object(
        ObjectSchema(
            "NewSecret",
            [
                Property("value", .text(TextRule(0...90_000))),
                Property("encoding", .text(.oneOf(["utf8", "base64"])), required: false),
                Property("ttl_seconds", .integer(1...UInt64(400 * 86_400)), required: false),
                Property(
                    "metadata", .freeObject(bytesMax: Limits.metadataBytes), required: false),
            ]))

    private static let readGate = Gate.secret(.secretsRead) { .secretsRead($0) }
    private static let writeGate = Gate.secret(.secretsWrite) { .secretsWrite($0) }

    static let secrets: [Route] = [
        Route(
            "listSecrets", "GET", "/v1/secrets", gate: .anyBelow(.secretsRead),
            query: [
                QueryParameter("prefix", .text(.secretPrefix), "Only paths that begin so."),
                .limit, .cursor,
            ],
            answers: [Answer(200, "A page of secrets without their values.", .page(.secret))],
            summary: "The secrets that the caller may read, by path, without their values.",
            handler: .read(stale: false) { call, caller, view, world in
                let prefix = call.query["prefix"] ?? ""
                return try page(call, caller, world, filters: [prefix]) { after, limit in
                    try Listing.secrets(
                        caller.tenant, prefix: Array(prefix.utf8), after: after, limit: limit,
                        wall: view.now, view.tables)
                } show: { secret in
                    caller.permissions.allows(.secretsRead(secret.path))
                        ? Objects.secret(secret) : nil
                }
            }),
        readRoute("getSecret", "/v1/secrets/{path...}"),
        readRoute("getSecretAlias", "/secrets/{path...}"),
        Route(
            "listSecretVersions", "GET", "/v1/secrets/{path...}:versions", gate: readGate,
            query: [.limit, .cursor],
            answers: [Answer(200, "A page of versions.", .page(.secretVersion))],
            summary: "The versions of a secret that are kept, oldest first, without values.",
            handler: .read(stale: false) { call, caller, view, world in
                guard let path = SecretPath(call.parameter("path")),
                    try SecretRow.read(caller.tenant, path, view.tables) != nil
                else { return .failure(.notFound) }
                return try page(call, caller, world, filters: [path.string]) { after, limit in
                    try Listing.versions(
                        caller.tenant, path, after: after, limit: limit, view.tables)
                } show: { version in
                    Objects.version(version)
                }
            }),
        Route(
            "putSecret", "PUT", "/v1/secrets/{path...}", gate: writeGate,
            body: .json(newSecret, holdsSecret: true),
            answers: [
                Answer(200, "A version was added.", .secret),
                Answer(201, "The secret was made.", .secret),
            ], idempotent: true, conditional: true,
            summary: "Adds a version to a secret, or makes one.",
            handler: .steps { call, caller, world in putSecret(call, caller, world) }),
        Route(
            "deleteSecret", "DELETE", "/v1/secrets/{path...}", gate: writeGate,
            answers: [Answer(204, "The newest version cannot be read any more.")],
            idempotent: true, conditional: true,
            summary: "Marks the newest version of a secret deleted.",
            handler: .steps { call, caller, world in
                Flow(call.parameter("path") { SecretPath($0) }).then { path in
                    Flow(call.condition).then { condition in
                        Secrets.delete(path, condition, caller, call.context, world)
                            .map { .noContent(index: $0) }
                    }
                }
            }),
    ]

    private static func readRoute(_ name: String, _ path: PathPattern) -> Route {
        Route(
            name, "GET", path, gate: readGate,
            query: [
                QueryParameter(
                    "version", .integer(1...UInt64(Int64.max)), "The newest one without it.")
            ],
            answers: [Answer(200, "The secret with its value.", .secret)],
            summary: "Reads a secret. The reading is in the audit trail before the answer.",
            handler: .steps { call, caller, world in readSecret(call, caller, world) })
    }

    private static func readSecret(
        _ call: Call, _ caller: Caller, _ world: World
    ) -> Flow<Reply> {
        switch (call.parameter("path") { SecretPath($0) }, call.token, call.requirement) {
        case (.success(let path), .success(let token), .success(let requirement)):
            Secrets.read(
                path, version: call.query["version"].flatMap { UInt64($0) }, token: token,
                requirement: requirement, caller, call.context, world
            ).map { opened in
                let value = opened.value.bytes.withBytes { bytes in
                    bytes.indices.map { bytes[$0] }
                }
                let text =
                    opened.row.encoding == .base64
                    ? Base64.standard.encode(value) : String(decoding: value, as: UTF8.self)
                return Reply.json(
                    Objects.secret(opened.row, value: text), index: opened.index
                ).tagged(opened.row.version)
            }
        case (.failure(let failure), _, _), (_, .failure(let failure), _),
            (_, _, .failure(let failure)):
            .failed(failure)
        }
    }

    private static func putSecret(
        _ call: Call, _ caller: Caller, _ world: World
    ) -> Flow<Reply> {
        guard let path = SecretPath(call.parameter("path")) else {
            return .failed(.invalid("path: no path of a secret"))
        }
        let text = call.requiredText("value")
        var bytes = Array(text.utf8)
        let encoding: SecretEncoding = call.text("encoding") == "base64" ? .base64 : .utf8
        if encoding == .base64 {
            guard let decoded = Base64.standard.decode(text) else {
                return .failed(.invalid("value: not base64"))
            }
            bytes = decoded
        }
        let value = SharedSecret(SecretBytes(wiping: &bytes))
        return Flow(call.condition).then { condition in
            let version = Secrets.NewVersion(
                path: path, value: value, encoding: encoding, condition: condition,
                seconds: call.body["ttl_seconds"]?.unsigned,
                metadata: metadata(call.body["metadata"]) ?? .empty)
            return Secrets.put(version, caller, call.context, world).map { changed in
                let isNew = changed.object.latest == 1
                let reply = Reply.json(
                    Objects.secret(changed.object), status: isNew ? 201 : 200,
                    index: changed.index
                ).tagged(changed.object.latest)
                let place = call.location("/secrets/\(path.string)")
                return isNew ? reply.adding("Location", place) : reply
            }
        }
    }
}
