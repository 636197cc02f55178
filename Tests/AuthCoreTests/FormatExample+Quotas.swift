import ByteCodec
import RaftCore

@testable import AuthCore

extension Example {
    static var quotaRows: [Example] {
        [
            Example(
                row: UsageRow(
                    tenant: .platform, subject: UsageSubject(.user, user.id.bits),
                    period: .day(19_675), count: 1_234), "usage-of-day"),
            Example(
                row: UsageRow(
                    tenant: .platform, subject: UsageSubject(.key, key.id.bits),
                    period: .month(24_286), count: 99), "usage-of-month"),
            Example(row: UsageCountRow(rows: 2), "usage-count"),
            Example(
                row: UsageReporterRow(node: NodeID(2), run: 77, sequence: 5), "usage-reporter"),
            Example(row: limitedUser, "user-with-quota"),
            Example(row: limitedRole, "role-with-quota"),
        ]
    }

    static var quotaCommands: [Example] {
        [
            Example(
                "add-usage",
                .addUsage(
                    .init(
                        sequence: 5,
                        uses: [
                            Usage(
                                tenant: .platform, subject: UsageSubject(.user, user.id.bits),
                                day: 19_675, count: 12)
                        ]))),
            Example("put-role-of-level-2", .putRole(roleOfLevel2)),
            Example("create-user-of-level-2", .createUser(userOfLevel2)),
            Example("update-user-of-level-2", .updateUser(userChangeOfLevel2)),
        ]
    }

    private static var limitedUser: UserRow {
        var user = Self.user
        user.quota = "10000/day"
        return user
    }
    private static var limitedRole: RoleRow {
        var role = RoleRow(
            tenant: .platform, name: AuthCoreTests.role("dev"), permissions: [], inherits: [],
            rateLimit: .empty, description: "d", builtIn: false, createdAt: time, updatedAt: time,
            version: 3)
        role.quota = "10000/day,1000000/month"
        return role
    }
    private static var roleOfLevel2: Command.PutRole {
        var body = Command.PutRole(name: role("dev"), permissions: [permission("invoke")])
        body.quota = "10000/day"
        return body
    }
    private static var userOfLevel2: Command.CreateUser {
        var body = Command.CreateUser(id: user.id, username: user.username)
        body.quota = "10000/day"
        return body
    }
    private static var userChangeOfLevel2: Command.UpdateUser {
        var body = Command.UpdateUser(id: user.id, condition: .version(2))
        body.quota = "10000/day"
        return body
    }
}
