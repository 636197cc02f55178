internal import APITypes
internal import AuthCore
internal import AuthService
internal import ByteCodec

extension Endpoints {
    static let keys: [Route] = [
        Route(
            "createKey", "POST", "/v1/keys", gate: .permission(.keysWrite),
            body: .json(.newKey, holdsSecret: true),
            answers: [Answer(201, "The key was made; it is shown this once.", .issuedKey)],
            idempotent: true,
            summary: "Makes an API key, or takes one in that was made elsewhere.",
            handler: .steps { call, caller, world in createKey(call, caller, world) }),
        Route(
            "listKeys", "GET", "/v1/keys", gate: .permission(.keysRead),
            query: [
                QueryParameter("owner_id", .text(.objectID("usr")), "Only keys of this user."),
                .limit, .cursor,
            ],
            answers: [Answer(200, "A page of living keys.", .page(.key))],
            summary: "The living keys, by owner, oldest first.",
            handler: .read(stale: true) { call, caller, view, world in
                try listKeys(call, caller, view, world)
            }),
        Route(
            "ownKey", "GET", "/v1/keys/self", gate: .anyCredential,
            answers: [Answer(200, "The calling key.", .key)], summary: "The calling key.",
            handler: .read(stale: true) { _, caller, _, world in
                guard let key = caller.key else { return .failure(.notFound) }
                return world.tokenCodec.map { .json(Objects.key(key, $0)).tagged(key.version) }
            }),
        Route(
            "deleteOwnKey", "DELETE", "/v1/keys/self", gate: .anyCredential,
            answers: [Answer(204, "The calling key has ended.")], idempotent: true,
            summary: "Ends the calling key, whatever it may do otherwise.",
            handler: .ending { call, caller, world in
                guard let key = caller.key else { return .failed(.notFound) }
                return APIKeys.delete(key.id, .any, caller, call.context, world)
            }),
        Route(
            "getKey", "GET", "/v1/keys/{id}", gate: .permission(.keysRead),
            answers: [Answer(200, "The key, without its secret part.", .key)],
            summary: "One living key.",
            handler: .read(stale: true) { call, caller, view, world in
                switch keyID(call, world) {
                case .failure(let failure): return .failure(failure)
                case .success(let (codec, id)):
                    guard let key = try APIKeys.live(id, in: caller.tenant, view) else {
                        return .failure(.notFound)
                    }
                    return .success(.json(Objects.key(key, codec)).tagged(key.version))
                }
            }),
        Route(
            "updateKey", "PATCH", "/v1/keys/{id}", gate: .permission(.keysWrite),
            body: .json(.keyChange), answers: [Answer(200, "The key as it is now.", .key)],
            idempotent: true, conditional: true,
            summary: "Changes the fields of a key that are given.",
            handler: .steps { call, caller, world in updateKey(call, caller, world) }),
        Route(
            "deleteKey", "DELETE", "/v1/keys/{id}", gate: .permission(.keysWrite),
            answers: [Answer(204, "The key has ended.")], idempotent: true, conditional: true,
            summary: "Ends a key.",
            handler: .ending { call, caller, world in
                Flow(keyID(call, world)).then { _, id in
                    Flow(call.condition).then { condition in
                        APIKeys.delete(id, condition, caller, call.context, world)
                    }
                }
            }),
        Route(
            "rotateKey", "POST", "/v1/keys/{id}/rotate", gate: .permission(.keysWrite),
            body: .json(.keyRotation, limitBytes: 4 << 10, holdsSecret: false, isOptional: true),
            answers: [Answer(201, "The key's successor; it is shown this once.", .issuedKey)],
            idempotent: true, conditional: true,
            summary: "Gives a key another secret part; the present one is good for the grace time.",
            handler: .steps { call, caller, world in
                Flow(keyID(call, world)).then { _, id in
                    Flow(call.condition).then { condition in
                        APIKeys.rotate(
                            id, graceSeconds: call.body["grace_seconds"]?.unsigned ?? 0,
                            condition, caller, call.context, world
                        ).then { issued in Flow(world.tokenCodec.map { reply(issued, call, $0) }) }
                    }
                }
            }),
    ]

    private static func keyID(
        _ call: Call, _ world: World
    ) -> Result<(TokenCodec, KeyID), ServiceFailure> {
        world.tokenCodec.flatMap { codec in
            call.parameter("id") { codec.readKeyID($0) }.map { (codec, $0) }
        }
    }

    private static func reply(
        _ issued: APIKeys.Issued, _ call: Call, _ codec: TokenCodec
    ) -> Reply {
        Reply.json(Objects.issued(issued, codec), status: 201, index: issued.index)
            .adding("Location", call.location("/keys/" + codec.show(issued.key.id)))
            .tagged(issued.key.version)
    }

