/// A node's configuration as `watchword init` writes it: what must be said, and nothing else.
struct NodeConfigurationText {
    /// A member and where it is reached.
    struct Member {
        let id: String
        let peer: String
        let url: String
    }

    let place: NodePlace
    let members: [Member]
    let clusterID: String
    /// Name of the first user, of a node with which a cluster begins; nil of one that joins.
    let admin: String?

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
        for member in members {
            lines.append("    - id: \(member.id)")
            lines.append("      peer: \"\(member.peer)\"")
            lines.append("      url: \"\(member.url)\"")
        }
        if admin == nil { lines.append("  joins: yes") }
        lines += ["peer:", "  listen: \"\(listen(place.peerPort))\"", "http:"]
        lines.append("  listen: \"\(listen(place.httpPort))\"")
        if !place.isLoopback {
            lines += ["  certificate: node.crt", "  key: node.key"]
        }
        lines += [
            "keys:",
            "  root_key_file: root.key",
        ]
        if let admin {
            lines += [
                "bootstrap:",
                "  admin_username: \(admin)",
                "  admin_password_file: admin-password",
            ]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func listen(_ port: Int) -> String {
        place.isLoopback ? "\(place.host):\(port)" : "0.0.0.0:\(port)"
    }
}
