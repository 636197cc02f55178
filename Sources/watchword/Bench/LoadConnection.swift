import LoadCore
import NIOCore
import NIOTLS

/// One connection of a load: bytes of requests out, responses in. Lives on its lane's event loop.
final class LoadConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let number: Int
    private let templates: RequestTemplates
    private let isSecure: Bool
    private let owner: LoadLane
    private var context: ChannelHandlerContext?
    private var reader = ResponseReader()
    /// The bytes of the last request; kept for its memory.
    private var request: [UInt8] = []
    private var isOpen = false
    /// One word for why it ends, once that is known.
    private var reason: String?

    init(number: Int, templates: RequestTemplates, isSecure: Bool, owner: LoadLane) {
        self.number = number
        self.templates = templates
        self.isSecure = isSecure
        self.owner = owner
    }

    /// Sends one request.
    func send(_ next: LoadRequest) {
        guard let context else { return }
        request.removeAll(keepingCapacity: true)
        templates.write(next, to: &request)
        var buffer = context.channel.allocator.buffer(capacity: request.count)
        buffer.writeBytes(request)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    /// Ends the connection; the lane hears of it at once or soon.
    func close() { context?.close(promise: nil) }

    func handlerAdded(context: ChannelHandlerContext) {
        guard context.channel.isActive else {
            return owner.ended(self, wasOpen: false, reason: "connection_lost")
        }
        self.context = context
        if !isSecure { open() }
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        if !isSecure { open() }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent { open() }
        context.fireUserInboundEventTriggered(event)
    }

    private func open() {
        guard !isOpen else { return }
        isOpen = true
        owner.opened(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        reader.append(unwrapInboundIn(data).readableBytesView)
        do {
            while let response = try reader.next() { owner.received(response, over: self) }
        } catch {
            end(error.code, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        owner.noteProblem("\(error)")
        end("connection_lost", context)
    }

    private func end(_ reason: String, _ context: ChannelHandlerContext) {
        self.reason = self.reason ?? reason
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        owner.ended(self, wasOpen: isOpen, reason: reason ?? "connection_lost")
        context.fireChannelInactive()
    }
}
