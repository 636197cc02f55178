public import AuthCore
public import Cryptography
internal import RaftCore

/// An object after a change, and the index that the answer reflects.
public struct Changed<Object: Sendable>: Sendable {
    public let object: Object
    public let index: UInt64
}

/// What is done with users. Apply decides whether the caller may.
public enum Users {
    /// How a new user's password is given.
    public enum NewPassword: Sendable {
        case none
        /// To be hashed here.
        case clear(SharedSecret)
        /// Hashed by another program.
        case hash(String)
    }

    /// Makes a user. The id is drawn here.
    public static func create(
        _ fields: Command.CreateUser, password: NewPassword, _ caller: Caller,
        _ context: RequestContext, _ world: World
    ) -> Flow<Changed<UserRow>> {
        var fields = fields
        fields.id = UserID(
            bits: world.random.bytes(16).reduce(0) { $0 << 8 | UInt128($1) })
        switch password {
        case .none: return create(fields, caller, context, world)
        case .hash(let text):
            guard world.options.acceptsPasswordHashes else {
                return .failed(.configuration("password hashes are not accepted"))
            }
            switch Self.checked(text) {
            case .failure(let failure): return .failed(failure)
            case .success(let hash): fields.password = hash
            }
            return create(fields, caller, context, world)
        case .clear(let clear):
            let fields = fields
            return hashed(clear, world) { hash, world in
                var fields = fields
                fields.password = hash
                return create(fields, caller, context, world)
            }
        }
    }

    private static func create(
        _ fields: Command.CreateUser, _ caller: Caller, _ context: RequestContext, _ world: World
    ) -> Flow<Changed<UserRow>> {
        propose(.createUser(fields), caller, context, world)
    }

    /// Changes the fields that are given.
    public static func update(
        _ fields: Command.UpdateUser, _ caller: Caller, _ context: RequestContext, _ world: World
    ) -> Flow<Changed<UserRow>> {
        propose(.updateUser(fields), caller, context, world)
    }

    /// Removes a user.
    public static func delete(
        _ id: UserID, _ condition: VersionCondition, _ caller: Caller, _ context: RequestContext,
        _ world: World
    ) -> Flow<UInt64> {
        perform(
            .deleteUser(.init(id: id, condition: condition)), caller, context, world)
    }

    /// Sets another user's password.
    public static func setPassword(
        of user: UserID, to password: SharedSecret, _ caller: Caller, _ context: RequestContext,
        _ world: World
    ) -> Flow<UInt64> {
        guard user != caller.user.id else {
            return .failed(.invalid("one's own password is changed at /v1/users/self/password"))
        }
        return hashed(password, world) { hash, world in
            perform(
                .setPassword(.init(user: user, password: hash)), caller, context, world)
        }
    }

    /// Gives a user a role.
    public static func grant(
        _ role: RoleName, to user: UserID, _ caller: Caller, _ context: RequestContext,
        _ world: World
    ) -> Flow<UInt64> {
        perform(.grantRole(.init(user: user, role: role)), caller, context, world)
    }

    /// Takes a role back from a user.
    public static func takeBack(
        _ role: RoleName, from user: UserID, _ caller: Caller, _ context: RequestContext,
        _ world: World
    ) -> Flow<UInt64> {
        perform(.revokeRole(.init(user: user, role: role)), caller, context, world)
    }

    /// A hash of another program, if there is a way to verify it.
    private static func checked(
        _ text: String
    ) -> Result<AuthCore.PasswordHash, ServiceFailure> {
        do throws(PasswordHashError) {
            _ = try ParsedPasswordHash(text)
            return .success(PasswordHash(phc: Text(text)))
        } catch {
            return .failure(.invalid("password_hash: of no kind that can be verified here"))
        }
    }

    /// Goes on with a new record of a password.
    static func hashed<Answer: Sendable>(
        _ password: SharedSecret, _ world: World,
        next: @escaping @Sendable (AuthCore.PasswordHash, World) -> Flow<Answer>
    ) -> Flow<Answer> {
        .hash(.make(password)) { result, world in
            switch result {
            case .made(let record): next(PasswordHash(record), world)
            case .failed(let error): .failed(failure(error))
            case .matched, .differed, .drawn: preconditionFailure("making a hash verified one")
            }
        }
    }

    /// What the answer is when password work failed.
    static func failure(_ error: PasswordHashError) -> ServiceFailure {
        if case .passwordTooLong = error { return .invalid("a password is too long") }
        return .internal("a password hash: \(error)")
    }

    /// Proposes a command whose outcome is a user.
    private static func propose(
        _ operation: Command.Operation, _ caller: Caller, _ context: RequestContext,
        _ world: World
    ) -> Flow<Changed<UserRow>> {
        Flow(caller.header(context, world)).then { header in
            .propose(Command(operation, header: header)) { applied, _ in
                guard case .user(let user) = applied.outcome.result else {
                    return .failed(.internal("a user was changed with another outcome"))
                }
                return .done(Changed(object: user, index: applied.index.rawValue))
            }
        }
    }

    /// Proposes a command of whose outcome only the index matters.
    static func perform(
        _ operation: Command.Operation, _ caller: Caller, _ context: RequestContext,
        _ world: World
    ) -> Flow<UInt64> {
        Flow(caller.header(context, world)).then { header in
            .propose(Command(operation, header: header)) { applied, _ in
                .done(applied.index.rawValue)
            }
        }
    }
}
