internal import AuthService
internal import HTTPAPI
internal import Logging
internal import NIOCore
internal import NIOTLS
internal import RaftCore

/// One client's connection: bytes into requests, requests into exchanges, answers into bytes.
///
/// Requests are answered in order. While one is under way, or its answer is not taken, the next
/// ones are read no further than a bounded buffer. Decides nothing about a request: that is `API`
/// and `RequestReader`.
///
/// Everything here is touched on the channel's event loop alone.
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// An exchange under way.
    private struct Running {
        var exchange: Exchange
        let request: HTTPRequest
        let began: SteadyTime
        let deadline: SteadyTime
    }

    private let services: HTTPServices
    private let isTLS: Bool
    private var reader = RequestReader()
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var running: Running?
    private var deadline: ConnectionDeadline?
    private var isWatched = false
    private var isPaused = false
    private var isDraining = false
    /// The last answer is written, or nothing more will be: what comes is thrown away.
    private var isClosing = false
    /// The last answer has left.
    private var isSaid = false
    /// The client sends nothing more.
    private var isInputClosed = false
    private var hasBegun = false
    private var hasEntered = false
    private var address = ""
    private var dateLine = HTTPResponse.DateLine()
    private var context: ChannelHandlerContext?

    /// What is read ahead while a request is under way.
    private static let bufferedBytesMax = 64 << 10

    init(services: HTTPServices, isTLS: Bool) {
        self.services = services
        self.isTLS = isTLS
    }

    // MARK: The channel's events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { begin(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard !hasBegun else { return }
        hasBegun = true
        address = context.remoteAddress?.ipAddress ?? "127.0.0.1"
        deadline = ConnectionDeadline(
            times: services.times, isTLS: isTLS, now: context.eventLoop.now)
        guard services.limits.enter(address) else { return turnAway(context) }
        hasEntered = true
        services.connections.add(self, on: context.eventLoop)
        watch(context)
    }

    /// One connection too many: no time is spent on it.
    private func turnAway(_ context: ChannelHandlerContext) {
        isClosing = true
        services.metrics.refusedConnection()
        guard !isTLS else { return context.close(promise: nil) }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        write(services.api.answerToOverload(), to: nil, context)
            .whenComplete { _ in bound.value.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if hasEntered {
            services.limits.leave(address)
            services.connections.remove(self)
            hasEntered = false
        }
        isClosing = true
        // An exchange under way is abandoned; what it proposed may still take effect.
        running = nil
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        reader.feed(unwrapInboundIn(data).readableBytesView)
        process(context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { process(context) }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event { enter(.idle, context) }
        if case ChannelEvent.inputClosed = event {
            isInputClosed = true
            if isSaid { context.close(promise: nil) } else { settle(context) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset, or bytes that are no TLS: nobody to tell.
        context.close(promise: nil)
    }

    // MARK: Requests

    /// Takes in as much as may be taken now.
    private func process(_ context: ChannelHandlerContext) {
        while running == nil, !isClosing, context.channel.isWritable,
            let event = reader.next()
        {
            switch event {
            case .head(let head): took(head, context)
            case .body(let part): body += part
            case .end: beginExchange(context)
            case .failure(let failure): refuse(services.api.answer(to: failure), context)
            }
        }
        settle(context)
    }

    /// Says what the connection now waits for, and closes it if that is nothing.
    private func settle(_ context: ChannelHandlerContext) {
        pauseOrGoOn(context)
        guard !isClosing, running == nil else { return }
        if !context.channel.isWritable {
            enter(.delivering, context)
        } else if isInputClosed || isDraining && !isBusy {
            // Nothing more can come, or nothing more shall.
            hangUp(context)
        } else if head != nil {
            enter(.body, context)
        } else if !reader.isIdle {
            enter(.head, context)
        } else if deadline?.phase != .handshake {
            enter(.idle, context)
        }
    }

    private func took(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        self.head = head
        body = []
        switch services.api.admit(head) {
        case .answerNow where head.announcesBody:
            // The body is never read: the answer closes the connection.
            beginExchange(context)
        case .answerNow:
            reader.expectBody(atMost: 0)
        case .read(let limit, let sendsContinue):
            // A body that is announced as too large is refused, and not called for before.
            if sendsContinue, !head.framing.isLonger(than: limit) {
                let bytes = context.channel.allocator.buffer(bytes: HTTPResponse.continueBytes)
                context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
            }
            reader.expectBody(atMost: limit)
        }
    }

    private func beginExchange(_ context: ChannelHandlerContext) {
        guard let head else { preconditionFailure("the end of a request without its head") }
        self.head = nil
        // Also when the answer comes at once: what follows is another request, with its own time.
        enter(.answering, context)
        let began = services.clock().steady
        let request = HTTPRequest(head: head, body: body, remoteAddress: address, isTLS: isTLS)
        let exchange = services.api.handle(request)
        body = []
        goOn(
            Running(
                exchange: exchange, request: request, began: began,
                deadline: began.advanced(milliseconds: exchange.timeoutMilliseconds)), context)
    }

    private func goOn(_ now: Running, _ context: ChannelHandlerContext) {
        switch now.exchange.step {
        case .respond(let response):
            running = nil
            services.note(
                now.exchange.record,
                nanoseconds: services.clock().steady.nanoseconds(since: now.began))
            answer(response, to: now.request.head, context)
        case .need(let need):
            running = now
            let loop = context.eventLoop
            let bound = NIOLoopBound(self, eventLoop: loop)
            services.carryOut(need, now.deadline) { completion in
                loop.execute { bound.value.resume(completion) }
            }
            // When what was read of the others is looked at too: one turn for all of them.
            loop.execute(services.takeTurn)
        }
    }

    private func resume(_ completion: Completion) {
        guard var now = running, let context, !isClosing else { return }
        now.exchange.resume(completion)
        goOn(now, context)
        if running == nil { process(context) }
    }

    // MARK: Answers

    private func answer(
        _ response: HTTPResponse, to head: HTTPRequestHead, _ context: ChannelHandlerContext
    ) {
        let isLast = isDraining || isInputClosed && reader.bufferedBytes == 0
        guard head.keepsAlive, !response.closes, !isLast else {
            return farewell(response, to: head, context)
        }
        let bytes = spelt(response, to: head, keepsAlive: true, context)
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }

    /// Answers what is no request, or did not come in time.
    private func refuse(_ response: HTTPResponse, _ context: ChannelHandlerContext) {
        services.metrics.count(route: nil, status: response.status, nanoseconds: 0)
        farewell(response, to: nil, context)
    }

    /// The last answer first, then the end of our side: a client that still sends would otherwise
    /// have its answer torn away by a reset.
    private func farewell(
        _ response: HTTPResponse, to head: HTTPRequestHead?, _ context: ChannelHandlerContext
    ) {
        isClosing = true
        enter(.farewell, context)
        pauseOrGoOn(context)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        write(response, to: head, context).whenComplete { _ in
            let (connection, context) = bound.value
            connection.hangUp(context)
        }
    }

    /// Ends our side behind what is already written; the client has the time of a farewell to
    /// end its own.
    private func hangUp(_ context: ChannelHandlerContext) {
        isClosing = true
        isSaid = true
        enter(.farewell, context)
        context.close(mode: isInputClosed ? .all : .output, promise: nil)
    }

    /// Writes the last answer.
    private func write(
        _ response: HTTPResponse, to head: HTTPRequestHead?, _ context: ChannelHandlerContext
    ) -> EventLoopFuture<Void> {
        let bytes = spelt(response, to: head, keepsAlive: false, context)
        return context.writeAndFlush(wrapOutboundOut(bytes))
    }

    private func spelt(
        _ response: HTTPResponse, to head: HTTPRequestHead?, keepsAlive: Bool,
        _ context: ChannelHandlerContext
    ) -> ByteBuffer {
        context.channel.allocator.buffer(
            bytes: response.serialized(
                method: head?.method ?? "GET", keepsAlive: keepsAlive,
                date: services.clock().wall, &dateLine))
    }

    // MARK: Time and pressure

    /// Reads on only while there is room for what comes.
    private func pauseOrGoOn(_ context: ChannelHandlerContext) {
        let isHeldUp = running != nil || !context.channel.isWritable
        let wantsPause =
            !isClosing && isHeldUp && reader.bufferedBytes >= Self.bufferedBytesMax
        guard wantsPause != isPaused else { return }
        isPaused = wantsPause
        context.channel.setOption(.autoRead, value: !wantsPause).whenFailure { _ in
            // The channel is gone, and with it this handler.
        }
    }

    private func enter(_ phase: ConnectionDeadline.Phase, _ context: ChannelHandlerContext) {
        deadline?.enter(phase, now: context.eventLoop.now)
    }

    /// Looks again at the deadline, or sooner: one that is set meanwhile may come first, and
    /// would otherwise need its own alarm with every request.
    private func watch(_ context: ChannelHandlerContext) {
        guard !isWatched, let moment = deadline?.moment else { return }
        isWatched = true
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(
            deadline: min(moment, context.eventLoop.now + services.times.shortest)
        ) { bound.value.look() }
    }

    private func look() {
        isWatched = false
        guard let context, context.channel.isActive, let deadline else { return }
        guard deadline.moment <= context.eventLoop.now else { return watch(context) }
        switch deadline.phase {
        case .head, .body:
            refuse(services.api.answerToTimeout(), context)
            watch(context)
        case .answering:
            services.logger.error("a request was never answered")
            context.close(promise: nil)
        case .handshake, .idle, .delivering, .farewell:
            context.close(promise: nil)
        }
    }

    /// Closes when idle, or with the next answer. Called on the event loop.
    func drain() {
        isDraining = true
        if let context, !isClosing, !isBusy { hangUp(context) }
    }

    /// What is held of requests that are not answered yet, in bytes: at most what is read ahead,
    /// one read more, and one body.
    var heldBytes: Int { reader.bufferedBytes + body.count }

    /// Whether a request is being read or answered.
    private var isBusy: Bool { running != nil || head != nil || !reader.isIdle }
}

extension HTTPRequestHead.Framing {
    /// Whether the head alone says that the body is over a limit.
    fileprivate func isLonger(than limitBytes: Int) -> Bool {
        if case .length(let length) = self { length > limitBytes } else { false }
    }
}
