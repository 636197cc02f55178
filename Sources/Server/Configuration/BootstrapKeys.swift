internal import AuthCore
internal import ByteCodec
internal import Cryptography

/// An API key with which a cluster begins, as the environment names it: of what it is spelt, only
/// the digest is kept.
struct ConfiguredKey: Equatable, Sendable {
    let name: String
    /// SHA-256 of the whole.
    let digest: Digest256
    let permissions: [Permission]
    /// Whether the key itself stood in the environment, where whoever sees the process can read it.
    let stoodInClear: Bool
}

/// Reads `WATCHWORD_KEY` and `WATCHWORD_KEY_…`.
enum BootstrapKeys {
    /// One key that may do everything.
    static let variable = "WATCHWORD_KEY"
    /// Before the name of one of several keys.
    static let prefix = "WATCHWORD_KEY_"
    private static let digestMark = "sha256:"
    /// Shorter ones can be guessed, and longer ones are no keys (docs/authenticators.md).
    private static let lengths = 16...512

    /// Whether a variable of the environment is about such a key.
    static func isAbout(_ name: String) -> Bool { name == variable || name.hasPrefix(prefix) }

    /// Reads the variables that are about keys, in the order of their names.
    ///
    /// - Returns: the keys, and what is wrong; nothing of a value is in that.
    static func read(
        _ environment: [String: String]
    ) -> (keys: [ConfiguredKey], problems: [String]) {
        var keys: [ConfiguredKey] = []
        var problems: [String] = []
        for (variable, value) in environment.sorted(by: { $0.key < $1.key })
        where isAbout(variable) {
            switch key(variable, value) {
            case .success(let key):
                if keys.contains(where: { $0.digest == key.digest }) {
                    problems.append("\(variable): the same key stands in another variable")
                } else {
                    keys.append(key)
                }
            case .failure(let problem): problems.append("\(variable): \(problem.text)")
            }
        }
        if keys.count > Limits.bootstrapKeys {
            problems.append("\(prefix)…: at most \(Limits.bootstrapKeys) keys")
        }
        return (keys, problems)
    }

    private struct Problem: Error {
        let text: String
    }

    private static func key(
        _ variable: String, _ value: String
    ) -> Result<ConfiguredKey, Problem> {
        let words = value.split(separator: " ").map(String.init)
        guard let first = words.first else { return .failure(Problem(text: "there is no key")) }
        let isWhole = variable == Self.variable
        let name =
            isWhole
            ? "bootstrap"
            : variable.dropFirst(prefix.count).lowercased().replacing("_", with: "-")
        guard (1...Limits.shortTextBytes).contains(name.utf8.count),
            name.utf8.allSatisfy({ $0 >= 0x21 && $0 < 0x7F })
        else { return .failure(Problem(text: "no name of a key stands behind \(prefix)")) }
        guard let digest = digest(first) else {
            return .failure(
                Problem(
                    text: "the first word is neither \(digestMark) and 64 hexadecimal digits, nor "
                        + "\(lengths.lowerBound) to \(lengths.upperBound) visible ASCII characters "
                        + "that do not begin as a token of this server"))
        }
        var permissions: [Permission] = []
        for (place, word) in words.dropFirst().enumerated() {
            guard let permission = Permission(word) else {
                return .failure(Problem(text: "word \(place + 2) is no permission"))
            }
            permissions.append(permission)
        }
        switch (isWhole, permissions.isEmpty) {
        case (true, true): permissions = [.everything]
        case (true, false):
            return .failure(
                Problem(text: "it may do everything; name it (\(prefix)NAME) to let it do less"))
        case (false, true):
            return .failure(Problem(text: "no permissions stand behind the key"))
        case (false, false): break
        }
        guard permissions.count <= Limits.permissionsPerKey else {
            return .failure(Problem(text: "at most \(Limits.permissionsPerKey) permissions"))
        }
        return .success(
            ConfiguredKey(
                name: name, digest: digest, permissions: permissions,
                stoodInClear: !first.hasPrefix(digestMark)))
    }

    private static func digest(_ word: String) -> Digest256? {
        guard !word.hasPrefix(digestMark) else {
            return ConfigurationReader.bytes(
                hexadecimal: String(word.dropFirst(digestMark.count))
            ).flatMap { Digest256(bytes: $0) }
        }
        let bytes = Array(word.utf8)
        // What is spelt as a token of ours, or as a signed one, is never looked up as such a key.
        guard lengths.contains(bytes.count), bytes.allSatisfy({ (0x21...0x7E).contains($0) }),
            !word.hasPrefix("ww"), !word.hasPrefix("eyJ")
        else { return nil }
        return Digest256(bytes: SHA256.hash(bytes).bytes)
    }
}
