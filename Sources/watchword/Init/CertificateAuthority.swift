import Crypto
import Foundation
import SwiftASN1
import X509

/// The authority of one cluster: it says which certificate is which node's, and nothing else.
///
/// P-256 keys; the certificate of a node carries its identity as a URI in the subject alternative
/// name, `watchword://CLUSTER/node/ID`, which is all that a peer reads of it (RFC 9525).
struct CertificateAuthority {
    private let key: Certificate.PrivateKey
    private let certificate: Certificate
    private let clusterID: String

    private static let authorityDays = 3650.0
    private static let nodeDays = 730.0

    /// Makes a new authority for a cluster.
    init(clusterID: String, now: Date) throws {
        self.clusterID = clusterID
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        self.key = key
        let name = try DistinguishedName {
            CommonName("Watchword cluster \(clusterID.prefix(8))")
        }
        certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey,
            notValidBefore: now.addingTimeInterval(-300),
            notValidAfter: now.addingTimeInterval(Self.authorityDays * 86_400),
            issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                SubjectKeyIdentifier(hash: key.publicKey)
            },
            issuerPrivateKey: key)
    }

    /// The authority's certificate and key, as PEM.
    func authorityPEM() throws -> (certificate: String, key: String) {
        (try certificate.serializeAsPEM().pemString, try key.serializeAsPEM().pemString)
    }

    /// Makes key and certificate of a node, valid for the peer transport and for HTTPS at `hosts`.
    func issue(
        nodeID: String, hosts: [String], now: Date
    ) throws -> (certificate: String, key: String) {
        let nodeKey = Certificate.PrivateKey(P256.Signing.PrivateKey())
        var names: [GeneralName] = [
            .uniformResourceIdentifier("watchword://\(clusterID)/node/\(nodeID)")
        ]
        names += hosts.map(generalName(of:))
        let node = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(),
            publicKey: nodeKey.publicKey, notValidBefore: now.addingTimeInterval(-300),
            notValidAfter: now.addingTimeInterval(Self.nodeDays * 86_400),
            issuer: certificate.subject,
            subject: try DistinguishedName { CommonName(nodeID) },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth, .clientAuth])
                SubjectAlternativeNames(names)
                SubjectKeyIdentifier(hash: nodeKey.publicKey)
                AuthorityKeyIdentifier(
                    keyIdentifier: SubjectKeyIdentifier(hash: key.publicKey).keyIdentifier)
            },
            issuerPrivateKey: key)
        return (try node.serializeAsPEM().pemString, try nodeKey.serializeAsPEM().pemString)
    }

    private func generalName(of host: String) -> GeneralName {
        let octets = host.split(separator: ".", omittingEmptySubsequences: false)
            .compactMap { UInt8($0) }
        return octets.count == 4
            ? .ipAddress(ASN1OctetString(contentBytes: octets[...])) : .dnsName(host)
    }
}
