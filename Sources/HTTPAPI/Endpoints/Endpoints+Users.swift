internal import APITypes
internal import AuthCore
internal import AuthService
internal import Cryptography

extension Endpoints {
    private static let passwordBody = Schema.object(
        ObjectSchema("Password", [Property("password", .text(.newPassword))]))

    static let users: [Route] = [
        Route(
            "createUser", "POST", "/v1/users", gate: .permission(.usersWrite),
            body: .json(.newUser, holdsSecret: true),
            answers: [Answer(201, "The user was made.", .user)], idempotent: true,
            summary: "Makes a user.",
            handler: .steps { call, caller, world in createUser(call, caller, world) }),
        Route(
            "listUsers", "GET", "/v1/users", gate: .permission(.usersRead),
            query: [
                QueryParameter("username", .text(.userName), "Only the user of this name."),
                QueryParameter(
                    "username_prefix", .text(.userName), "Only users whose name begins so."),
                QueryParameter(
                    "role", .text(.roleName), "Only who holds this role directly; by id."),
                QueryParameter(
                    "kind", .text(.oneOf(["person", "service"])), "Only users of this kind."),
                QueryParameter(
                    "disabled", .text(.oneOf(["true", "false"])),
                    "Only users who are disabled, or only those who are not."),
                .limit, .cursor,
            ],
            answers: [Answer(200, "A page of users.", .page(.user))],
            summary: "The users, by name, or the holders of a role.",
            handler: .read(stale: true) { call, caller, view, world in
                try listUsers(call, caller, view, world)
            }),
        Route(
            "ownUser", "GET", "/v1/users/self", gate: .anyCredential,
            answers: [Answer(200, "The caller's own record.", .user)],
            summary: "The caller's own record.",
            handler: .read(stale: true) { _, caller, _, _ in
                .success(.json(Objects.user(caller.user)).tagged(caller.user.version))
            }),
        Route(
            "getUser", "GET", "/v1/users/{id}", gate: .permission(.usersRead),
            answers: [Answer(200, "The user.", .user)], summary: "One user.",
            handler: .read(stale: true) { call, caller, view, _ in
                guard let id: UserID = ObjectText.read(call.parameter("id")),
                    let user = try UserRow.read(caller.tenant, id, view.tables)
                else { return .failure(.notFound) }
                return .success(.json(Objects.user(user)).tagged(user.version))
            }),
        Route(
            "updateUser", "PATCH", "/v1/users/{id}", gate: .permission(.usersWrite),
            body: .json(.userChange), answers: [Answer(200, "The user as it is now.", .user)],
            idempotent: true, conditional: true,
            summary: "Changes the fields of a user that are given.",
            handler: .steps { call, caller, world in updateUser(call, caller, world) }),
        Route(
            "deleteUser", "DELETE", "/v1/users/{id}", gate: .permission(.usersWrite),
            answers: [Answer(204, "The user is gone, with every session.")], idempotent: true,
            conditional: true, summary: "Removes a user.",
            handler: .steps { call, caller, world in
                Flow(call.parameter("id") { ObjectText.read($0, as: UserID.self) }).then { id in
                    Flow(call.condition).then { condition in
                        Users.delete(id, condition, caller, call.context, world)
                            .map { .noContent(index: $0) }
                    }
                }
            }),
        Route(
            "setPassword", "PUT", "/v1/users/{id}/password", gate: .permission(.usersWrite),
            body: .json(passwordBody, limitBytes: 4 << 10, holdsSecret: true),
            answers: [Answer(204, "The password is set; every session has ended.")],
            idempotent: true, summary: "Sets another user's password.",
            handler: .steps { call, caller, world in
                let password = call.requiredText("password")
                return Flow(call.parameter("id") { ObjectText.read($0, as: UserID.self) })
                    .then { id in
                        let fault = world.fault(
                            inNewPassword: password, of: id, in: caller.tenant)
                        return Flow(checked(password, fault)).then { password in
                            Users.setPassword(
                                of: id, to: password, caller, call.context, world
                            ).map { .noContent(index: $0) }
                        }
                    }
            }),
        Route(
            "changeOwnPassword", "PUT", "/v1/users/self/password",
            gate: .anySession(cookie: false),
            body: .json(
                .object(
                    ObjectSchema(
                        "PasswordChange",
                        [
                            Property("old_password", .text(.password)),
                            Property("new_password", .text(.newPassword)),
                            Property(
                                "code", .text(.oneTimeCode), required: false,
                                "Of who has a second factor."),
                        ])), limitBytes: 4 << 10, holdsSecret: true),
            answers: [Answer(204, "The password is changed; the other sessions have ended.")],
            idempotent: true, summary: "Changes the caller's own password.",
            handler: .steps { call, caller, world in
                let password = call.requiredText("new_password")
                let fault = world.fault(
                    inNewPassword: password, of: caller.user.username)
                return Flow(checked(password, fault)).then { new in
                    ChangeOwnPassword(
                        old: secret(call.requiredText("old_password")), new: new,
                        code: call.text("code"), caller: caller, context: call.context
                    ).run(world).map { .noContent(index: $0) }
                }
            }),
        Route(
            "grantRole", "PUT", "/v1/users/{id}/roles/{name}", gate: .permission(.rolesGrant),
            answers: [Answer(204, "The user has the role.")], idempotent: true,
            summary: "Gives a user a role.",
            handler: .steps { call, caller, world in
                withUserAndRole(call) { user, role in
                    Users.grant(role, to: user, caller, call.context, world)
                }
            }),
        Route(
            "takeBackRole", "DELETE", "/v1/users/{id}/roles/{name}",
            gate: .permission(.rolesGrant),
            answers: [Answer(204, "The user does not have the role.")], idempotent: true,
            summary: "Takes a role back from a user.",
            handler: .steps { call, caller, world in
                withUserAndRole(call) { user, role in
                    Users.takeBack(role, from: user, caller, call.context, world)
                }
            }),
    ]

