import NIOCore
import NIOPosix
import NIOSSL
import RaftCore

@testable import PeerTransport

/// Something that dials a node and says what it pleases.
final class RawPeer: Sendable {
    enum Event: Equatable, Sendable {
        case frame(Frame)
        case closed
    }
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let channel: any Channel
    let log = EventLog<Event>()

    /// Connects; with credentials, by TLS.
    init(to address: PeerAddress, credentials: PeerCredentials?) throws {
        let log = self.log
        let context = try credentials.map { credentials in
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.certificateVerification = .none
            if !credentials.certificateFile.isEmpty {
                tls.certificateChain = try NIOSSLCertificate.fromPEMFile(
                    credentials.certificateFile
                ).map { .certificate($0) }
                tls.privateKey = .privateKey(
                    try NIOSSLPrivateKey(file: credentials.privateKeyFile, format: .pem))
            }
            return try NIOSSLContext(configuration: tls)
        }
        channel = try ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(
                            try NIOSSLClientHandler(context: context, serverHostname: nil))
                    }
                    try channel.pipeline.syncOperations.addHandler(Collector(log: log))
                }
            }
            .connect(host: address.host, port: address.port).wait()
    }

    func send(_ frames: Frame...) {
        var buffer = ByteBuffer()
        for frame in frames { frame.write(into: &buffer) }
        send(raw: Array(buffer.readableBytesView))
    }

    func send(raw bytes: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }

    func stop() throws { try group.syncShutdownGracefully() }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let log: EventLog<Event>
        private var decoder = FrameDecoder(bodyBytesMax: 4 << 20)

        init(log: EventLog<Event>) { self.log = log }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            decoder.append(unwrapInboundIn(data))
            do {
                while let frame = try decoder.next() { log.append(.frame(frame)) }
            } catch {
                context.close(promise: nil)
            }
        }
        func channelInactive(context: ChannelHandlerContext) { log.append(.closed) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
