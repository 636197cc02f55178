internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import RaftCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Makes connections to peers, on one event loop.
struct Dialler {
    let loop: any EventLoop
    let local: LocalNode
    let options: PeerTransportOptions

    /// Dials once, and calls `made` or `failed` on the loop when TCP has spoken. TLS and hello
    /// follow, and the owner is told of them; all together takes no longer than the limit.
    func dial(
        _ peer: NodeID, at address: PeerAddress, purpose: ConnectionPurpose, tls: PeerTLS,
        limitMilliseconds: Int64, owner: any PeerConnectionOwner,
        made: @escaping (PeerConnection) -> Void,
        failed: @escaping (LinkMachine.DialFailure) -> Void
    ) {
        loop.preconditionInEventLoop()
        let deadline = NIODeadline.now() + .milliseconds(limitMilliseconds)
        connect(to: address, limitMilliseconds: limitMilliseconds).assumeIsolated().whenComplete {
            result in
            switch result {
            case .failure(let error):
                failed(Self.failure(error))
            case .success(let channel):
                let left = (deadline - .now()).nanoseconds / 1_000_000
                let connection = PeerConnection(
                    role: .dialler(peer: peer, purpose: purpose), local: local, options: options,
                    handshakeMilliseconds: max(left, 1), owner: owner)
                made(connection)
                do {
                    // Only now: of the channels that were tried for one host name, this one won.
                    try channel.pipeline.syncOperations.addHandlers([
                        try NIOSSLClientHandler(context: tls.client, serverHostname: nil),
                        connection,
                    ])
                } catch {
                    channel.close(promise: nil)
                    failed(.rejected)
                }
            }
        }
    }

    private func connect(
        to address: PeerAddress, limitMilliseconds: Int64
    ) -> EventLoopFuture<any Channel> {
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.milliseconds(limitMilliseconds))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(
                .writeBufferWaterMark,
                value: .init(low: options.writeBytesMax / 2, high: options.writeBytesMax))
        // An address that is written in numbers must not wait for the resolver.
        do {
            return bootstrap.connect(
                to: try SocketAddress(ipAddress: address.host, port: address.port))
        } catch {
            return bootstrap.connect(host: address.host, port: address.port)
        }
    }

    /// What an error of `connect` says about the peer.
    static func failure(_ error: any Error) -> LinkMachine.DialFailure {
        switch error {
        case let error as IOError:
            [ECONNREFUSED, ECONNRESET].contains(error.errnoCode) ? .refused : .timedOut
        case let error as NIOConnectionError where !error.connectionErrors.isEmpty:
            error.connectionErrors.allSatisfy { failure($0.error) == .refused }
                ? .refused : .timedOut
        default: .timedOut
        }
    }
}
