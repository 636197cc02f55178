import Foundation
import LoadCore
import WatchwordClient

/// The users, sessions and the secret of a load: makes them and removes them.
struct BenchSubjects {
    let plan: LoadPlan
    let client: WatchwordClient
    let options: ClientOptions
    /// What the names of all users of this load begin with.
    let prefix: String
    /// Names of secrets stay when they are deleted: there are no more than a hundred of these.
    private let secretPath = "bench/\(Int.random(in: 0..<100))"

    private static let parallel = 16
    /// Log-ins and new passwords at once: nodes hash few at a time.
    private static let parallelHashing = 4
    private static let passwordLength = 32

    init(plan: LoadPlan, client: WatchwordClient, options: ClientOptions) {
        self.plan = plan
        self.client = client
        self.options = options
        let number = String(UInt32.random(in: 0 ... .max), radix: 16)
        prefix = "bench-" + String(repeating: "0", count: 8 - number.count) + number + "-"
    }

    /// Makes nothing: a tenant may allow its users fewer sessions than this load would make.
    ///
    /// - Throws: `ClientError`, of a caller who is not known or a cluster that does not answer;
    ///   `CommandFailure`.
    func check() async throws {
        let settings: JSON
        do {
            settings = try await client.send("GET", "/v1/settings").body
        } catch let error as ClientError where error.status == 403 {
            // Who may not see them learns of a limit by its refusals.
            return
        }
        guard let most = settings["sessions_per_user_max"]?.integer else { return }
        let each = (plan.sessions + plan.users - 1) / plan.users
        guard each <= most else {
            throw CommandFailure(
                .configuration,
                "\(plan.sessions) sessions of \(plan.users) users are \(each) each, and the "
                    + "tenant allows \(most): use more --users or fewer --sessions")
        }
        guard plan.mix.has(.start) || plan.mix.has(.login) else { return }
        PrintError.line(
            "the tenant allows \(most) sessions for each user: those that the load begins beyond "
                + "that are refused, or end others")
    }

    /// Makes everything.
    ///
    /// - Throws: `ClientError`; `CommandFailure` when it is interrupted.
    func prepare(_ interrupts: Interrupts) async throws -> PreparedSubjects {
        var made = PreparedSubjects(
            callerToken: options.token ?? "", logInTenant: options.tenant, secretPath: secretPath)
        made.users = try await BenchTasks(
            title: "users", count: plan.users,
            width: plan.needsPasswords ? Self.parallelHashing : Self.parallel,
            interrupts: interrupts
        ).run { try await makeUser($0) }
        let users = made.users
        let logIns = try await BenchTasks(
            title: "log-ins", count: plan.refreshersCount, width: Self.parallelHashing,
            interrupts: interrupts
        ).run { try await logIn(users[$0 % users.count]) }
        made.refreshTokens = logIns.map(\.refresh)
        let starts = try await BenchTasks(
            title: "sessions", count: plan.sessions - logIns.count, width: Self.parallel,
            interrupts: interrupts
        ).run { try await start(users[$0 % users.count]) }
        made.sessionTokens = logIns.map(\.session) + starts
        if plan.mix.has(.secret) { try await makeSecret() }
        return made
    }

    private func makeUser(_ number: Int) async throws -> PreparedSubjects.User {
        let name = prefix + "\(number)"
        var body: [String: JSON] = [
            "username": .string(name), "display_name": .string(PreparedSubjects.label),
        ]
        let password = plan.needsPasswords ? Self.password() : ""
        if plan.needsPasswords { body["password"] = .string(password) }
        guard let id = try await made(name, .object(body))["id"]?.text else {
            throw CommandFailure(.general, "the answer holds no user")
        }
        return PreparedSubjects.User(id: id, name: name, password: password)
    }

    /// A new user; or the one of that name, which a try made whose answer was lost.
    private func made(_ name: String, _ body: JSON) async throws -> JSON {
        do {
            return try await client.send("POST", "/v1/users", body: body, keyed: false).body
        } catch let error as ClientError where error.code == .exists {
            let found = try await client.send("GET", "/v1/users?username=\(encoded(name))")
            return found.body["items"]?.elements.first ?? .null
        }
    }

    /// Letters and digits by the system's chance, which no seed repeats.
    private static func password() -> String {
        let letters = Array("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789")
        return String((0..<passwordLength).map { _ in letters[Int.random(in: letters.indices)] })
    }

    private func logIn(
        _ user: PreparedSubjects.User
    ) async throws -> (session: String, refresh: String) {
        var body: [String: JSON] = [
            "username": .string(user.name), "password": .string(user.password),
            "label": .string(PreparedSubjects.label), "tokens": true,
        ]
        if let tenant = options.tenant { body["tenant"] = .string(tenant) }
        let answer = try await client.send(
            "POST", "/v1/auth/login", body: .object(body), keyed: false, atHome: true)
        guard let session = answer.body["session_token"]?.text,
            let refresh = answer.body["refresh_token"]?.text
        else { throw CommandFailure(.general, "the answer holds no tokens") }
        return (session, refresh)
    }

    private func start(_ user: PreparedSubjects.User) async throws -> String {
        // One that is made twice ends with its user like all others.
        let answer = try await client.send(
            "POST", "/v1/sessions",
            body: ["user_id": .string(user.id), "label": .string(PreparedSubjects.label)],
            keyed: false)
        guard let token = answer.body["session_token"]?.text else {
            throw CommandFailure(.general, "the answer holds no session token")
        }
        return token
    }

    private func makeSecret() async throws {
        _ = try await client.send(
            "PUT", "/v1/secrets/\(secretPath)", body: ["value": .string(Self.password())])
    }

    /// Removes everything that bears the names of this load, however far `prepare` came.
    func remove(_ interrupts: Interrupts) async throws {
        let found = try await client.all(
            "/v1/users?username_prefix=\(encoded(prefix))", limit: LoadPlan.usersAllowed.upperBound)
        let ids = found.compactMap { $0["id"]?.text }
        _ = try await BenchTasks(
            title: "users removed", count: ids.count, width: Self.parallel, interrupts: interrupts,
            hint: "users \(prefix)… are left: see `watchword user list --prefix \(prefix)`"
        ).run { try await delete("/v1/users/\(ids[$0])") }
        if plan.mix.has(.secret) { try await delete("/v1/secrets/\(secretPath)") }
    }

    private func delete(_ path: String) async throws {
        do {
            _ = try await client.send("DELETE", path, keyed: false)
        } catch let error as ClientError where error.code == .notFound {
            // Gone already: by a try whose answer was lost.
        }
    }
}
