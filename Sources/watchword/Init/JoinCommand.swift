import APITypes
import ArgumentParser
import AuthCore
import Crypto
import Foundation
import SwiftASN1
import WatchwordClient
import X509

/// Prepares a new machine: makes its key, joins, and writes its configuration.
struct JoinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join", abstract: "On a new machine: join a cluster with a token.",
        discussion: """
            Makes the node's key, which never leaves the machine, presents the token with a request \
            for a certificate, and writes DIR as `watchword init` does. Then start the node: \
            watchwordd --config DIR/node.yaml. If the answer is lost, the same command again gets \
            it again.
            """)

    @Option(help: "Base URL of the load balancer or of a node; repeat for more.")
    var url: [String]

    @Option(name: .customLong("ca"), help: "PEM file of the cluster's certificate authority.")
    var authority: String?

    @Option(help: "File with the token; - for standard input.")
    var tokenFile: String?

    @Option(help: "The cluster's root key, the same file as on every other node.")
    var rootKey: String

    @Option(help: "The name or address under which this machine is reached.")
    var host = "127.0.0.1"

    @Option(help: "Port for clients.") var httpPort = 8101
    @Option(help: "Port for peers.") var peerPort = 8201
    @Option(help: "Where to write; made if it is not there.") var dir = "node"

    mutating func validate() throws {
        guard (1...65_535).contains(httpPort), (1...65_535).contains(peerPort) else {
            throw ValidationError("a port is 1 to 65535")
        }
        guard !url.isEmpty else { throw ValidationError("--url is needed") }
    }

    func run() async throws {
        guard !FileManager.default.fileExists(atPath: "\(dir)/node.yaml") else {
            throw CommandFailure(.conflict, "\(dir) holds a node already")
        }
        let root = try PrivateFile.read(rootKey)
        try PrivateFile.createFolder(dir)
        let key = try nodeKey()
        let token = try SecretInput.read(file: tokenFile, prompt: "join token")
            .trimmingCharacters(in: .whitespacesAndNewlines)
        let place = NodePlace(id: "", host: host, httpPort: httpPort, peerPort: peerPort)
        let joined = try await join(
            token: token, request: try Self.request(key), place: place)
        guard let id = joined["id"]?.text, let cluster = joined["cluster_id"]?.text,
            let certificate = joined["certificate"]?.text,
            let authority = joined["authority"]?.text
        else { throw CommandFailure(.general, "the cluster's answer is not understood") }
        let members = (joined["members"]?.elements ?? []).map { member in
            NodeConfigurationText.Member(
                id: member["id"]?.text ?? "", peer: member["peer"]?.text ?? "",
                url: member["url"]?.text ?? "")
        }
        // An earlier try may have come so far.
        try PrivateFile.replace("\(dir)/ca.crt", authority)
        try PrivateFile.replace("\(dir)/node.crt", certificate)
        try PrivateFile.replace("\(dir)/root.key", root)
        try PrivateFile.create(
            "\(dir)/node.yaml",
            NodeConfigurationText(
                place: NodePlace(id: id, host: host, httpPort: httpPort, peerPort: peerPort),
                members: members, clusterID: cluster, admin: nil
            ).text)
        print("this machine is \(id)")
        print("start it with: watchwordd --config \(dir)/node.yaml")
    }

    /// The key of an earlier try, or a new one: the token is bound to the first that comes with it.
    private func nodeKey() throws -> Certificate.PrivateKey {
        let file = "\(dir)/node.key"
        if FileManager.default.fileExists(atPath: file) {
            return try Certificate.PrivateKey(pemEncoded: try PrivateFile.read(file))
        }
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        try PrivateFile.create(file, try key.serializeAsPEM().pemString)
        return key
    }

    private static func request(_ key: Certificate.PrivateKey) throws -> String {
        try CertificateSigningRequest(
            version: .v1, subject: try DistinguishedName { CommonName("watchword node") },
            privateKey: key, attributes: CertificateSigningRequest.Attributes(),
            signatureAlgorithm: .ecdsaWithSHA256
        ).serializeAsPEM().pemString
    }

    private func join(token: String, request: String, place: NodePlace) async throws -> JSON {
        var connection = ConnectionOptions()
        connection.url = url
        connection.authority = authority
        connection.asJSON = false
        let body = JSON.object([
            "token": .string(token), "certificate_request": .string(request),
            "url": .string(place.url), "peer": .string(place.peer),
            "version": .string(Release.version),
            "feature_level": .integer(Int64(StateMachine.featureLevel)),
        ])
        return try await connection.withClient(needsToken: false) {
            try await $0.send("POST", "/v1/cluster/members", body: body)
        }.body
    }
}
