internal import APITypes
internal import AuthCore
internal import AuthService

/// What a text must look like: for the document a pattern, for the server a function, the same
/// rule in both.
struct TextRule: Sendable {
    /// The bounds in characters as JSON Schema counts them; the server also bounds the bytes.
    let lengthMin: Int
    let lengthMax: Int
    /// A regular expression of ECMA-262, or nil.
    let pattern: String?
    /// A name that JSON Schema knows, or nil.
    let format: String?
    /// What stands as an example in the document.
    let example: String?
    /// Whether a text follows the rule. The bounds are checked beforehand.
    let isSatisfied: @Sendable (String) -> Bool

    init(
        _ length: ClosedRange<Int>, pattern: String? = nil, format: String? = nil,
        example: String? = nil, isSatisfied: @escaping @Sendable (String) -> Bool = { _ in true }
    ) {
        lengthMin = length.lowerBound
        lengthMax = length.upperBound
        self.pattern = pattern
        self.format = format
        self.example = example
        self.isSatisfied = isSatisfied
    }

    /// Whether a text may stand here.
    func allows(_ text: String) -> Bool {
        let count = text.unicodeScalars.count
        return count >= lengthMin && count <= lengthMax && isSatisfied(text)
    }
}

extension TextRule {
    /// Free text without control characters.
    static func text(_ length: ClosedRange<Int>, bytesMax: Int) -> TextRule {
        TextRule(length, pattern: "^[^\\x00-\\x1f\\x7f]*$") { text in
            text.utf8.count <= bytesMax && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        }
    }

    /// A label, a display name, a description.
    static let shortText = TextRule.text(0...64, bytesMax: Limits.shortTextBytes)

    /// A user's name, before its letters are made small.
    static let userName = TextRule(
        1...128, pattern: "^[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$", example: "alice",
        isSatisfied: { UserName($0) != nil })

    /// A one-time code of six digits, or a recovery code.
    static let oneTimeCode = TextRule(
        6...19, pattern: "^([0-9]{6}|[a-z2-7]{4}(-[a-z2-7]{4}){3})$", example: "123456",
        isSatisfied: { text in
            let bytes = Array(text.utf8)
            if bytes.count == 6 { return bytes.allSatisfy { (0x30...0x39).contains($0) } }
            let groups = bytes.split(separator: 0x2D, omittingEmptySubsequences: false)
            return groups.count == 4
                && groups.allSatisfy { group in
                    group.count == 4
                        && group.allSatisfy {
                            (0x61...0x7A).contains($0) || (0x32...0x37).contains($0)
                        }
                }
        })

    /// A tenant's name: it does not begin like an id.
    static let tenantName = TextRule(
        1...64, pattern: "^(?!ten_)[a-z0-9][a-z0-9._-]{0,63}$", example: "default",
        isSatisfied: { RoleName($0).map(TenantRow.mayBeCalled) ?? false })

    /// A tenant's name or id.
    static let tenant = TextRule(
        1...64, pattern: "^([a-z0-9][a-z0-9._-]{0,63}|ten_[0-9A-Za-z]{22})$", example: "default",
        isSatisfied: { TenantReference($0) != nil })

    /// A role's name.
    static let roleName = TextRule(
        1...64, pattern: "^[a-z0-9][a-z0-9._-]{0,63}$", example: "auditor",
        isSatisfied: { RoleName($0) != nil })

    /// One segment of a path: any of `[A-Za-z0-9._-]`, but neither `.` nor `..`.
    private static let pathSegment = "(\\.?[A-Za-z0-9_-]|\\.\\.[A-Za-z0-9._-])[A-Za-z0-9._-]*"

    /// A permission.
    static let permission = TextRule(
        1...385,
        pattern: {
            let name = "[a-z0-9._-]{1,64}"
            return "^(\\*|(\(name):)?\(name)"
                + "|(\(name):)?\(pathSegment)((/\(pathSegment))+(/\\*)?|/\\*)"
                + "|(\(name):){2}\(pathSegment)(/\(pathSegment))*(/\\*)?)$"
        }(),
        example: "secrets:read:app/db/*", isSatisfied: { Permission($0) != nil })

