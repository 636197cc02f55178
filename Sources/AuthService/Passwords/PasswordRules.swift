public import AuthCore

/// What a new password must be (NIST SP 800-63B-4 §3.1.1.2): long, and not the first that somebody
/// tries. No rules on its characters.
///
/// Hashes that are imported do not come by here: nobody knows what they are of.
enum PasswordRules {
    /// What speaks against a password, in words for whoever chooses it; nil when nothing does.
    ///
    /// - Parameters:
    ///   - lengthMin: in Unicode code points.
    ///   - username: whose it is to be.
    static func fault(in password: String, lengthMin: Int, username: UserName?) -> String? {
        guard password.unicodeScalars.count >= lengthMin else {
            return "a password has at least \(lengthMin) characters"
        }
        let folded = LogInNames.fold(password)
        let looks = [folded, read(folded)].flatMap { [$0, core(of: $0)] }
        // Spaces and what is not seen make nothing longer.
        if folded.count < AuthOptions.passwordLengthFloor || isPattern(folded)
            || looks.contains(where: isRepetition)
        {
            return "a password is no repetition and no row of characters"
        }
        if looks.contains(where: { CommonPasswords.contain($0) }) {
            return "this password is among the most common ones"
        }
        var names = [Array("watchword".utf8)]
        if let username {
            names.append(username.bytes)
            names.append(Array(username.bytes.prefix { $0 != UInt8(ascii: "@") }))
        }
        if looks.contains(where: { names.contains($0) }) {
            return "a password is not the name of its user or of this server"
        }
        return nil
    }

    /// What is left without digits and signs at both ends: they are what is put around a word to
    /// make it long enough.
    private static func core(of password: [UInt8]) -> [UInt8] {
        let kept = password.drop { !isLetter($0) }
        guard let last = kept.lastIndex(where: isLetter) else { return [] }
        return Array(kept[...last])
    }

    /// The word as it is read: digits and signs that stand for letters.
    private static func read(_ password: [UInt8]) -> [UInt8] {
        password.map { byte in
            switch byte {
            case UInt8(ascii: "0"): UInt8(ascii: "o")
            case UInt8(ascii: "1"), UInt8(ascii: "!"): UInt8(ascii: "i")
            case UInt8(ascii: "3"): UInt8(ascii: "e")
            case UInt8(ascii: "4"), UInt8(ascii: "@"): UInt8(ascii: "a")
            case UInt8(ascii: "5"), UInt8(ascii: "$"): UInt8(ascii: "s")
            case UInt8(ascii: "7"): UInt8(ascii: "t")
            default: byte
            }
        }
    }

    /// Whether it is one character again and again, or each the next one of the alphabet or digits.
    private static func isPattern(_ password: [UInt8]) -> Bool {
        let steps = zip(password, password.dropFirst()).map { earlier, later -> Int in
            let isAround = earlier == UInt8(ascii: "9") && later == UInt8(ascii: "0")
            let isBack = earlier == UInt8(ascii: "0") && later == UInt8(ascii: "9")
            return isAround ? 1 : isBack ? -1 : Int(later) - Int(earlier)
        }
        guard let first = steps.first, (-1...1).contains(first) else { return false }
        return steps.allSatisfy { $0 == first }
    }

    /// Whether it is a short or common word, again and again.
    private static func isRepetition(_ password: [UInt8]) -> Bool {
        guard password.count >= 8 else { return false }
        for width in 1...(password.count / 2) where password.count % width == 0 {
            let unit = password[..<width]
            guard width <= 6 || CommonPasswords.contain(unit) else { continue }
            let isSame = password.indices.allSatisfy { password[$0] == password[$0 % width] }
            if isSame { return true }
        }
        return false
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        // What is no ASCII belongs to some word too.
        byte >= 0x80 || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }
}

extension World {
    /// What speaks against a new password by the operator's rule and those for all; nil when
    /// nothing does.
    public func fault(inNewPassword password: String, of username: UserName?) -> ServiceFailure? {
        let least = max(options.passwordLengthMin, AuthOptions.passwordLengthFloor)
        return PasswordRules.fault(in: password, lengthMin: least, username: username)
            .map { .invalid($0) }
    }

    /// The same for a user who is known by the id, as far as this node has heard of them.
    public func fault(
        inNewPassword password: String, of user: UserID, in tenant: TenantID
    ) -> ServiceFailure? {
        switch view({ .success(try UserRow.read(tenant, user, $0.tables)?.username) }) {
        case .failure(let failure): failure
        case .success(let username): fault(inNewPassword: password, of: username)
        }
    }
}
