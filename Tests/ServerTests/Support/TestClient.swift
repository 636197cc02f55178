import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A client of a real listener: says one thing, and collects what comes until the end.
enum TestClient {
    struct Failed: Error {}

    /// - Parameter trusting: the certificate to be shown, for TLS.
    static func ask(
        _ address: SocketAddress, _ request: String, trusting file: String? = nil
    ) throws -> String {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer {
            do { try group.syncShutdownGracefully() } catch { print("\(error)") }
        }
        let context = try file.map { file in
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(file))
            return try NIOSSLContext(configuration: tls)
        }
        let collected = group.next().makePromise(of: String.self)
        let channel = try ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(
                            try NIOSSLClientHandler(context: context, serverHostname: "localhost"))
                    }
                    try channel.pipeline.syncOperations.addHandler(Collector(collected))
                }
            }
            .connect(to: address).wait()
        channel.writeAndFlush(ByteBuffer(string: request), promise: nil)
        return try collected.futureResult.wait()
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let promise: EventLoopPromise<String>
        private var text = ""

        init(_ promise: EventLoopPromise<String>) { self.promise = promise }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            text += String(buffer: unwrapInboundIn(data))
        }
        func channelInactive(context: ChannelHandlerContext) { promise.succeed(text) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            promise.fail(error)
            context.close(promise: nil)
        }
    }
}
