import Foundation

/// Where the cluster is and the session of whoever logged in, kept between commands.
///
/// A file of mode 0600 in the runtime or configuration folder; it holds a token, never a password.
struct Profile: Codable {
    var urls: [String]
    var authorityFile: String?
    var username: String?
    var token: String?

    /// `WATCHWORD_PROFILE`, or a file in `$XDG_CONFIG_HOME/watchword`.
    static var path: String {
        let environment = ProcessInfo.processInfo.environment
        if let named = environment["WATCHWORD_PROFILE"], !named.isEmpty { return named }
        let base =
            environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 }
            ?? "\(environment["HOME"] ?? "/")/.config"
        return "\(base)/watchword/profile.json"
    }

    /// The profile, or nil when nobody has logged in here.
    static func load() throws -> Profile? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        do {
            return try JSONDecoder().decode(Profile.self, from: Data(PrivateFile.read(path).utf8))
        } catch let error as DecodingError {
            throw CommandFailure(.configuration, "\(path) is not a profile: \(error)")
        }
    }

    /// Replaces the profile.
    func save() throws {
        try PrivateFile.createFolder((Self.path as NSString).deletingLastPathComponent)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(self), as: UTF8.self)
        try PrivateFile.replace(Self.path, text + "\n")
    }
}
