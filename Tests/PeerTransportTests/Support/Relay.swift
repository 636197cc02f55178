import NIOCore
import NIOPosix
import Synchronization

@testable import PeerTransport

/// A wire between two nodes that can be cut, or stopped while it stays connected.
final class Relay: Sendable {
    private final class Wires: Sendable {
        let channels = Mutex<[any Channel]>([])
        let isFrozen = SharedFlag()
    }
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let wires = Wires()
    let address: PeerAddress

    init(to target: PeerAddress) throws {
        let wires = self.wires
        let listener = try ServerBootstrap(group: group)
            .childChannelInitializer { inbound in
                let loop = inbound.eventLoop
                return loop.makeCompletedFuture {
                    let there = Forward(to: inbound, isFrozen: wires.isFrozen)
                    let here = Forward(to: nil, isFrozen: wires.isFrozen)
                    try inbound.pipeline.syncOperations.addHandler(here)
                    let ends = NIOLoopBound((here, there), eventLoop: loop)
                    ClientBootstrap(group: loop)
                        .channelInitializer { outbound in
                            loop.makeCompletedFuture {
                                try outbound.pipeline.syncOperations.addHandler(ends.value.1)
                            }
                        }
                        .connect(host: target.host, port: target.port)
                        .whenComplete { result in
                            switch result {
                            case .failure: inbound.close(promise: nil)
                            case .success(let outbound):
                                wires.channels.withLock { $0 += [inbound, outbound] }
                                ends.value.0.connect(to: outbound)
                            }
                        }
                }
            }
            .bind(host: "127.0.0.1", port: 0).wait()
        address = PeerAddress(host: "127.0.0.1", port: listener.localAddress?.port ?? 0)
    }

    /// Ends what is connected; new connections are let through.
    func cut() {
        let channels = wires.channels.withLock { channels in
            defer { channels = [] }
            return channels
        }
        for channel in channels { channel.close(promise: nil) }
    }

    /// Carries nothing more, on connections old and new.
    func freeze() { wires.isFrozen.set() }

    func stop() throws { try group.syncShutdownGracefully() }

    private final class Forward: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private var other: (any Channel)?
        private var early: [ByteBuffer] = []
        private let isFrozen: SharedFlag

        init(to other: (any Channel)?, isFrozen: SharedFlag) {
            self.other = other
            self.isFrozen = isFrozen
        }

        func connect(to other: any Channel) {
            self.other = other
            for bytes in early { other.writeAndFlush(bytes, promise: nil) }
            early = []
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard !isFrozen.isSet else { return }
            let bytes = unwrapInboundIn(data)
            if let other { other.writeAndFlush(bytes, promise: nil) } else { early.append(bytes) }
        }

        func channelInactive(context: ChannelHandlerContext) { other?.close(promise: nil) }
    }
}

/// A flag that several threads see.
final class SharedFlag: Sendable {
    private let value = Mutex(false)
    var isSet: Bool { value.withLock { $0 } }
    func set() { value.withLock { $0 = true } }
}
