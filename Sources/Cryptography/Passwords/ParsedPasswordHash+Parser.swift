internal import APITypes
internal import ByteCodec

/// Reads the text of one scheme, and holds each parameter against its ceiling.
struct PasswordHashParser {
    let scheme: PasswordScheme
    let ceilings: PasswordCeilings

    /// What verification has to compute.
    ///
    /// - Throws: `malformed`, `overCeiling`.
    func parse(_ text: String) throws(PasswordHashError) -> ParsedPasswordHash.Recipe {
        // The kind was told by the prefix `$name$`, so there are an empty field and the name.
        let fields = Array(
            text.split(separator: "$", omittingEmptySubsequences: false).dropFirst(2))
        switch scheme {
        case .argon2id: return try argon2(fields, .id)
        case .argon2i: return try argon2(fields, .i)
        case .scrypt: return try scrypt(fields)
        case .pbkdf2SHA256: return try pbkdf2(fields, .sha256)
        case .pbkdf2SHA512: return try pbkdf2(fields, .sha512)
        case .bcrypt: return try bcrypt(fields)
        case .sha256Crypt: return try shaCrypt(fields, hashCount: 43)
        case .sha512Crypt: return try shaCrypt(fields, hashCount: 86)
        case .scryptCrypt: return try scryptCrypt(fields)
        case .yescrypt: return try yescrypt(fields)
        }
    }

    // `v=19$m=65536,t=3,p=4$salt$tag`; the version was left out when there was only 16.
    private func argon2(
        _ fields: [Substring], _ variant: Argon2Variant
    ) throws(PasswordHashError) -> ParsedPasswordHash.Recipe {
        var fields = fields
        var version: UInt32 = 16
        if let value = fields.first?.decimals(named: ["v"])?[0] {
            guard value == 16 || value == 19 else { throw malformed("version \(value)") }
            version = UInt32(value)
            fields.removeFirst()
        }
        guard fields.count == 3, let values = fields[0].decimals(named: ["m", "t", "p"]) else {
            throw malformed("fields other than m, t, p, salt and tag")
        }
        try check("m", values[0], atMost: ceilings.argon2MemoryKiB)
        try check("t", values[1], atMost: ceilings.argon2Passes)
        try check("p", values[2], atMost: ceilings.argon2Lanes)
        guard values[2] >= 1, values[1] >= 1, values[0] >= 8 * values[2] else {
            throw malformed("m, t or p below the algorithm's minimum")
        }
        let (salt, tag) = try saltAndTag(fields[1], fields[2], saltMin: 8)
        let parameters = Argon2Parameters(
            memoryKiB: UInt32(values[0]), passes: UInt32(values[1]), lanes: UInt32(values[2]),
            version: version)
        return .argon2(parameters, variant, salt: salt, tag: tag)
    }

    // `ln=16,r=8,p=1$salt$tag`
    private func scrypt(
        _ fields: [Substring]
    ) throws(PasswordHashError) -> ParsedPasswordHash.Recipe {
        guard fields.count == 3, let values = fields[0].decimals(named: ["ln", "r", "p"]) else {
            throw malformed("fields other than ln, r, p, salt and tag")
        }
        let parameters = try scryptParameters(log2N: values[0], r: values[1], p: values[2])
        let (salt, tag) = try saltAndTag(fields[1], fields[2], saltMin: 1)
        return .scrypt(parameters, salt: salt, tag: tag)
    }

    // `i=600000,l=32$salt$tag`, or passlib's `600000$salt$tag`.
    private func pbkdf2(
        _ fields: [Substring], _ digest: PBKDF2Digest
    ) throws(PasswordHashError) -> ParsedPasswordHash.Recipe {
        guard fields.count == 3 else { throw malformed("\(fields.count) fields") }
        let named = fields[0].decimals(named: ["i", "l"])
        let bare = fields[0].decimals(named: ["i"])?[0] ?? fields[0].canonicalDecimal
        guard let iterations = named?[0] ?? bare, iterations >= 1 else {
            throw malformed("no count of iterations")
        }
        try check("iterations", iterations, atMost: ceilings.pbkdf2Iterations)
        let (salt, tag) = try saltAndTag(fields[1], fields[2], saltMin: 1)
        if let length = named?[1], length != tag.count { throw malformed("l is not the tag's") }
        return .pbkdf2(digest, iterations: UInt32(iterations), salt: salt, tag: tag)
    }

    // `05$` and 22 characters of salt followed by 31 of hash.
    private func bcrypt(
        _ fields: [Substring]
    ) throws(PasswordHashError) -> ParsedPasswordHash.Recipe {
        guard fields.count == 2, fields[0].utf8.count == 2, fields[1].utf8.count == 53,
            fields[1].utf8.allSatisfy(CryptAlphabet.contains), let cost = UInt64(fields[0])
        else { throw malformed("not a cost of two digits and 53 characters") }
        guard cost >= 4 else { throw malformed("cost \(cost)") }
        try check("cost", cost, atMost: ceilings.bcryptCost)
        return .crypt(hashCount: 31, memoryBytes: 0)
    }

