internal import AuthCore
internal import Cryptography
public import RaftCore

/// A new machine joins: the token is its right, the request for a certificate its identity.
public struct Join: Sendable {
    public var token: String
    /// PKCS#10 (RFC 2986), PEM.
    public var certificateRequest: String
    /// Where clients will reach it, and its peers.
    public var url: String
    public var peer: String
    /// The names and addresses in both, for its certificate.
    public var hosts: [String]
    public var version: String
    public var featureLevel: UInt32
    public var context: RequestContext

    public init(
        token: String, certificateRequest: String, url: String, peer: String, hosts: [String],
        version: String, featureLevel: UInt32, context: RequestContext
    ) {
        self.token = token
        self.certificateRequest = certificateRequest
        self.url = url
        self.peer = peer
        self.hosts = hosts
        self.version = version
        self.featureLevel = featureLevel
        self.context = context
    }

    /// What a machine that joins is given.
    public struct Joined: Sendable {
        public let node: NodeID
        public let clusterID: [UInt8]
        /// PEM.
        public let certificate: String
        public let authority: String
        /// Everybody, itself included.
        public let members: [MemberPlace]
        public let index: UInt64
    }

    private struct Issued: Sendable {
        let certificate: String
        let authority: String
        let clusterID: [UInt8]
    }

    /// Joins.
    public func run(_ world: World) -> Flow<Joined> {
        let codec: TokenCodec
        switch world.tokenCodec {
        case .failure(let failure): return .failed(failure)
        case .success(let found): codec = found
        }
        guard let parsed = codec.parse(Array(token.utf8), as: .join) else {
            return .failed(.tokenInvalid)
        }
        // What was surely never given out costs nobody anything.
        let isPossible = world.view { view in
            let node = NodeID(parsed.rowNumber)
            let next = try NodeNumbers.next(in: view.meta.configuration, view.tables)
            return try .success(
                node.rawValue >= next || JoinTokenRow.read(node, view.tables) != nil)
        }
        switch isPossible {
        case .failure(let failure): return .failed(failure)
        case .success(false): return .failed(.tokenInvalid)
        case .success(true): break
        }
        guard let certifier = world.certifier else {
            return .failed(.configuration("this node cannot sign certificates"))
        }
        let publicKey: [UInt8]
        do throws(NodeCertifierError) {
            publicKey = try certifier.publicKey(ofRequest: certificateRequest)
        } catch { return .failed(.invalid("certificate_request: \(error)")) }
        let key = Digest256(SHA256.hash(publicKey))
        // The token may have been made on another node a moment ago.
        return .confirmRead { world in
            Flow(issue(parsed, key, certifier, world)).then { issued in
                redeem(parsed, key, issued)
            }
        }
    }

    /// The certificate comes first, so that what cannot be signed spends no token.
    private func issue(
        _ token: ParsedToken, _ key: Digest256, _ certifier: any NodeCertifier, _ world: World
    ) -> Result<Issued, ServiceFailure> {
        world.view { view in
            let node = NodeID(token.rowNumber)
            guard let row = try JoinTokenRow.read(node, view.tables),
                row.digest == Digest256(token.digest)
            else { return .failure(.tokenInvalid) }
            guard row.spentBy == key || row.isOpen(at: view.now) else {
                return .failure(row.spentBy == nil ? .tokenExpired : .tokenInvalid)
            }
            guard let cluster = try ClusterRow.read(view.tables) else { return .failure(.noLeader) }
            return try PeerAuthority.open(view, world).flatMap { authority in
                do throws(NodeCertifierError) {
                    let certificate = try certifier.issue(
                        certificateRequest, node: node, clusterID: cluster.cluster.bytes,
                        hosts: hosts, authority: authority, now: world.now)
                    return .success(
                        Issued(
                            certificate: certificate, authority: authority.certificate,
                            clusterID: cluster.cluster.bytes))
                } catch { return .failure(.internal("no certificate could be made: \(error)")) }
            }
        }
    }

    private func redeem(
        _ token: ParsedToken, _ key: Digest256, _ issued: Issued
    ) -> Flow<Joined> {
        let operation = Command.RedeemJoinToken(
            node: NodeID(token.rowNumber), digest: Digest256(token.digest), publicKey: key,
            url: Text(url), peer: Text(peer), version: Text(version), featureLevel: featureLevel)
        let header = context.header(.anonymous, tenant: .platform)
        return .propose(Command(.redeemJoinToken(operation), header: header)) { applied, world in
            guard case .joined(let member) = applied.outcome.result else {
                return .failed(.internal("a node joined with another outcome"))
            }
            let places = world.view { view in
                let configuration = view.meta.configuration
                return .success(
                    try Listing.members(view.tables).filter {
                        configuration.isMember($0.node) || $0.node == member.node
                    }.map {
                        MemberPlace(node: $0.node, peer: $0.peer.string, url: $0.url.string)
                    })
            }
            return Flow(places).map { places in
                Joined(
                    node: member.node, clusterID: issued.clusterID,
                    certificate: issued.certificate, authority: issued.authority, members: places,
                    index: applied.index.rawValue)
            }
        }
    }
}
