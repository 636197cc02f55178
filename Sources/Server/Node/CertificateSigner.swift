internal import AuthService
internal import ByteCodec
internal import Crypto
internal import Cryptography
internal import Foundation
internal import RaftCore
internal import SwiftASN1
internal import X509

/// Makes nodes' certificates as `watchword init` does: P-256, and the node's identity as the one
/// URI among the alternative names, `watchword://CLUSTER/node/ID`.
struct CertificateSigner: NodeCertifier {
    private static let nodeDays = 730.0
    /// Clocks of nodes differ.
    private static let leewaySeconds = 300.0

    func publicKey(ofRequest request: String) throws(NodeCertifierError) -> [UInt8] {
        let parsed = try Self.parsed(request)
        do {
            var serializer = DER.Serializer()
            try serializer.serialize(parsed.publicKey)
            return serializer.serializedBytes
        } catch { throw NodeCertifierError("the public key is of a kind that is not known") }
    }

    func issue(
        _ request: String, node: NodeID, clusterID: [UInt8], hosts: [String],
        authority: NodeAuthority, now: Timestamp
    ) throws(NodeCertifierError) -> String {
        let parsed = try Self.parsed(request)
        let (certificate, key) = try Self.opened(authority)
        let cluster = clusterID.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let moment = Self.date(now)
        var names: [GeneralName] = [
            .uniformResourceIdentifier("watchword://\(cluster)/node/\(node)")
        ]
        names += hosts.map(Self.generalName(of:))
        do {
            let issued = try Certificate(
                version: .v3, serialNumber: Certificate.SerialNumber(),
                publicKey: parsed.publicKey,
                notValidBefore: moment.addingTimeInterval(-Self.leewaySeconds),
                notValidAfter: min(
                    moment.addingTimeInterval(Self.nodeDays * 86_400), certificate.notValidAfter),
                issuer: certificate.subject,
                subject: try DistinguishedName { CommonName("\(node)") },
                signatureAlgorithm: .ecdsaWithSHA256,
                extensions: try Certificate.Extensions {
                    Critical(BasicConstraints.notCertificateAuthority)
                    Critical(KeyUsage(digitalSignature: true))
                    try ExtendedKeyUsage([.serverAuth, .clientAuth])
                    SubjectAlternativeNames(names)
                    SubjectKeyIdentifier(hash: parsed.publicKey)
                    AuthorityKeyIdentifier(
                        keyIdentifier: SubjectKeyIdentifier(hash: key.publicKey).keyIdentifier)
                },
                issuerPrivateKey: key)
            return try issued.serializeAsPEM().pemString
        } catch { throw NodeCertifierError("the certificate could not be signed: \(error)") }
    }

    func check(_ authority: NodeAuthority, now: Timestamp) throws(NodeCertifierError) {
        let (certificate, key) = try Self.opened(authority)
        guard certificate.publicKey == key.publicKey else {
            throw NodeCertifierError("certificate and key do not belong together")
        }
        let constraints: BasicConstraints?
        do { constraints = try certificate.extensions.basicConstraints } catch {
            throw NodeCertifierError("the certificate's constraints cannot be read")
        }
        guard case .isCertificateAuthority? = constraints else {
            throw NodeCertifierError("the certificate is not one of an authority")
        }
        guard certificate.notValidAfter > Self.date(now) else {
            throw NodeCertifierError("the certificate has run out")
        }
    }

    private static func parsed(
        _ request: String
    ) throws(NodeCertifierError) -> CertificateSigningRequest {
        let parsed: CertificateSigningRequest
        do { parsed = try CertificateSigningRequest(pemEncoded: request) } catch {
            throw NodeCertifierError("no PKCS#10 request in PEM")
        }
        // Whoever asks must hold the key (RFC 2986 §4.2).
        guard parsed.publicKey.isValidSignature(parsed.signature, for: parsed) else {
            throw NodeCertifierError("it is not signed by its own key")
        }
        return parsed
    }

    private static func opened(
        _ authority: NodeAuthority
    ) throws(NodeCertifierError) -> (Certificate, Certificate.PrivateKey) {
        let certificate: Certificate
        do { certificate = try Certificate(pemEncoded: authority.certificate) } catch {
            throw NodeCertifierError("the authority's certificate cannot be read")
        }
        // The library takes text: a copy of the key that nobody wipes, for as long as this takes.
        let text = authority.key.bytes.withBytes { bytes in
            String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
        }
        let key: Certificate.PrivateKey
        do { key = try Certificate.PrivateKey(pemEncoded: text) } catch {
            throw NodeCertifierError("the authority's key cannot be read")
        }
        guard Certificate.SignatureAlgorithm.ecdsaWithSHA256.isFit(for: key.publicKey) else {
            throw NodeCertifierError("the authority's key is not one of P-256")
        }
        return (certificate, key)
    }

    private static func date(_ time: Timestamp) -> Date {
        Date(timeIntervalSince1970: Double(time.rawValue) / 1_000)
    }

    private static func generalName(of host: String) -> GeneralName {
        let octets = host.split(separator: ".", omittingEmptySubsequences: false)
            .compactMap { UInt8($0) }
        if octets.count == 4 { return .ipAddress(ASN1OctetString(contentBytes: octets[...])) }
        if host.contains(":"), let bytes = ipv6(host) {
            return .ipAddress(ASN1OctetString(contentBytes: bytes[...]))
        }
        return .dnsName(host)
    }

    /// The 16 bytes of an IPv6 address without an IPv4 tail; nil for anything else.
    private static func ipv6(_ text: String) -> [UInt8]? {
        func words(_ part: Substring) -> [UInt16]? {
            guard !part.isEmpty else { return [] }
            let words = part.split(separator: ":", omittingEmptySubsequences: false)
                .map { UInt16($0, radix: 16) }
            return words.contains(nil) ? nil : words.compactMap { $0 }
        }
        var all: [UInt16]
        if let gap = text.firstRange(of: "::") {
            guard let head = words(text[..<gap.lowerBound]),
                let tail = words(text[gap.upperBound...]), head.count + tail.count < 8
            else { return nil }
            all = head + [UInt16](repeating: 0, count: 8 - head.count - tail.count) + tail
        } else {
            guard let found = words(text[...]) else { return nil }
            all = found
        }
        return all.count == 8 ? all.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] } : nil
    }
}

extension Certificate.SignatureAlgorithm {
    /// Whether a key can make such signatures: only P-256 is used here.
    fileprivate func isFit(for key: Certificate.PublicKey) -> Bool {
        P256.Signing.PublicKey(key) != nil
    }
}
