internal import Foundation
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import PeerTransport
internal import Synchronization

/// Listens for clients at one place.
final class HTTPListener: Sendable {
    /// Certificate and key, as PEM files.
    struct Certificate: Sendable {
        let certificateFile: String
        let keyFile: String

        /// TLS 1.2 and up for clients; no session is resumed past a change of rules.
        func makeContext() throws -> NIOSSLContext {
            let chain = try NIOSSLCertificate.fromPEMFile(certificateFile)
            guard !chain.isEmpty else {
                throw NodeStartError("\(certificateFile) holds no certificate")
            }
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: keyFile, format: .pem)))
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["http/1.1"]
            return try NIOSSLContext(configuration: configuration)
        }
    }

    /// Where clients come in.
    enum Place: Equatable, Sendable {
        case address(PeerAddress)
        /// A socket in the file system, for this user and group.
        case socket(path: String)
    }

    private let place: Place
    private let certificate: Certificate?
    private let services: HTTPServices
    private let tls: Mutex<NIOSSLContext?>
    private let channel = Mutex<(any Channel)?>(nil)

    init(_ place: Place, certificate: Certificate?, services: HTTPServices) throws {
        self.place = place
        self.certificate = certificate
        self.services = services
        tls = Mutex(try certificate?.makeContext())
    }

    /// Begins to accept.
    ///
    /// - Returns: the port, which the system chose if 0 was asked for; 0 for a socket.
    /// - Throws: when the place cannot be listened at.
    func start(on group: any EventLoopGroup) throws -> Int {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            // Out of descriptors: wait a little instead of trying again at once, for ever.
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptBackoffHandler())
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture { try configure(channel) }
            }
        let bound: any Channel
        switch place {
        case .address(let address):
            bound = try bootstrap.serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .bind(host: address.host, port: address.port).wait()
        case .socket(let path):
            try SocketFile.check(path)
            bound = try bootstrap.bind(
                unixDomainSocketPath: path, cleanupExistingSocketFile: true
            ).wait()
            try SocketFile.openToGroup(path)
        }
        channel.withLock { $0 = bound }
        return bound.localAddress?.port ?? 0
    }

    private func configure(_ channel: any Channel) throws {
        let context = tls.withLock { $0 }
        if let context {
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
        }
        try channel.pipeline.syncOperations.addHandler(
            HTTPConnection(services: services, isTLS: context != nil))
    }

    /// Uses the certificate as it now is from the next connection on.
    ///
    /// - Throws: when it cannot be used; the old one then stays.
    func reload() throws {
        guard let context = try certificate?.makeContext() else { return }
        tls.withLock { $0 = context }
    }

    /// Accepts nobody any more.
    func close() throws {
        let bound = channel.withLock { channel in
            defer { channel = nil }
            return channel
        }
        try bound?.close().wait()
    }
}
