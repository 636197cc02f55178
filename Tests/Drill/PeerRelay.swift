import Foundation
import NIOCore
import NIOPosix
import Synchronization
import WatchwordClient

/// Stands between the nodes, so that the drill can cut the link between any two without any
/// privilege: each node listens elsewhere, and the relay listens where the others expect it.
final class PeerRelay: Sendable {
    private struct State {
        /// Nodes of which no byte comes through, in either direction.
        var cut: Set<String> = []
        var links: [ObjectIdentifier: Link] = [:]
        var listeners: [any Channel] = []
    }

    private let cluster: QuickstartCluster
    private let state = Mutex(State())

    private init(cluster: QuickstartCluster) { self.cluster = cluster }

    /// Puts itself between the nodes of a cluster, which are stopped and started for it.
    static func insert(into cluster: QuickstartCluster) async throws -> PeerRelay {
        let relay = PeerRelay(cluster: cluster)
        for node in cluster.nodes { try await cluster.stop(node.id) }
        for node in cluster.nodes {
            let (host, port) = try cluster.peerListener(of: node.id)
            let target = port + offset
            try cluster.set(node.id, "peer", "listen", "\"\(host):\(target)\"")
            let id = node.id
            let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
                .childChannelInitializer { channel in
                    relay.accept(channel, to: id, host: host, port: target)
                }
                .bind(host: host, port: port).get()
            relay.state.withLock { $0.listeners.append(listener) }
        }
        for node in cluster.nodes { try await cluster.start(node.id) }
        return relay
    }

    private static let offset = 1000

    /// Takes itself out again.
    func remove() async throws {
        for node in cluster.nodes { try await cluster.stop(node.id) }
        let (listeners, links) = state.withLock { ($0.listeners, Array($0.links.values)) }
        for link in links { link.close() }
        for listener in listeners { try await listener.close() }
        for node in cluster.nodes {
            let (host, port) = try cluster.peerListener(of: node.id)
            try cluster.set(node.id, "peer", "listen", "\"\(host):\(port - Self.offset)\"")
        }
        for node in cluster.nodes { try await cluster.start(node.id) }
    }

    /// Cuts a node off: its connections stay open and nothing comes through, as when a cable is
    /// pulled.
    func cut(_ id: String) {
        let links = state.withLock { state in
            state.cut.insert(id)
            return state.links.values.filter { $0.touches(id) }
        }
        for link in links { link.flow(false) }
    }

    /// Lets everything through again, beginning with what was held back.
    func heal() {
        let links = state.withLock { state in
            state.cut = []
            return Array(state.links.values)
        }
        for link in links { link.flow(true) }
    }

    private func accept(
        _ channel: any Channel, to target: String, host: String, port: Int
    ) -> EventLoopFuture<Void> {
        guard let source = channel.remoteAddress?.port.flatMap(cluster.owner) else {
            // Whose it is cannot be told, so it could not be cut: the node dials again.
            return channel.close()
        }
        let link = Link(inbound: channel, source: source, target: target)
        return ClientBootstrap(group: channel.eventLoop)
            .connect(host: host, port: port)
            .flatMap { outbound in
                channel.eventLoop.makeCompletedFuture {
                    link.outbound = outbound
                    try channel.pipeline.syncOperations.addHandler(Pipe(into: outbound))
                    try outbound.pipeline.syncOperations.addHandler(Pipe(into: channel))
                    channel.closeFuture.whenComplete { _ in outbound.close(promise: nil) }
                    outbound.closeFuture.whenComplete { _ in
                        channel.close(promise: nil)
                        self.state.withLock { _ = $0.links.removeValue(forKey: link.key) }
                    }
                    let flows = self.state.withLock { state in
                        state.links[link.key] = link
                        return !state.cut.contains(where: link.touches)
                    }
                    if !flows { link.flow(false) }
                }
            }
    }

    /// One connection from one node to another.
    ///
    /// Unchecked: both channels are on one event loop, and `outbound` is set there before the link
    /// is known to anybody else.
    private final class Link: @unchecked Sendable {
        let inbound: any Channel
        var outbound: (any Channel)?
        let source: String
        let target: String

        init(inbound: any Channel, source: String, target: String) {
            self.inbound = inbound
            self.source = source
            self.target = target
        }

        var key: ObjectIdentifier { ObjectIdentifier(self) }

        func touches(_ id: String) -> Bool { target == id || source == id }

        func flow(_ flows: Bool) {
            for channel in [inbound, outbound].compactMap(\.self) {
                // A channel that is closed meanwhile has nothing to hold back.
                _ = channel.setOption(ChannelOptions.autoRead, value: flows)
            }
        }

        func close() { inbound.close(promise: nil) }
    }
}

/// Passes what it reads on to another channel of the same loop.
private final class Pipe: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let other: any Channel

    init(into other: any Channel) { self.other = other }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        other.writeAndFlush(unwrapInboundIn(data), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

extension QuickstartCluster {
    fileprivate func peerListener(of id: String) throws -> (host: String, port: Int) {
        let parts = (try setting(id, "peer", "listen") ?? "").split(separator: ":")
        guard parts.count == 2, let port = Int(parts[1]) else {
            throw DrillFailure("\(id) has no peer listener in its file")
        }
        return (String(parts[0]), port)
    }

    /// Whose socket is bound to this port of this machine, by the kernel's own list.
    fileprivate func owner(ofLocalPort port: Int) -> String? {
        let files = FileManager.default
        let suffix = ":" + String(format: "%04X", port)
        // A file that the kernel makes up is read to its end, whatever its size is said to be.
        let table: Data?
        do { table = try FileHandle(forReadingAtPath: "/proc/net/tcp")?.readToEnd() } catch {
            return nil
        }
        guard let table else { return nil }
        let columns = String(decoding: table, as: UTF8.self).split(separator: "\n")
            .map { $0.split(separator: " ") }
        let established = "01"
        let own = columns.first { $0.count > 9 && $0[1].hasSuffix(suffix) && $0[3] == established }
        guard let row = own else { return nil }
        let socket = "socket:[\(row[9])]"
        return nodes.first { node in
            do {
                let folder = "/proc/\(try process(of: node.id))/fd"
                return try files.contentsOfDirectory(atPath: folder).contains { name in
                    target(of: "\(folder)/\(name)") == socket
                }
            } catch { return false }
        }?.id
    }

    private func target(of link: String) -> String? {
        // One that was closed meanwhile is not the one that is looked for.
        do { return try FileManager.default.destinationOfSymbolicLink(atPath: link) } catch {
            return nil
        }
    }
}
