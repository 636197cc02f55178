public import AuthCore

/// Says who holds which permission, many questions at once.
///
/// Each is judged as if it had been asked alone, and all of them by one view.
public enum Checks {
    /// Questions in one request.
    public static let countMax = 100

    /// Of whom is asked.
    public enum Subject: Hashable, Sendable {
        case caller
        /// A user of the caller's tenant; nil for an id that nobody can have. Who asks could as
        /// well read the user's roles, and them.
        case user(UserID?)
        /// Who holds this session token. Who asks could as well look the session up.
        case holder(token: String)

        /// What somebody else than the subject must hold to ask.
        fileprivate var requirements: [Permission] {
            switch self {
            case .caller: []
            case .user: [.usersRead, .rolesRead]
            case .holder: [.sessionsLookup]
            }
        }
    }

    /// Whether a subject holds a permission.
    public struct Question: Sendable {
        public var subject: Subject
        public var permission: Permission

        public init(subject: Subject, permission: Permission) {
            self.subject = subject
            self.permission = permission
        }
    }

    /// The answer to one question.
    public enum Verdict: Equatable, Sendable {
        case allowed
        case denied
        /// The caller may not ask, or there is nobody to ask about: never a yes.
        case refused(ServiceFailure)
    }

    /// Answers questions in their order. What the caller may not ask goes into the audit trail, as
    /// one record.
    ///
    /// - Precondition: at most `countMax` questions.
    public static func answer(
        _ questions: [Question], _ caller: Caller, _ context: RequestContext, _ view: StateView,
        _ world: World
    ) throws -> [Verdict] {
        precondition(questions.count <= countMax, "\(questions.count) questions")
        var known: [Subject: Result<EffectivePermissions, ServiceFailure>] = [:]
        var missing: [Permission] = []
        var verdicts: [Verdict] = []
        for question in questions {
            let subject = question.subject
            // A key may do less than its owner, and learns no more than it may.
            let isOwn = subject == .user(caller.user.id) && caller.session != nil
            let lacking = subject.requirements.filter { permission in
                !isOwn
                    && (caller.isByAccessToken || !caller.permissions.allows(permission))
            }
            guard lacking.isEmpty else {
                missing += lacking.filter { !missing.contains($0) }
                verdicts.append(.refused(.insufficientPermissions))
                continue
            }
            let found = try known[subject] ?? permissions(of: subject, caller, context, view, world)
            known[subject] = found
            switch found {
            case .failure(let failure): verdicts.append(.refused(failure))
            case .success(let permissions):
                verdicts.append(permissions.allows(question.permission) ? .allowed : .denied)
            }
        }
        if !missing.isEmpty {
            _ = world.record(
                Denial(
                    failure: .insufficientPermissions, isFinal: false, caller: caller,
                    missing: missing), context)
        }
        return verdicts
    }

    private static func permissions(
        of subject: Subject, _ caller: Caller, _ context: RequestContext, _ view: StateView,
        _ world: World
    ) throws -> Result<EffectivePermissions, ServiceFailure> {
        switch subject {
        case .caller: return .success(caller.permissions)
        case .user(let id):
            guard let user = try id.flatMap({ try UserRow.read(caller.tenant, $0, view.tables) })
            else { return .failure(.notFound) }
            guard !user.disabled else {
                return .success(
                    EffectivePermissions(tenant: user.tenant, roles: [], permissions: []))
            }
            return .success(try EffectivePermissions.resolve(user, view.tables))
        case .holder(let token):
            return try Sessions.lookUp(token, in: caller.tenant, context, view, world)
                .map { holder, _ in holder.permissions }
        }
    }
}
