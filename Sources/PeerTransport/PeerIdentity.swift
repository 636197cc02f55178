public import RaftCore

/// Where a node listens: an IP address or a host name, and a port.
public struct PeerAddress: Hashable, Sendable, CustomStringConvertible {
    public var host: String
    public var port: Int

    /// - Precondition: the port fits in 16 bits.
    public init(host: String, port: Int) {
        precondition((0...65_535).contains(port), "port \(port)")
        self.host = host
        self.port = port
    }

    /// Reads `host:port` and `[IPv6]:port`; nil for anything else.
    public init?(parsing text: String) {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty else { return nil }
        self.init(host: String(host), port: Int(port))
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// Who this node is, as it tells its peers.
public struct LocalNode: Equatable, Sendable {
    /// 16 bytes, drawn when the cluster was made.
    public let clusterID: [UInt8]
    public let node: NodeID
    public let incarnation: Incarnation
    /// This process of the node: another number than that of every process before.
    public let run: UInt64

    /// - Precondition: the cluster id has 16 bytes.
    public init(clusterID: [UInt8], node: NodeID, incarnation: Incarnation, run: UInt64) {
        precondition(clusterID.count == Self.clusterIDBytes, "cluster id of \(clusterID.count)")
        self.clusterID = clusterID
        self.node = node
        self.incarnation = incarnation
        self.run = run
    }

    /// The length of a cluster's id.
    public static let clusterIDBytes = 16
}

/// The name that a node's certificate carries: its one URI, `watchword://CLUSTER/node/ID`, with
/// the cluster's id in lower-case hexadecimal.
///
/// The subject of the certificate is never looked at (RFC 9525 §2; CVE-2025-6037 in Vault).
struct PeerName: Equatable, Sendable {
    let clusterID: [UInt8]
    let node: NodeID

    init(clusterID: [UInt8], node: NodeID) {
        self.clusterID = clusterID
        self.node = node
    }

    /// Nil unless `uri` is spelt exactly as above.
    init?(uri: String) {
        let scheme = "watchword://"
        guard uri.hasPrefix(scheme) else { return nil }
        let parts = uri.dropFirst(scheme.count).split(
            separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1] == "node",
            let clusterID = Self.bytes(hexadecimal: parts[0]),
            let node = NodeID(name: String(parts[2]))
        else { return nil }
        self.init(clusterID: clusterID, node: node)
    }

    private static func bytes(hexadecimal text: Substring) -> [UInt8]? {
        let digits = text.utf8.compactMap { digit -> UInt8? in
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
            default: nil
            }
        }
        guard digits.count == text.utf8.count, digits.count == 2 * LocalNode.clusterIDBytes
        else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