    private static func createKey(_ call: Call, _ caller: Caller, _ world: World) -> Flow<Reply> {
        Flow(newKey(call)).then { new in
            APIKeys.create(new, caller, call.context, world).then { issued in
                Flow(world.tokenCodec.map { reply(issued, call, $0) })
            }
        }
    }

    /// The key that a body describes; a key that names neither roles nor permissions says who its
    /// owner is, and may do nothing.
    private static func newKey(_ call: Call) -> Result<APIKeys.NewKey, ServiceFailure> {
        scope(call).flatMap { scope in
            expiry(call).flatMap { expiry in
                var new = APIKeys.NewKey(
                    name: call.text("name") ?? "", scope: scope ?? .permissions([]),
                    addresses: addresses(call) ?? [], rateLimit: call.text("rate_limit") ?? "",
                    expiry: expiry, metadata: metadata(call.body["metadata"]) ?? .empty)
                if let text = call.text("owner_id") {
                    guard let owner: UserID = ObjectText.read(text) else {
                        return .failure(.notFound)
                    }
                    new.owner = owner
                }
                if let prefix = call.text("prefix").flatMap({ KeyPrefix($0) }) {
                    new.prefix = prefix
                }
                new.quota = quota(call) ?? .empty
                new.imported = call.text("sha256").flatMap { Digest256(hex: $0) }
                return .success(new)
            }
        }
    }

    private static func updateKey(_ call: Call, _ caller: Caller, _ world: World) -> Flow<Reply> {
        Flow(keyID(call, world)).then { codec, id in
            Flow(call.condition).then { condition in
                let change = scope(call).flatMap { scope in
                    expiry(call).map { expiry in
                        var change = Command.UpdateKey(
                            id: id, condition: condition,
                            name: call.text("name").map { Text($0) }, scope: scope,
                            addresses: addresses(call),
                            rateLimit: call.text("rate_limit").map { Text($0) }, expiry: expiry,
                            metadata: metadata(call.body["metadata"]))
                        change.quota = quota(call)
                        return change
                    }
                }
                return Flow(change).then { change in
                    APIKeys.update(change, caller, call.context, world).map { changed in
                        Reply.json(Objects.key(changed.object, codec), index: changed.index)
                            .tagged(changed.object.version)
                    }
                }
            }
        }
    }

    private static func listKeys(
        _ call: Call, _ caller: Caller, _ view: StateView, _ world: World
    ) throws -> Result<Reply, ServiceFailure> {
        switch world.tokenCodec {
        case .failure(let failure): return .failure(failure)
        case .success(let codec):
            let owner: UserID? = call.query["owner_id"].flatMap { ObjectText.read($0) }
            return try page(call, caller, world, filters: [call.query["owner_id"] ?? ""]) {
                after, limit in
                try Listing.keys(
                    caller.tenant, owner: owner, after: after, limit: limit, wall: view.now,
                    view.tables)
            } show: { key in
                Objects.key(key, codec)
            }
        }
    }

    /// Roles or permissions, of which a body may name one; nil when it names none.
    private static func scope(_ call: Call) -> Result<KeyScope?, ServiceFailure> {
        switch (call.texts("roles"), call.texts("permissions")) {
        case (nil, nil): .success(nil)
        case (let roles?, nil): .success(.roles(roleNames(roles)))
        case (nil, let permissions?):
            .success(.permissions(permissions.compactMap { Permission($0) }))
        case (_?, _?): .failure(.invalid("roles or permissions, not both"))
        }
    }

    /// The end that a body asks for; nil when it asks for none in particular.
    private static func expiry(_ call: Call) -> Result<KeyExpiry?, ServiceFailure> {
        switch (call.body["expires_at"], call.body["ttl_seconds"]?.unsigned) {
        case (nil, nil): return .success(nil)
        case (nil, let seconds?): return .success(.after(milliseconds: seconds * 1_000))
        case (.null?, nil): return .success(.never)
        case (let value?, nil):
            guard let end = value.string.flatMap({ Timestamp(rfc3339: $0) }) else {
                return .failure(.invalid("expires_at: no moment"))
            }
            return .success(.at(end))
        case (_?, _?): return .failure(.invalid("expires_at or ttl_seconds, not both"))
        }
    }

    private static func addresses(_ call: Call) -> [AddressRange]? {
        call.texts("allowed_addresses")?.compactMap { AddressRange($0) }
    }
}

extension Digest256 {
    /// Reads 64 hexadecimal digits; nil for anything else.
    init?(hex text: String) {
        let digits = text.utf8.compactMap { CharacterClass.hexDigit($0) }
        guard text.utf8.count == 64, digits.count == 64 else { return nil }
        self.init(
            bytes: stride(from: 0, to: 64, by: 2).map { digits[$0] << 4 | digits[$0 + 1] })
    }
}