    /// Any text that parses as a permission, for queries.
    static let permissionQuery = TextRule(
        1...385, example: "invoke", isSatisfied: { Permission($0) != nil })

    /// A secret's path.
    static let secretPath = TextRule(
        1...255, pattern: "^\(pathSegment)(/\(pathSegment))*$", example: "app/db/password",
        isSatisfied: { SecretPath($0) != nil })

    /// The beginning of secrets' paths.
    static let secretPrefix = TextRule(
        0...255, pattern: "^[A-Za-z0-9._/-]*$", example: "app/",
        isSatisfied: { text in
            text.utf8.allSatisfy {
                CharacterClass.isUnreserved($0) && $0 != UInt8(ascii: "~")
                    || $0 == UInt8(ascii: "/")
            }
        })

    /// A password as somebody chooses it: at most 1,024 bytes.
    static let password = TextRule(1...256, pattern: "^[^\\x00]*$") { text in
        (1...1_024).contains(text.utf8.count) && !text.utf8.contains(0)
    }

    /// A password that is set; the operator may ask for more.
    static let newPassword = TextRule(
        AuthOptions.passwordLengthFloor...256, pattern: "^[^\\x00]*$"
    ) { text in
        text.utf8.count <= 1_024 && !text.utf8.contains(0)
    }

    /// An e-mail address, loosely: the server sends no mail.
    static let email = TextRule(
        0...254, pattern: "^([^\\x00-\\x20\\x7f@]+@[^\\x00-\\x20\\x7f@]+)?$",
        example: "alice@example.com"
    ) { text in
        guard !text.isEmpty else { return true }
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty }
            && text.utf8.count <= Limits.emailBytes
            && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }

    /// A rate limit.
    static let rateLimit = TextRule(
        0...32, pattern: "^([1-9][0-9]{0,8}/(second|minute|hour|day))?$", example: "100/minute"
    ) { text in text.isEmpty || RateLimit(text) != nil }

    /// An id: its prefix and 22 base62 characters.
    static func objectID(_ prefix: String) -> TextRule {
        TextRule(
            (prefix.utf8.count + 23)...(prefix.utf8.count + 23),
            pattern: "^\(prefix)_[0-9A-Za-z]{22}$", example: "\(prefix)_\(exampleID)",
            isSatisfied: { text in
                text.utf8.starts(with: "\(prefix)_".utf8)
                    && text.utf8.dropFirst(prefix.utf8.count + 1).allSatisfy(isBase62)
            })
    }

    private static let exampleID = "0000000000000000000001"

    /// One of a few words.
    static func oneOf(_ words: [String]) -> TextRule {
        let longest = words.map(\.utf8.count).max() ?? 0
        return TextRule(0...longest, pattern: "^(\(words.joined(separator: "|")))$") {
            words.contains($0)
        }
    }

    /// A token as somebody presents it; whether it is one is not a matter of form.
    static let token = TextRule(1...512)

    /// An opaque cursor.
    static let cursor = TextRule(1...1_024, pattern: "^[0-9A-Za-z_-]+$") { text in
        text.utf8.allSatisfy { isBase62($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
    }

    /// A node's name.
    static let nodeName = TextRule(
        2...19, pattern: "^n[1-9][0-9]{0,16}$", example: "n1",
        isSatisfied: { text in
            text.utf8.first == UInt8(ascii: "n") && text.utf8.dropFirst().first != UInt8(ascii: "0")
                && text.utf8.dropFirst().allSatisfy {
                    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                }
        })

    private static func isBase62(_ byte: UInt8) -> Bool {
        CharacterClass.isUnreserved(byte) && byte != UInt8(ascii: "-") && byte != UInt8(ascii: ".")
            && byte != UInt8(ascii: "_") && byte != UInt8(ascii: "~")
    }
}
