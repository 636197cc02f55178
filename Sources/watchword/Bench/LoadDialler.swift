import LoadCore
import NIOCore
import NIOPosix
import NIOSSL

/// Opens connections of a load, to one address after the other.
struct LoadDialler: Sendable {
    private let addresses: [ServerAddress]
    private let templates: [RequestTemplates]
    private let tls: NIOSSLContext?

    private static let connectMilliseconds: Int64 = 2_000

    /// - Parameters:
    ///   - authorityFile: the authority that https is held against; nil for the system's.
    ///   - tenantID: the tenant that the caller acts in, when it is not their own.
    /// - Throws: when the authority's file cannot be read.
    init(
        addresses: [ServerAddress], authorityFile: String?, tenantID: String?,
        subjects: PreparedSubjects
    ) throws {
        precondition(!addresses.isEmpty, "no address")
        self.addresses = addresses
        templates = addresses.map {
            RequestTemplates(host: $0.hostField, tenantID: tenantID, subjects: subjects)
        }
        guard addresses.contains(where: \.isSecure) else {
            tls = nil
            return
        }
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let authorityFile {
            configuration.trustRoots = .certificates(
                try NIOSSLCertificate.fromPEMFile(authorityFile))
        }
        tls = try NIOSSLContext(configuration: configuration)
    }

    /// Opens a connection on this loop, where it is called and where all callbacks come.
    ///
    /// - Parameters:
    ///   - attempt: which of the addresses it goes to, in turn.
    ///   - failed: with what people want to know when there is no connection.
    func dial(
        attempt: Int, number: Int, owner: LoadLane, on loop: any EventLoop,
        failed: @escaping (String) -> Void
    ) {
        loop.preconditionInEventLoop()
        let index = attempt % addresses.count
        let address = addresses[index]
        connect(to: address, on: loop).assumeIsolated().whenComplete { result in
            switch result {
            case .failure(let error): failed("\(address.hostField): \(error)")
            case .success(let channel):
                do {
                    let pipeline = channel.pipeline.syncOperations
                    if address.isSecure, let tls {
                        try pipeline.addHandler(
                            try NIOSSLClientHandler(
                                context: tls, serverHostname: address.serverName))
                    }
                    try pipeline.addHandler(
                        LoadConnection(
                            number: number, templates: templates[index],
                            isSecure: address.isSecure, owner: owner))
                } catch {
                    channel.close(promise: nil)
                    failed("\(address.hostField): \(error)")
                }
            }
        }
    }

    private func connect(
        to address: ServerAddress, on loop: any EventLoop
    ) -> EventLoopFuture<any Channel> {
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.milliseconds(Self.connectMilliseconds))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        // An address that is written in numbers must not wait for the resolver.
        do {
            return bootstrap.connect(
                to: try SocketAddress(ipAddress: address.host, port: address.port))
        } catch {
            return bootstrap.connect(host: address.host, port: address.port)
        }
    }
}
