import Testing

@testable import AuthCore

@Suite struct PermissionTests {
    @Test("What two sets have in common allows what both allow, and nothing else")
    func common() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var dice = Dice(seed: seed)
        let all = [
            "a", "a:b", "a:b:x", "a:b:x/y", "a:b:x/*", "a:b:x/y/*", "a:b/*", "a/*", "a/x", "b:c",
            "*", "cluster:read", "cluster:x/*", "a:b:z", "a:b/c",
        ].map(permission)
        for round in 0..<2000 {
            let tenant = dice.chance(50) ? TenantID.platform : TenantID(bits: 7)
            func set() -> EffectivePermissions {
                EffectivePermissions(
                    tenant: tenant,
                    roles: (0..<dice.below(3)).map { _ in role("r\(dice.below(4))") },
                    permissions: (0..<dice.below(4)).map { _ in dice.pick(all) })
            }
            let own = set()
            let other = set()
            let both = own.limited(to: other)
            for asked in all {
                let expected = own.allows(asked) && other.allows(asked)
                #expect(both.allows(asked) == expected, "\(asked), round \(round), seed \(seed)")
            }
            #expect(own.covers(both) && other.covers(both))
            #expect(both.roles.allSatisfy(own.roles.contains))
            let hasEverything = other.permissions.contains(.everything)
            #expect(hasEverything || both.roles.allSatisfy(other.roles.contains))
        }
    }

    @Test(
        "Takes one to three names, of which the last may be a path (api, Who may do what)",
        arguments: [
            "invoke", "code:execute", "a:b:c", "*", "secrets:read:app/db/*", "secrets:read:App",
            "secrets:read:a/B/c.d", "x_y:z-1.2", "files/*", "files:Reports/2024",
            "a:b:..c/d", "0",
        ])
    func wellFormed(text: String) { #expect(Permission(text)?.string == text) }

    @Test(
        "Refuses everything else",
        arguments: [
            "", ":", "a:", ":a", "a::b", "a:b:c:d", "A", "Code:execute", "a:B", "a b", "a:*",
            "a:b:*", "**", "*:a", "a*", "a:b*", "a/*/b", "*/a", "/*", "a:/*", "a:b:/c", "a:b:c/",
            "a:b:c//d", "a:b:./c", "a:b:c/../d", "a:b:..", "a/b:c", "a:b\u{e9}", "a,b", "a:b:c*",
            "a:b:c/**", "a:b:c/*/*", "secrets:read:*", "ä", "a\n", "a:b:c%2fd",
        ])
    func malformed(text: String) { #expect(Permission(text) == nil) }

    @Test("Bounds names by 64 bytes and paths by 255")
    func lengths() {
        let name = String(repeating: "n", count: 64)
        #expect(Permission(name) != nil)
        #expect(Permission(name + "n") == nil)
        #expect(Permission("\(name):\(name):\(String(repeating: "p", count: 255))") != nil)
        #expect(Permission("a:b:" + String(repeating: "p", count: 256)) == nil)
    }

    @Test("Accepts no byte but those of the grammar, in any place")
    func everyByte() {
        for byte in UInt8.min...UInt8.max {
            let inName = Permission(bytes: Array("a".utf8) + [byte] + Array("b:c".utf8))
            let isSeparator = byte == UInt8(ascii: ":")
            #expect((inName != nil) == (ASCII.isNameByte(byte) || isSeparator), "byte \(byte)")
            let inPath = Permission(bytes: Array("a:b:c".utf8) + [byte] + Array("d".utf8))
            let isPathByte =
                ASCII.isNameByte(byte) || ASCII.isUpper(byte) || byte == UInt8(ascii: "/")
            #expect((inPath != nil) == isPathByte, "byte \(byte)")
        }
    }

    @Test(
        "Covers itself, everything below a trailing wildcard, and paths of two names",
        arguments: [
            ("a", "a", true), ("a", "a:b", false), ("a:b", "a:b:c", true),
            ("a:b", "a:b:c/*", true), ("a:b:c", "a:b", false), ("a:b", "a:bc", false),
            ("a:b", "a:bc:d", false), ("s:r:x/*", "s:r:x/y", true),
            ("s:r:x/*", "s:r:x/y/z", true), ("s:r:x/*", "s:r:x", false),
            ("s:r:x/*", "s:r:xy/z", false), ("s:r:x/*", "s:r:x/*", true),
            ("s:r:x/*", "s:r:x/y/*", true), ("s:r:x/y/*", "s:r:x/*", false),
            ("s:r:x/*", "s:w:x/y", false), ("*", "a", true), ("*", "*", true),
            ("a", "*", false), ("a:b", "*", false), ("a/*", "*", false),
            ("a:b:c", "a:b:c/d", false), ("cluster:manage", "cluster:read", false),
        ])
    func coverage(held: String, wanted: String, expected: Bool) {
        #expect(permission(held).covers(permission(wanted)) == expected, "\(held) \(wanted)")
    }

    @Test("Coverage is transitive over many random permissions")
    func transitive() {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var dice = Dice(seed: seed)
        let all = (0..<60).map { _ in randomPermission(&dice) }
        for a in all {
            for b in all where a.covers(b) {
                for c in all where b.covers(c) {
                    #expect(a.covers(c), "\(a.string) \(b.string) \(c.string), seed \(seed)")
                }
            }
        }
    }

    @Test(
        "Only the platform tenant has power over the cluster, whatever wildcard is held",
        arguments: [
            "cluster:read", "cluster:manage", "seal:manage", "tenants:act", "audit:export",
            "cluster", "cluster:x:y",
        ])
    func platformOnly(text: String) {
        let wanted = permission(text)
        let platform = EffectivePermissions(
            tenant: .platform, roles: [], permissions: [.everything])
        let other = EffectivePermissions(
            tenant: TenantID(bits: 9), roles: [], permissions: [.everything, wanted])
        #expect(wanted.isPlatformOnly)
        #expect(platform.allows(wanted))
        #expect(!other.allows(wanted))
        #expect(other.allows(.usersWrite) && other.allows(.everything))
    }

    @Test("What this server asks for is told from what services behind it ask for")
    func administrative() {
        for text in ["users:read", "secrets:read:a/b", "*", "sessions", "cluster:manage"] {
            #expect(permission(text).isAdministrative(at: 2), "\(text)")
        }
        for text in ["invoke", "code:execute", "user:read", "usersx:read"] {
            #expect(!permission(text).isAdministrative(at: 2), "\(text)")
        }
    }

    @Test("Built-in roles are spelled as permissions and names are")
    func builtIn() {
        for builtIn in BuiltInRole.allCases {
            #expect(RoleName(bytes: builtIn.name.bytes) == builtIn.name)
            for permission in builtIn.permissions {
                #expect(Permission(bytes: permission.bytes) == permission)
            }
        }
        #expect(
            BuiltInRole.allCases.map(\.name.string).sorted() == [
                "admin", "node_operator", "operator", "super_admin", "viewer",
            ])
    }

    private func randomPermission(_ dice: inout Dice) -> Permission {
        let names = ["a", "b"]
        var text = dice.pick(names)
        if dice.chance(80) { text += ":" + dice.pick(names) }
        if dice.chance(50) { text += dice.chance(60) && text.count > 1 ? ":a" : "/b" }
        for _ in 0..<dice.below(3) where text.count > 3 { text += "/" + dice.pick(names) }
        if dice.chance(30) { text += "/*" }
        if dice.chance(5) { text = "*" }
        return permission(text)
    }
}

