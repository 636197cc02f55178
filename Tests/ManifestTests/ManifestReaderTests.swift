import APITypes
import Testing

@testable import Manifest

@Suite("files for watchword apply") struct ManifestReaderTests {
    @Test("every field is read, names in their canonical spelling, lists in order")
    func whole() throws {
        let manifest = try Manifest(
            yaml: """
                # What there shall be.
                roles:
                  deploy:
                    permissions: [invoke, "secrets:read:app/*", invoke]
                    inherits: [viewer]
                    rate_limit: 100/minute
                    description: rolls out
                  empty:
                users:
                  Alice:
                    email: a@example.com
                    display_name: Alice é
                    roles: [viewer, deploy]
                    disabled: false
                    metadata: {team: core, floor: 3}
                    password_file: alice.password
                  robot: {kind: service, metadata: {}}
                keys:
                  - name: ci
                    owner: ROBOT
                    sha256: \(String(repeating: "0a", count: 32))
                    permissions: [invoke]
                    allowed_addresses: [10.1.2.3/8]
                    expires_at: never
                """)
        #expect(
            manifest.roles == [
                Declaration(
                    .role("deploy"), line: 3,
                    fields: [
                        JSONMember("permissions", .strings(["invoke", "secrets:read:app/*"])),
                        JSONMember("inherits", .strings(["viewer"])),
                        JSONMember("rate_limit", .string("100/minute")),
                        JSONMember("description", .string("rolls out")),
                    ]),
                Declaration(.role("empty"), line: 8),
            ])
        let alice = try #require(manifest.users?.first)
        #expect(alice.subject == .user("alice") && alice.line == 10)
        #expect(alice.secret == .passwordFile("alice.password"))
        #expect(alice.field("roles") == .strings(["deploy", "viewer"]))
        #expect(alice.field("disabled") == .bool(false))
        #expect(
            alice.field("metadata")
                == .object(["team": .string("core"), "floor": .string("3")]))
        #expect(manifest.users?[1].field("metadata") == .object([JSONMember]()))
        let key = try #require(manifest.keys?.first)
        #expect(key.subject == .key("ci", owner: "robot") && key.line == 19)
        #expect(key.field("expires_at") == .null)
        #expect(key.field("allowed_addresses") == .strings(["10.0.0.0/8"]))
    }

    @Test("a section that is not there is another thing than an empty one")
    func sections() throws {
        let manifest = try Manifest(yaml: "roles: {}\nusers:\n")
        #expect(manifest == Manifest(roles: [], users: []))
    }

    @Test("what is wrong is told with its line, all of it at once")
    func problems() {
        expect(
            """
            roles:
              deploy:
                permision: [invoke]
                rate_limit: 100/fortnight
              UPPER: {}
            users:
              alice:
                password: secret
                roles: [viewer, "no good"]
              ALICE: {}
              bob:
                disabled: "yes"
                metadata: {a: [1]}
            secrets: {}
            """,
            [
                "3: unknown field permision", "4: rate_limit: this cannot stand here",
                "5: this is no name of a role",
                "7: no password stands in this file: use password_file or password_hash",
                "9: roles: this cannot stand here", "10: user alice is there twice",
                "12: disabled: this cannot stand here", "13: metadata: this cannot stand here",
                "14: unknown section secrets",
            ])
    }

    @Test("keys need a name, an owner and a digest, and have roles or permissions")
    func keys() {
        let digest = String(repeating: "a", count: 64)
        expect(
            """
            keys:
              - {owner: robot, sha256: \(digest)}
              - {name: k, owner: robot, sha256: \(digest.uppercased())}
              - {name: k, owner: robot, sha256: \(digest), roles: [a], permissions: [b]}
              - {name: k, owner: robot, sha256: \(digest), expires_at: tomorrow}
            """,
            [
                "2: a key has a name, and the name of its owner",
                "3: sha256: 64 small hexadecimal digits", "4: roles or permissions, not both",
                "5: expires_at: this cannot stand here", "5: key k of robot is there twice",
            ])
    }

    @Test(
        "passwords are told by one way at most, and services have none",
        arguments: [
            ("{password_hash: \"$6$x$y\", password_file: f}", "password_file or password_hash"),
            ("{password_hash: plain}", "plain text or an unknown scheme cannot be taken over"),
            ("{kind: service, password_file: f}", "a service has no password"),
        ])
    func passwords(_ user: String, _ reason: String) {
        do throws(ManifestError) {
            let manifest = try Manifest(yaml: "users:\n  a: \(user)")
            Issue.record("\(manifest)")
        } catch {
            #expect(error.problems.count == 1 && error.problems.first?.line == 2)
            #expect(error.description.contains(reason))
        }
    }

    @Test("settings are numbers within their bounds, or none")
    func settings() throws {
        let manifest = try Manifest(
            yaml: """
                settings:
                  quota: none
                  session_overflow: evict_oldest
                  sessions_per_user_max: 1000
                  session_idle_seconds_max: none
                  session_seconds_max: 60
                """)
        #expect(
            manifest
                == Manifest(
                    settings: Declaration(
                        .settings, line: 1,
                        fields: [
                            JSONMember("session_idle_seconds_max", .null),
                            JSONMember("session_seconds_max", .unsigned(60)),
                            JSONMember("sessions_per_user_max", .unsigned(1_000)),
                            JSONMember("session_overflow", .string("evict_oldest")),
                            JSONMember("quota", .string("")),
                        ])))
        #expect(try Manifest(yaml: "settings:").settings?.fields == [])
        expect(
            """
            settings:
              session_seconds_max: 59
              sessions_per_user_max: 0
              session_overflow: maybe
              quota: 10
              version: 3
            """,
            [
                "2: session_seconds_max: this cannot stand here",
                "3: sessions_per_user_max: this cannot stand here",
                "4: session_overflow: this cannot stand here",
                "5: quota: this cannot stand here", "6: unknown field version",
            ])
        expect("settings: [a]", ["1: settings have fields"])
    }

    @Test(
        "what is no such file at all is refused",
        arguments: ["", "- a", "a", "roles: [", "roles: {}\nroles: {}", "roles: [a]", "keys: {}"])
    func noManifest(_ text: String) {
        #expect(throws: ManifestError.self) { try Manifest(yaml: text) }
    }

    @Test("a file of more than 4 MiB is not read")
    func bounded() {
        let text = "# " + String(repeating: "x", count: Manifest.bytesMax) + "\nroles: {}"
        #expect(throws: ManifestError.self) { try Manifest(yaml: text) }
    }

    private func expect(
        _ text: String, _ problems: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        do throws(ManifestError) {
            let manifest = try Manifest(yaml: text)
            Issue.record("\(manifest)", sourceLocation: sourceLocation)
        } catch {
            let found = error.problems.map { "\($0.line): \($0.text)" }
            #expect(found == problems, sourceLocation: sourceLocation)
        }
    }
}
