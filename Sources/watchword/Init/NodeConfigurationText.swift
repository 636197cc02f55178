/// A node's configuration as `watchword init` writes it: what must be said, and nothing else.
struct NodeConfigurationText {
    let place: NodePlace
    let layout: [NodePlace]
    let clusterID: String
    let admin: String

    var text: String {
        var lines = [
            "# A Watchword node. Every key is described in docs/configuration.md;",
            "# relative paths are relative to this file.",
            "node:",
            "  id: \(place.id)",
            "  data_dir: data",
            "cluster:",
            "  id: \(clusterID)",
            "  ca: ca.crt",
            "  certificate: node.crt",
            "  key: node.key",
            "  members:",
        ]
        for member in layout {
            lines.append("    - id: \(member.id)")
            lines.append("      peer: \"\(member.peer)\"")
            lines.append("      url: \"\(member.url)\"")
        }
        lines += ["peer:", "  listen: \"\(listen(place.peerPort))\"", "http:"]
        lines.append("  listen: \"\(listen(place.httpPort))\"")
        if !place.isLoopback {
            lines += ["  certificate: node.crt", "  key: node.key"]
        }
        lines += [
            "keys:",
            "  root_key_file: root.key",
            "bootstrap:",
            "  admin_username: \(admin)",
            "  admin_password_file: admin-password",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    private func listen(_ port: Int) -> String {
        place.isLoopback ? "\(place.host):\(port)" : "0.0.0.0:\(port)"
    }
}
