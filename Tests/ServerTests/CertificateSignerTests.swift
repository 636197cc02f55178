import AuthService
import ByteCodec
import Crypto
import Cryptography
import Foundation
import RaftCore
import SwiftASN1
import Testing
import X509

@testable import Server

@Suite("Certificates of nodes") struct CertificateSignerTests {
    private static let now = Timestamp(
        milliseconds: UInt64(Date().timeIntervalSince1970 * 1_000))
    private let signer = CertificateSigner()
    private let clusterID = [UInt8](0..<16)

    private func authority(
        isAuthority: Bool = true, key: Certificate.PrivateKey = .init(P256.Signing.PrivateKey()),
        shown: Certificate.PrivateKey? = nil
    ) throws -> NodeAuthority {
        let name = try DistinguishedName { CommonName("authority") }
        let moment = Date()
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey,
            notValidBefore: moment.addingTimeInterval(-60),
            notValidAfter: moment.addingTimeInterval(3_600), issuer: name, subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(
                    isAuthority
                        ? BasicConstraints.isCertificateAuthority(maxPathLength: 0)
                        : .notCertificateAuthority)
            },
            issuerPrivateKey: key)
        let pem = try (shown ?? key).serializeAsPEM().pemString
        return NodeAuthority(
            certificate: try certificate.serializeAsPEM().pemString,
            key: SharedSecret(copying: Array(pem.utf8)))
    }

    private func request(_ key: Certificate.PrivateKey) throws -> String {
        try CertificateSigningRequest(
            version: .v1, subject: try DistinguishedName { CommonName("n1") }, privateKey: key,
            attributes: CertificateSigningRequest.Attributes(),
            signatureAlgorithm: .ecdsaWithSHA256
        ).serializeAsPEM().pemString
    }

    @Test("a request gets a certificate for its key, with the node's name and nothing of its own")
    func issues() throws {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let authority = try authority()
        let pem = try signer.issue(
            try request(key), node: NodeID(4), clusterID: clusterID,
            hosts: ["10.0.0.4", "n4.example", "fe80::1"], authority: authority, now: Self.now)
        let issued = try Certificate(pemEncoded: pem)
        let issuer = try Certificate(pemEncoded: authority.certificate)
        #expect(issued.publicKey == key.publicKey)
        #expect(issuer.publicKey.isValidSignature(issued.signature, for: issued))
        #expect(issued.notValidAfter <= issuer.notValidAfter)
        let names = try #require(try issued.extensions.subjectAlternativeNames)
        #expect(Array(names).count == 4)
        #expect(
            Array(names).contains(
                .uniformResourceIdentifier(
                    "watchword://000102030405060708090a0b0c0d0e0f/node/n4")))
        #expect(Array(names).contains(.dnsName("n4.example")))
        #expect(
            Array(names).contains(.ipAddress(ASN1OctetString(contentBytes: [10, 0, 0, 4]))))
        let constraints = try issued.extensions.basicConstraints
        #expect(constraints == .notCertificateAuthority)
    }

    @Test("the same key is known again, and another one is another")
    func keys() throws {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let other = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let known = try signer.publicKey(ofRequest: try request(key))
        #expect(try signer.publicKey(ofRequest: try request(key)) == known)
        #expect(try signer.publicKey(ofRequest: try request(other)) != known)
    }

    @Test("what is no request, or is not signed by its own key, is refused")
    func refuses() throws {
        #expect(throws: NodeCertifierError.self) { try signer.publicKey(ofRequest: "-----") }
        let text = try request(.init(P256.Signing.PrivateKey()))
        let parsed = try PEMDocument(pemString: text)
        var bytes = parsed.derBytes
        // The last bytes are those of the signature.
        bytes[bytes.count - 1] ^= 1
        let changed = PEMDocument(type: parsed.discriminator, derBytes: bytes).pemString
        #expect(throws: NodeCertifierError.self) { try signer.publicKey(ofRequest: changed) }
    }

    @Test("an authority must be one, hold its own key, and not have run out")
    func checks() throws {
        try signer.check(try authority(), now: Self.now)
        #expect(throws: NodeCertifierError.self) {
            try signer.check(try authority(isAuthority: false), now: Self.now)
        }
        let other = Certificate.PrivateKey(P256.Signing.PrivateKey())
        #expect(throws: NodeCertifierError.self) {
            try signer.check(try authority(shown: other), now: Self.now)
        }
        #expect(throws: NodeCertifierError.self) {
            try signer.check(try authority(), now: Self.now.advanced(milliseconds: 7_200_000))
        }
    }
}
