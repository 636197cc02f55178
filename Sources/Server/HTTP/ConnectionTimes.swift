internal import NIOCore

/// How long each part of a connection may take (security A5). Always armed, never cleared.
struct ConnectionTimes: Sendable {
    var handshake = TimeAmount.seconds(5)
    /// From the first byte of a request to the end of its head.
    var head = TimeAmount.seconds(5)
    /// From the first byte of a request to its last.
    var request = TimeAmount.seconds(10)
    /// For everything that an answer needs. Each request has its own deadline within, of at most
    /// 30 s: this one only ends what that should have ended.
    var answer = TimeAmount.seconds(40)
    /// For the client to take what was answered, before more is.
    var delivery = TimeAmount.seconds(30)
    /// Without any request.
    var idle = TimeAmount.seconds(60)
    /// For the client to take the last answer, before the connection is cut.
    var farewell = TimeAmount.seconds(2)

    /// No part is shorter: whoever looks this often misses no deadline.
    var shortest: TimeAmount {
        min(handshake, head, min(request, answer, delivery), min(idle, farewell))
    }
}

/// What a connection is waiting for, and until when.
struct ConnectionDeadline {
    /// What a connection does now.
    enum Phase: Equatable {
        case handshake, idle, head, body, answering, delivering, farewell
    }

    private(set) var phase: Phase
    private(set) var moment: NIODeadline
    private let times: ConnectionTimes
    private var requestBegan: NIODeadline

    init(times: ConnectionTimes, isTLS: Bool, now: NIODeadline) {
        self.times = times
        phase = isTLS ? .handshake : .idle
        moment = now + (isTLS ? times.handshake : times.idle)
        requestBegan = now
    }

    /// Goes over to another phase. The time of a request counts from its first byte, also when
    /// its head has come.
    mutating func enter(_ next: Phase, now: NIODeadline) {
        guard next != phase else { return }
        switch next {
        case .handshake: moment = now + times.handshake
        case .idle: moment = now + times.idle
        case .head:
            requestBegan = now
            moment = now + times.head
        case .body:
            // A head that came whole, in one read, began the request just now.
            if phase != .head { requestBegan = now }
            moment = requestBegan + times.request
        case .answering: moment = now + times.answer
        case .delivering: moment = now + times.delivery
        case .farewell: moment = now + times.farewell
        }
        phase = next
    }
}
