internal import APITypes
internal import AuthService
internal import ByteCodec
internal import HTTPAPI
internal import Logging
internal import NIOCore
internal import NIOSSL
internal import NIOTLS
internal import RaftCore

/// What all connections share.
struct HTTPServices: Sendable {
    let api: API
    let runner: NeedRunner
    let clock: @Sendable () -> (steady: SteadyTime, wall: Timestamp)
    let limits: ConnectionLimits
    let times: ConnectionTimes
    let metrics: HTTPMetrics
    let connections: ConnectionRegistry
    let logger: Logger
}

/// One client's connection: bytes into requests, requests into exchanges, answers into bytes.
///
/// Requests are answered in order; while one is under way the next ones are read no further than
/// a bounded buffer. Decides nothing about a request: that is `API` and `RequestReader`.
///
/// Everything here is touched on the channel's event loop alone.
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let services: HTTPServices
    private let isTLS: Bool
    private var reader = RequestReader()
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var exchange: Exchange?
    private var exchangeHead: HTTPRequestHead?
    private var exchangeBegan = SteadyTime.zero
    private var exchangeDeadline = SteadyTime.zero
    private var deadline: ConnectionDeadline
    private var isWatched = false
    private var isPaused = false
    private var isClosing = false
    private var isDraining = false
    private var hasEntered = false
    private var address = ""
    private var context: ChannelHandlerContext?

    /// What is read ahead while a request is under way.
    private static let bufferedBytesMax = 64 << 10

    init(services: HTTPServices, isTLS: Bool) {
        self.services = services
        self.isTLS = isTLS
        deadline = ConnectionDeadline(times: services.times, isTLS: isTLS, now: .now())
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
        guard !hasEntered else { return }
        address = context.remoteAddress?.ipAddress ?? "unix"
        guard services.limits.enter(address) else {
            isClosing = true
            services.metrics.refusedConnection()
            return send(services.api.answerToOverload(), to: nil, context)
        }
        hasEntered = true
        services.connections.add(self, on: context.eventLoop)
        watch(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if hasEntered {
            services.limits.leave(address)
            services.connections.remove(self)
            hasEntered = false
        }
        isClosing = true
        // An exchange under way is abandoned; what it proposed may still take effect.
        exchange = nil
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        let buffer = unwrapInboundIn(data)
        if deadline.phase == .idle || deadline.phase == .handshake {
            deadline.enter(.head, now: .now())
            watch(context)
        }
        reader.feed(buffer.readableBytesView)
        process(context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event { deadline.enter(.idle, now: .now()) }
        if case ChannelEvent.inputClosed = event, exchange == nil { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset, or bytes that are no TLS: nobody to tell.
        context.close(promise: nil)
    }

    // MARK: Requests

    private func process(_ context: ChannelHandlerContext) {
        while exchange == nil, !isClosing {
            guard let event = reader.next() else { break }
            switch event {
            case .head(let head): took(head, context)
            case .body(let part): body += part
            case .end: beginExchange(context)
            case .failure(let failure):
                isClosing = true
                services.metrics.count(route: nil, status: 400, nanoseconds: 0)
                send(services.api.answer(to: failure), to: nil, context)
            }
        }
        pauseOrGoOn(context)
        if exchange == nil, !isClosing, reader.isIdle, head == nil {
            deadline.enter(.idle, now: .now())
            if isDraining { context.close(promise: nil) }
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
            deadline.enter(.body, now: .now())
            if sendsContinue {
                let bytes = context.channel.allocator.buffer(bytes: HTTPResponse.continueBytes)
                context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
            }
            reader.expectBody(atMost: limit)
        }
    }

    private func beginExchange(_ context: ChannelHandlerContext) {
        guard let head else { preconditionFailure("the end of a request without its head") }
        self.head = nil
        deadline.enter(.answering, now: .now())
        exchangeHead = head
        exchangeBegan = services.clock().steady
        let begun = services.api.handle(
            HTTPRequest(head: head, body: body, remoteAddress: address, isTLS: isTLS))
        body = []
        exchangeDeadline = exchangeBegan.advanced(milliseconds: begun.timeoutMilliseconds)
        goOn(begun, context)
    }

    private func goOn(_ exchange: Exchange, _ context: ChannelHandlerContext) {
        switch exchange.step {
        case .respond(let response):
            self.exchange = nil
            finish(exchange.record, response, context)
        case .need(let need):
            self.exchange = exchange
            let resumption = NIOLoopBound(self, eventLoop: context.eventLoop)
            let loop = context.eventLoop
            services.runner.carryOut(need, deadline: exchangeDeadline) { completion in
                loop.execute { resumption.value.resume(completion) }
            }
        }
    }

    private func resume(_ completion: Completion) {
        guard var exchange, let context, !isClosing else { return }
        exchange.resume(completion)
        goOn(exchange, context)
        if self.exchange == nil { process(context) }
    }

    private func finish(
        _ record: Exchange.Record, _ response: HTTPResponse, _ context: ChannelHandlerContext
    ) {
        let nanoseconds = services.clock().steady.nanoseconds(since: exchangeBegan)
        services.metrics.count(
            route: record.route, status: record.status, nanoseconds: nanoseconds)
        log(record, nanoseconds: nanoseconds)
        var response = response
        if isDraining { response.closes = true }
        send(response, to: exchangeHead, context)
        exchangeHead = nil
    }

    private func send(
        _ response: HTTPResponse, to head: HTTPRequestHead?, _ context: ChannelHandlerContext
    ) {
        let keepsAlive = (head?.keepsAlive ?? false) && !response.closes
        let bytes = response.serialized(
            method: head?.method ?? "GET", keepsAlive: keepsAlive, date: services.clock().wall)
        let buffer = context.channel.allocator.buffer(bytes: bytes)
        guard !keepsAlive else {
            context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
            return
        }
        isClosing = true
        deadline.enter(.farewell, now: .now())
        watch(context)
        // The answer first, then the end of our side: a client that still sends would otherwise
        // have its answer torn away by a reset.
        let closing = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(buffer)).whenComplete { _ in
            closing.value.close(mode: .output, promise: nil)
        }
    }

    // MARK: Time and pressure

    /// Reads on only while there is room for what comes.
    private func pauseOrGoOn(_ context: ChannelHandlerContext) {
        let wantsPause = exchange != nil && reader.bufferedBytes >= Self.bufferedBytesMax
        guard wantsPause != isPaused else { return }
        isPaused = wantsPause
        context.channel.setOption(.autoRead, value: !wantsPause).whenFailure { _ in
            // The channel is gone, and with it this handler.
        }
    }

    private func watch(_ context: ChannelHandlerContext) {
        guard !isWatched, let moment = deadline.moment else { return }
        isWatched = true
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(deadline: moment) { bound.value.look() }
    }

    private func look() {
        isWatched = false
        guard let context, context.channel.isActive else { return }
        guard let moment = deadline.moment else {
            // A request is under way. It comes back here when it is answered.
            let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
            isWatched = true
            context.eventLoop.scheduleTask(in: services.times.head) { bound.value.look() }
            return
        }
        guard moment <= .now() else { return watch(context) }
        switch deadline.phase {
        case .head, .body:
            isClosing = true
            services.metrics.count(route: nil, status: 408, nanoseconds: 0)
            send(services.api.answerToTimeout(), to: nil, context)
        case .handshake, .idle, .answering, .farewell:
            context.close(promise: nil)
        }
    }

    /// Closes when idle, or with the next answer. Called on the event loop.
    func drain() {
        isDraining = true
        guard let context, exchange == nil, head == nil, reader.isIdle else { return }
        context.close(promise: nil)
    }

    /// Whether a request is being read or answered.
    var isBusy: Bool { exchange != nil || head != nil || !reader.isIdle }

    private func log(_ record: Exchange.Record, nanoseconds: UInt64) {
        // What gateways ask millions of times is counted, not written down.
        let level: Logger.Level =
            record.status >= 500 ? .warning : record.method == "GET" ? .debug : .info
        guard services.logger.logLevel <= level else { return }
        var metadata: Logger.Metadata = [
            "request_id": "\(record.requestID)", "method": "\(record.method)",
            "status": "\(record.status)", "address": "\(record.address)",
            "microseconds": "\(nanoseconds / 1000)",
        ]
        if let route = record.route { metadata["route"] = "\(route)" }
        if let code = record.code { metadata["code"] = "\(code.rawValue)" }
        if let actor = record.actor { metadata["actor"] = "\(actor)" }
        if let trace = record.trace { metadata["trace"] = "\(trace)" }
        if let detail = record.internalDetail { metadata["error"] = "\(detail)" }
        services.logger.log(level: level, "request", metadata: metadata)
    }
}
