import Crypto
import Foundation
import SwiftASN1
import X509

@testable import PeerTransport

/// A cluster's authority, and certificates from it, in a folder that goes with the object.
final class TestAuthority {
    let folder: URL
    private let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    private let certificate: Certificate
    private var issued = 0

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("peer-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let name = try DistinguishedName { CommonName("authority") }
        let now = Date()
        certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey,
            notValidBefore: now.addingTimeInterval(-60),
            notValidAfter: now.addingTimeInterval(3_600), issuer: name, subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true))
            },
            issuerPrivateKey: key)
        try certificate.serializeAsPEM().pemString
            .write(to: folder.appendingPathComponent("ca.crt"), atomically: true, encoding: .utf8)
    }

    deinit {
        do { try FileManager.default.removeItem(at: folder) } catch {
            print("cannot remove \(folder.path): \(error)")
        }
    }

    var authorityFile: String { folder.appendingPathComponent("ca.crt").path }

    /// A certificate with these URIs, and by default everything else in order.
    func issue(
        uris: [String], commonName: String = "node", isExpired: Bool = false,
        usages: [ExtendedKeyUsage.Usage] = [.serverAuth, .clientAuth]
    ) throws -> PeerCredentials {
        issued += 1
        let nodeKey = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let now = Date()
        let end = now.addingTimeInterval(isExpired ? -30 : 1_800)
        let node = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: nodeKey.publicKey,
            notValidBefore: now.addingTimeInterval(-60), notValidAfter: end,
            issuer: certificate.subject,
            subject: try DistinguishedName { CommonName(commonName) },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage(usages)
                if !uris.isEmpty {
                    SubjectAlternativeNames(uris.map { .uniformResourceIdentifier($0) })
                }
            },
            issuerPrivateKey: key)
        let crt = folder.appendingPathComponent("\(issued).crt")
        let pem = folder.appendingPathComponent("\(issued).key")
        try node.serializeAsPEM().pemString.write(to: crt, atomically: true, encoding: .utf8)
        try nodeKey.serializeAsPEM().pemString.write(to: pem, atomically: true, encoding: .utf8)
        return PeerCredentials(
            authorityFile: authorityFile, certificateFile: crt.path, privateKeyFile: pem.path)
    }

    func issue(node: UInt64, cluster: UInt8 = 1) throws -> PeerCredentials {
        try issue(uris: [nodeURI(node, cluster: cluster)])
    }
}

/// The name of a node in the cluster whose id repeats one byte.
func nodeURI(_ node: UInt64, cluster: UInt8 = 1) -> String {
    let byte = String(format: "%02x", cluster)
    return "watchword://\(String(repeating: byte, count: 16))/node/n\(node)"
}
