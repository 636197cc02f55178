public import ByteCodec
public import Cryptography
public import RaftCore

/// Makes the certificates by which nodes know each other. A port: the form of certificates is no
/// matter of use cases.
///
/// Called on the thread of a request; it takes a fraction of a millisecond.
public protocol NodeCertifier: Sendable {
    /// The public key of a PKCS#10 request (RFC 2986) in PEM, as it is encoded there.
    ///
    /// - Throws: `NodeCertifierError` unless the request can be read and is signed by its own key.
    func publicKey(ofRequest request: String) throws(NodeCertifierError) -> [UInt8]

    /// A certificate in PEM for the key of a request: for the node of this number, reached at
    /// `hosts`. Nothing else of the request counts.
    func issue(
        _ request: String, node: NodeID, clusterID: [UInt8], hosts: [String],
        authority: NodeAuthority, now: Timestamp
    ) throws(NodeCertifierError) -> String

    /// Sees that key and certificate of an authority belong together, and that it may sign.
    func check(_ authority: NodeAuthority, now: Timestamp) throws(NodeCertifierError)
}

/// An authority of nodes, opened.
public struct NodeAuthority: Sendable {
    /// PEM.
    public let certificate: String
    /// The private key, PEM.
    public let key: SharedSecret
    public init(certificate: String, key: SharedSecret) {
        self.certificate = certificate
        self.key = key
    }
}

/// Why there is no certificate. It names no value.
public struct NodeCertifierError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