@Suite struct NameTests {
    @Test(
        "A user name is lower-cased in ASCII and then of one form (api)",
        arguments: [
            ("Alice", "alice"), ("a.b+c@d-e_f", "a.b+c@d-e_f"), ("0", "0"), ("-a", nil),
            ("", nil), ("a b", nil), ("É", nil), ("a\u{2126}", nil), ("ａ", nil), ("a/b", nil),
        ] as [(String, String?)])
    func userNames(text: String, canonical: String?) {
        #expect(UserName(text)?.string == canonical)
    }

    @Test("A user name has at most 128 bytes, and capitals are not canonical")
    func userNameBounds() {
        #expect(UserName(String(repeating: "a", count: 128)) != nil)
        #expect(UserName(String(repeating: "a", count: 129)) == nil)
        #expect(UserName(canonical: Array("Alice".utf8)) == nil)
    }

    @Test(
        "A secret's path has one spelling",
        arguments: [
            ("a", true), ("a/B.c_d-e", true), ("..a", true), ("", false), ("/a", false),
            ("a/", false), ("a//b", false), (".", false), ("a/..", false), ("a:b", false),
            ("a%2fb", false), ("a b", false), ("a*", false),
        ])
    func paths(text: String, isGood: Bool) { #expect((SecretPath(text) != nil) == isGood) }

    @Test("Ids are read only in their one spelling")
    func ids() {
        let id = UserID(bits: 0x0123_4567_89AB_CDEF_0123_4567_89AB_CDEF)
        #expect(id.text.count == 26 && id.text.hasPrefix("usr_"))
        #expect(UserID(text: id.text) == id)
        #expect(UserID(bytes: id.bytes) == id)
        #expect(TenantID(text: id.text) == nil)
        #expect(UserID(text: id.text + "0") == nil)
        #expect(UserID(text: "usr_" + String(repeating: "z", count: 22)) == nil)
        let session = SessionID(number: CredentialNumber(3), nonce: 9)
        #expect(SessionID(bits: session.bits) == session)
    }

    @Test("Digests are equal only when all bytes are")
    func digests() {
        let bytes = Array(UInt8(0)..<32)
        let digest = Digest256(bytes: bytes)
        #expect(digest?.bytes == bytes)
        #expect(Digest256(bytes: bytes + [0]) == nil && Digest256(bytes: []) == nil)
        for position in 0..<32 {
            var other = bytes
            other[position] ^= 0x80
            #expect(Digest256(bytes: other) != digest)
        }
    }

    @Test("Text is UTF-8 compared by bytes, not by canonical equivalence")
    func text() {
        #expect(Text("\u{e9}") != Text("e\u{301}"))
        #expect(Text(utf8: [0xFF]) == nil)
    }
}

@Suite struct StateHashTests {
    @Test("SipHash-2-4-128 gives the vectors of the reference code")
    func vectors() {
        let key: (UInt64, UInt64) = (0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908)
        let empty = SipHash.digest128(of: [], key: key)
        #expect(empty == StateHash(low: 0xe6a8_25ba_047f_81a3, high: 0x9302_55c7_1472_f66d))
        let one = SipHash.digest128(of: [0], key: key)
        #expect(one == StateHash(low: 0x44af_996b_d8c1_87da, high: 0x45fc_229b_1159_7634))
    }
}
