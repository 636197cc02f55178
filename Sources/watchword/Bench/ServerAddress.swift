import Foundation
import NIOCore

/// Where requests go: one base URL, taken apart.
struct ServerAddress: Sendable {
    let host: String
    let port: Int
    let isSecure: Bool
    /// The value of the field `Host`.
    let hostField: String

    /// - Throws: `CommandFailure` when it is no base URL of http or https.
    init(_ text: String) throws {
        guard let url = URLComponents(string: text), let host = url.host, !host.isEmpty,
            let scheme = url.scheme?.lowercased(), ["http", "https"].contains(scheme),
            ["", "/"].contains(url.path), url.query == nil, url.user == nil
        else {
            throw CommandFailure(
                .configuration, "\(text) is no base URL, as http://127.0.0.1:8080")
        }
        isSecure = scheme == "https"
        // Brackets around an IPv6 address are the URL's, and not the address's.
        self.host = host.trimmingCharacters(in: ["[", "]"])
        port = url.port ?? (isSecure ? 443 : 80)
        let name = self.host.contains(":") ? "[\(self.host)]" : self.host
        hostField = url.port.map { "\(name):\($0)" } ?? name
    }

    /// What a certificate is held against, when it is a name and no address.
    var serverName: String? {
        do {
            _ = try SocketAddress(ipAddress: host, port: port)
            return nil
        } catch { return host }
    }
}
