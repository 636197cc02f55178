internal import NIOCore
internal import NIOSSL
internal import SwiftASN1
internal import X509

/// What a node shows its peers, and by what it knows them: PEM files.
public struct PeerCredentials: Equatable, Sendable {
    /// The cluster's certificate authorities; a peer's certificate must come from one of them.
    public var authorityFile: String
    /// This node's certificate, and those between it and the authority.
    public var certificateFile: String
    public var privateKeyFile: String

    public init(authorityFile: String, certificateFile: String, privateKeyFile: String) {
        self.authorityFile = authorityFile
        self.certificateFile = certificateFile
        self.privateKeyFile = privateKeyFile
    }
}

/// Why credentials cannot be used.
public struct PeerCredentialsError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String
}

/// The two sides' TLS, read from one set of files.
///
/// TLS 1.3 only, both sides show a certificate, and the cluster's authorities are the only trust
/// roots. Host names are not looked at: a node is known by the URI in its certificate.
struct PeerTLS: Sendable {
    let server: NIOSSLContext
    let client: NIOSSLContext

    /// - Throws: `PeerCredentialsError` when a file cannot be read, the bundle is empty, the key
    ///   does not fit, or the certificate names another node than `local`.
    init(_ credentials: PeerCredentials, local: LocalNode) throws(PeerCredentialsError) {
        let authorities = try Self.certificates(credentials.authorityFile)
        let chain = try Self.certificates(credentials.certificateFile)
        let own = try PeerName(certificate: chain[0])
        guard own == PeerName(clusterID: local.clusterID, node: local.node) else {
            throw PeerCredentialsError(
                description: "\(credentials.certificateFile) is not this node's certificate")
        }
        do {
            let key = try NIOSSLPrivateKey(file: credentials.privateKeyFile, format: .pem)
            var server = TLSConfiguration.makeServerConfigurationWithMTLS(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key),
                trustRoots: .certificates(authorities))
            server.minimumTLSVersion = .tlsv13
            var client = TLSConfiguration.makeClientConfiguration()
            client.certificateChain = chain.map { .certificate($0) }
            client.privateKey = .privateKey(key)
            client.trustRoots = .certificates(authorities)
            client.certificateVerification = .noHostnameVerification
            client.minimumTLSVersion = .tlsv13
            // A connection that is given up must be gone at once, not after a courteous farewell.
            server.shutdownTimeout = .milliseconds(100)
            client.shutdownTimeout = .milliseconds(100)
            self.server = try NIOSSLContext(configuration: server)
            self.client = try NIOSSLContext(configuration: client)
        } catch {
            throw PeerCredentialsError(
                description: "\(credentials.privateKeyFile) does not fit: \(error)")
        }
    }

    private static func certificates(
        _ file: String
    ) throws(PeerCredentialsError) -> [NIOSSLCertificate] {
        let found: [NIOSSLCertificate]
        do { found = try NIOSSLCertificate.fromPEMFile(file) } catch {
            throw PeerCredentialsError(description: "\(file) cannot be read: \(error)")
        }
        // An empty bundle must not mean "trust everybody" (CVE-2026-27586 in Caddy).
        guard !found.isEmpty else {
            throw PeerCredentialsError(description: "\(file) holds no certificate")
        }
        return found
    }
}

extension PeerName {
    /// The name in a certificate.
    ///
    /// - Throws: `PeerCredentialsError` unless there is exactly one URI among the alternative
    ///   names, spelt as a node's name is.
    init(certificate: NIOSSLCertificate) throws(PeerCredentialsError) {
        let names: SubjectAlternativeNames?
        do {
            names = try Certificate(derEncoded: try certificate.toDERBytes())
                .extensions.subjectAlternativeNames
        } catch {
            throw PeerCredentialsError(description: "certificate cannot be parsed: \(error)")
        }
        let uris = (names.map(Array.init) ?? []).compactMap { name -> String? in
            if case .uniformResourceIdentifier(let uri) = name { uri } else { nil }
        }
        guard uris.count == 1 else {
            throw PeerCredentialsError(description: "certificate with \(uris.count) URIs")
        }
        guard let name = PeerName(uri: uris[0]) else {
            throw PeerCredentialsError(description: "certificate names no node")
        }
        self = name
    }
}
