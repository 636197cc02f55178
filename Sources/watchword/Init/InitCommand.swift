import ArgumentParser
import Foundation

/// Makes everything that a new cluster needs before its first start.
struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make certificates, keys and configurations of a new cluster.",
        discussion: """
            Writes one folder per node, to be copied to its machine: node.yaml, the node's \
            certificate and key, and the root key. The authority's key stays in DIR/authority: \
            keep it offline. Nothing secret is printed.
            """)

    @Option(help: "Where to write; must not hold a cluster yet.")
    var dir = ".watchword"

    @Option(help: "How many nodes on this machine, on loopback addresses.")
    var nodes = 3

    @Option(
        name: .customLong("node"),
        help: "A node on another machine, as ID=HOST; repeat for each. Replaces --nodes.")
    var placed: [String] = []

    @Option(help: "First HTTP port; on one machine each node takes the next.")
    var httpPort = 8101

    @Option(help: "First peer port; on one machine each node takes the next.")
    var peerPort = 8201

    @Option(help: "Name of the first user, who holds super_admin.")
    var admin = "admin"

    mutating func validate() throws {
        guard (1...7).contains(nodes) else { throw ValidationError("--nodes is 1 to 7") }
        guard (1...65_000).contains(httpPort), (1...65_000).contains(peerPort) else {
            throw ValidationError("a port is 1 to 65000")
        }
        _ = try layout()
    }

    func run() throws {
        let layout = try layout()
        let authorityFolder = "\(dir)/authority"
        guard !FileManager.default.fileExists(atPath: authorityFolder) else {
            throw CommandFailure(.conflict, "\(dir) holds a cluster already")
        }
        try PrivateFile.createFolder(authorityFolder)
        let now = Date()
        let clusterID = hexadecimal(randomBytes(16))
        let authority = try CertificateAuthority(clusterID: clusterID, now: now)
        let own = try authority.authorityPEM()
        try PrivateFile.create("\(authorityFolder)/ca.crt", own.certificate)
        try PrivateFile.create("\(authorityFolder)/ca.key", own.key)
        let password = randomPassword()
        try PrivateFile.create("\(dir)/admin-password", password + "\n")
        let rootKey = hexadecimal(randomBytes(32))
        for place in layout {
            let folder = "\(dir)/\(place.id)"
            try PrivateFile.createFolder(folder)
            let issued = try authority.issue(
                nodeID: place.id, hosts: Set([place.host, "localhost"]).sorted(), now: now)
            try PrivateFile.create("\(folder)/ca.crt", own.certificate)
            try PrivateFile.create("\(folder)/node.crt", issued.certificate)
            try PrivateFile.create("\(folder)/node.key", issued.key)
            try PrivateFile.create("\(folder)/root.key", rootKey + "\n")
            try PrivateFile.create("\(folder)/admin-password", password + "\n")
            try PrivateFile.create(
                "\(folder)/node.yaml",
                NodeConfigurationText(
                    place: place,
                    members: layout.map { .init(id: $0.id, peer: $0.peer, url: $0.url) },
                    clusterID: clusterID, admin: admin
                ).text)
        }
        print("cluster \(clusterID) with \(layout.map(\.id).joined(separator: ", ")) in \(dir)")
        print("start each with: watchwordd --config \(dir)/ID/node.yaml")
        print("\(admin)'s password is in \(dir)/admin-password")
    }

    private func layout() throws -> [NodePlace] {
        if placed.isEmpty {
            return (1...nodes).map { number in
                NodePlace(
                    id: "n\(number)", host: "127.0.0.1", httpPort: httpPort + number - 1,
                    peerPort: peerPort + number - 1)
            }
        }
        let places = try placed.map { text in
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, parts[0].first == "n", let number = Int(parts[0].dropFirst()),
                number > 0, !parts[1].isEmpty
            else { throw ValidationError("--node takes ID=HOST with ID n1, n2, …: \(text)") }
            return NodePlace(
                id: "n\(number)", host: parts[1], httpPort: httpPort, peerPort: peerPort)
        }
        guard Set(places.map(\.id)).count == places.count else {
            throw ValidationError("two nodes have the same id")
        }
        return places
    }
}

/// Where a node listens.
struct NodePlace {
    let id: String
    let host: String
    let httpPort: Int
    let peerPort: Int

    var isLoopback: Bool { host == "localhost" || host.hasPrefix("127.") }
    var url: String { "\(isLoopback ? "http" : "https")://\(host):\(httpPort)" }
    var peer: String { "\(host):\(peerPort)" }
}

/// A password of 24 letters and digits, 142 bits.
private func randomPassword() -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
    return String((0..<24).map { _ in alphabet[Int.random(in: 0..<alphabet.count)] })
}

/// From the system's generator, which on Linux is the kernel's.
private func randomBytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0 ... .max) }
}

private func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
