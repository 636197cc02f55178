import Crypto
import Foundation
import SwiftASN1
import X509

@testable import Server

/// A certificate that signs itself, for `localhost`, in a folder that goes with the object.
final class TestCertificate {
    let folder: URL
    var certificateFile: String { folder.appendingPathComponent("http.crt").path }
    var keyFile: String { folder.appendingPathComponent("http.key").path }

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("http-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        try renew()
    }

    deinit {
        do { try FileManager.default.removeItem(at: folder) } catch {
            print("cannot remove \(folder.path): \(error)")
        }
    }

    /// Replaces both files.
    func renew() throws {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let name = try DistinguishedName { CommonName("localhost") }
        let now = Date()
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey,
            notValidBefore: now.addingTimeInterval(-60),
            notValidAfter: now.addingTimeInterval(3_600), issuer: name, subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                SubjectAlternativeNames([.dnsName("localhost")])
            },
            issuerPrivateKey: key)
        try certificate.serializeAsPEM().pemString
            .write(toFile: certificateFile, atomically: true, encoding: .utf8)
        try key.serializeAsPEM().pemString
            .write(toFile: keyFile, atomically: true, encoding: .utf8)
    }
}