    // `rounds=5000$salt$hash`, where the rounds may be left out.
    private func shaCrypt(
        _ fields: [Substring], hashCount: Int
    ) throws(PasswordHashError) -> ParsedPasswordHash.Recipe {
        var fields = fields
        if fields.count == 3 {
            guard let rounds = fields.removeFirst().decimals(named: ["rounds"])?[0] else {
                throw malformed("no count of rounds")
            }
            try check("rounds", rounds, atMost: ceilings.shaCryptRounds)
            guard rounds >= 1000 else { throw malformed("\(rounds) rounds") }
        }
        guard fields.count == 2, fields[0].utf8.count <= 16 else { throw malformed("salt") }
        try checkHash(fields[1], count: hashCount)
        return .crypt(hashCount: hashCount, memoryBytes: 0)
    }

    // One digit for log₂ N, five each for r and p, the salt, and the hash behind a `$`.
    private func scryptCrypt(
        _ fields: [Substring]
    ) throws(PasswordHashError) -> ParsedPasswordHash.Recipe {
        guard fields.count == 2, fields[0].utf8.count > 11 else { throw malformed("fields") }
        let digits = Array(fields[0].utf8)
        guard let log2N = CryptAlphabet.value(of: digits[0]),
            let r = CryptAlphabet.number(digits[1..<6]),
            let p = CryptAlphabet.number(digits[6..<11])
        else { throw malformed("N, r or p") }
        let parameters = try scryptParameters(log2N: UInt64(log2N), r: UInt64(r), p: UInt64(p))
        try checkHash(fields[1], count: 43)
        return .crypt(hashCount: 43, memoryBytes: parameters.memoryBytes)
    }

    // `j9T$salt$hash`: the flavour `j`, log₂ N - 1 and r - 1 in one digit each. Longer forms ask
    // for read-only memory, or for more time or lanes; nobody's login tools write them.
    private func yescrypt(
        _ fields: [Substring]
    ) throws(PasswordHashError) -> ParsedPasswordHash.Recipe {
        guard fields.count == 3 else { throw malformed("fields") }
        let digits = fields[0].utf8.map { CryptAlphabet.value(of: $0) ?? UInt32.max }
        // 47 is the last value of the one-digit form.
        guard digits.count == 3, fields[0].hasPrefix("j"), digits[1] <= 47, digits[2] <= 47 else {
            throw malformed("parameters other than flavour j, N and r in one digit each")
        }
        let parameters = try scryptParameters(
            log2N: UInt64(digits[1]) + 1, r: UInt64(digits[2]) + 1, p: 1)
        try checkHash(fields[2], count: 43)
        return .crypt(hashCount: 43, memoryBytes: parameters.memoryBytes)
    }

    private func scryptParameters(
        log2N: UInt64, r: UInt64, p: UInt64
    ) throws(PasswordHashError) -> ScryptParameters {
        guard log2N >= 1, r >= 1, p >= 1 else { throw malformed("N, r or p is zero") }
        // Each factor is bounded before the product, which then fits 64 bits.
        try check("log2 N", log2N, atMost: 30)
        try check("r", r, atMost: 1 << 16)
        try check("p", p, atMost: 1 << 10)
        let memory = 128 * r << log2N
        try check("memory", memory, atMost: ceilings.scryptMemoryBytes)
        try check("work", memory * p, atMost: ceilings.scryptWorkBytes)
        return ScryptParameters(log2N: UInt32(log2N), r: UInt32(r), p: UInt32(p))
    }

    private func saltAndTag(
        _ salt: Substring, _ tag: Substring, saltMin: Int
    ) throws(PasswordHashError) -> (salt: [UInt8], tag: [UInt8]) {
        guard let salt = base64(salt), let tag = base64(tag) else {
            throw malformed("salt or tag is not base64")
        }
        // A short tag would be matched by chance: an empty one by every password.
        guard (saltMin...128).contains(salt.count), (16...64).contains(tag.count) else {
            throw malformed("salt of \(salt.count) or tag of \(tag.count) bytes")
        }
        return (salt, tag)
    }

    // passlib writes `.` for `+` under PBKDF2.
    private func base64(_ text: Substring) -> [UInt8]? {
        Base64.unpadded.decode(
            text.utf8.map { $0 == UInt8(ascii: ".") ? UInt8(ascii: "+") : $0 })
    }

    private func checkHash(_ hash: Substring, count: Int) throws(PasswordHashError) {
        guard hash.utf8.count == count, hash.utf8.allSatisfy(CryptAlphabet.contains) else {
            throw malformed("hash of \(hash.utf8.count) characters")
        }
    }

    private func check(
        _ parameter: String, _ value: UInt64, atMost ceiling: UInt64
    ) throws(PasswordHashError) {
        guard value <= ceiling else {
            throw .overCeiling(scheme, parameter: parameter, value: value, ceiling: ceiling)
        }
    }

    private func malformed(_ reason: String) -> PasswordHashError {
        .malformed(scheme, reason: reason)
    }
}