    private static func listUsers(
        _ call: Call, _ caller: Caller, _ view: StateView, _ world: World
    ) throws -> Result<Reply, ServiceFailure> {
        // A prefix of a name is spelt like a name.
        let prefix = call.query["username_prefix"].flatMap { UserName($0) }
        let filter = UserFilter(
            prefix: prefix?.bytes ?? [], role: call.query["role"].flatMap { RoleName($0) },
            kind: call.query["kind"].flatMap { UserKind(name: $0) },
            disabled: call.query["disabled"].map { $0 == "true" })
        if let name = call.query["username"].flatMap({ UserName($0) }) {
            let user = try UserRow.read(caller.tenant, named: name, view.tables)
            let found = user.map { filter.admits($0) ? [Objects.user($0)] : [] } ?? []
            return .success(.json(Objects.page(found, next: nil)))
        }
        let filters = [
            prefix?.string ?? "", filter.role?.string ?? "", filter.kind?.name ?? "",
            call.query["disabled"] ?? "",
        ]
        return try page(call, caller, world, filters: filters) { after, limit in
            try Listing.users(
                caller.tenant, filter: filter, after: after, limit: limit, view.tables)
        } show: { user in
            Objects.user(user)
        }
    }

    private static func withUserAndRole(
        _ call: Call, _ body: @escaping @Sendable (UserID, RoleName) -> Flow<UInt64>
    ) -> Flow<Reply> {
        Flow(call.parameter("id") { ObjectText.read($0, as: UserID.self) }).then { user in
            Flow(call.parameter("name") { RoleName($0) }).then { role in
                body(user, role).map { .noContent(index: $0) }
            }
        }
    }

    /// A password that may be set, unless something speaks against it.
    private static func checked(
        _ text: String, _ fault: ServiceFailure?
    ) -> Result<SharedSecret, ServiceFailure> {
        fault.map { .failure($0) } ?? .success(secret(text))
    }

    private static func createUser(
        _ call: Call, _ caller: Caller, _ world: World
    ) -> Flow<Reply> {
        guard let username = UserName(call.requiredText("username")) else {
            return .failed(.invalid("username"))
        }
        var password = Users.NewPassword.none
        switch (call.text("password"), call.text("password_hash")) {
        case (nil, nil): break
        case (let clear?, nil):
            switch checked(clear, world.fault(inNewPassword: clear, of: username)) {
            case .failure(let failure): return .failed(failure)
            case .success(let secret): password = .clear(secret)
            }
        case (nil, let hash?): password = .hash(hash)
        case (_?, _?): return .failed(.invalid("password or password_hash, not both"))
        }
        var fields = Command.CreateUser(
            id: UserID(bits: 0), username: username, email: Text(call.text("email") ?? ""),
            displayName: Text(call.text("display_name") ?? ""),
            kind: call.text("kind").flatMap { UserKind(name: $0) } ?? .person,
            roles: roleNames(call.texts("roles")),
            disabled: call.body["disabled"]?.bool ?? false,
            metadata: metadata(call.body["metadata"]) ?? .empty)
        fields.quota = quota(call) ?? .empty
        return Users.create(fields, password: password, caller, call.context, world)
            .map { changed in
                Reply.json(Objects.user(changed.object), status: 201, index: changed.index)
                    .adding(
                        "Location", call.location("/users/" + ObjectText.show(changed.object.id))
                    )
                    .tagged(changed.object.version)
            }
    }

    private static func updateUser(
        _ call: Call, _ caller: Caller, _ world: World
    ) -> Flow<Reply> {
        Flow(call.parameter("id") { ObjectText.read($0, as: UserID.self) }).then { id in
            Flow(call.condition).then { condition in
                var change = Command.UpdateUser(
                    id: id, condition: condition,
                    username: call.text("username").flatMap { UserName($0) },
                    email: call.text("email").map { Text($0) },
                    displayName: call.text("display_name").map { Text($0) },
                    kind: call.text("kind").flatMap { UserKind(name: $0) },
                    roles: call.texts("roles").map { roleNames($0) },
                    disabled: call.body["disabled"]?.bool,
                    metadata: metadata(call.body["metadata"]))
                change.quota = quota(call)
                return Users.update(change, caller, call.context, world).map { changed in
                    Reply.json(Objects.user(changed.object), index: changed.index)
                        .tagged(changed.object.version)
                }
            }
        }
    }
}
