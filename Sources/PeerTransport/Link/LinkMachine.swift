internal import RaftCore

/// Decides when a peer is dialled, and what its connections say about it, as a value.
///
/// Each node dials every peer and sends over the connection that it dialled. A connection that
/// ends by itself proves nothing: one dial follows at once, and only its being refused says that
/// the process is gone (`closed`); silence says little (`silent`); success says that the peer
/// lives. A peer whose run number changed was dead in between, even if no connection told so
/// (openraft #1770: a dead pooled connection to a restarted peer).
struct LinkMachine: Sendable {
    enum State: Equatable, Sendable {
        /// Not started, or stopped.
        case stopped
        /// `isVerification`: an established connection was lost before, and the dial decides.
        case dialling(isVerification: Bool)
        case up(run: UInt64)
        case waiting
    }

    /// How a dial failed.
    enum DialFailure: Equatable, Sendable {
        /// Refused or reset: nobody listens there.
        case refused
        /// No answer in time, or no way there.
        case timedOut
        /// Somebody answered, and the two did not agree.
        case rejected
    }

    enum Event: Equatable, Sendable {
        case start
        case stop
        case dialled(run: UInt64)
        case dialFailed(DialFailure)
        case outgoingEnded(isSilence: Bool)
        case incomingEstablished(run: UInt64)
        case incomingEnded(isSilence: Bool)
        case pauseOver
    }

    enum Action: Equatable, Sendable {
        case dial(isVerification: Bool)
        case pause(milliseconds: Int64)
        case cancelPause
        case closeOutgoing
        /// Sends a ping, so that a dead connection shows itself.
        case probe
        case openOutbox
        case closeOutbox
        case reportConnected
        case reportLost(ConnectionLoss)
    }

    private(set) var state = State.stopped
    private var lastRun: UInt64?
    private var failures = 0
    private let backoffMin: Int64
    private let backoffMax: Int64

    init(options: PeerTransportOptions) {
        precondition(options.backoffMinMilliseconds > 0, "no pause between dials")
        backoffMin = options.backoffMinMilliseconds
        backoffMax = max(options.backoffMaxMilliseconds, backoffMin)
    }

    /// What follows from an event.
    mutating func handle(_ event: Event) -> [Action] {
        switch (state, event) {
        case (.stopped, .start):
            state = .dialling(isVerification: false)
            return [.openOutbox, .dial(isVerification: false)]
        case (.stopped, _), (_, .start):
            return []
        case (_, .stop):
            state = .stopped
            return [.cancelPause, .closeOutbox, .closeOutgoing]
        case (.dialling(let isVerification), .dialled(let run)):
            return reached(run: run, isVerification: isVerification)
        case (.dialling(let isVerification), .dialFailed(let failure)):
            return missed(failure, isVerification: isVerification)
        case (.dialling, .incomingEnded(isSilence: false)):
            // The dial under way will tell.
            state = .dialling(isVerification: true)
            return []
        case (.up, .outgoingEnded(isSilence: false)):
            state = .dialling(isVerification: true)
            return [.dial(isVerification: true)]
        case (.up, .outgoingEnded(isSilence: true)):
            return [.closeOutbox, .reportLost(.silent)] + pause()
        case (.up(let known), .incomingEstablished(let run)) where run != known:
            // The process at the other end of our connection is gone, though nothing said so.
            state = .dialling(isVerification: true)
            return [.closeOutgoing, .dial(isVerification: true)]
        case (.up, .incomingEnded(isSilence: false)):
            return [.probe]
        case (.waiting, .incomingEnded(isSilence: false)):
            state = .dialling(isVerification: true)
            return [.cancelPause, .dial(isVerification: true)]
        case (.waiting, .incomingEstablished):
            failures = 0
            state = .dialling(isVerification: false)
            return [.cancelPause, .openOutbox, .dial(isVerification: false)]
        case (.waiting, .pauseOver):
            state = .dialling(isVerification: false)
            return [.dial(isVerification: false)]
        case (.dialling, .incomingEnded(isSilence: true)), (.waiting, .incomingEnded),
            (.up, .incomingEnded):
            // Our own pings are the judge of silence.
            return []
        case (.dialling, .incomingEstablished), (.up, .incomingEstablished):
            return []
        case (.dialling, .pauseOver), (.up, .pauseOver):
            // A pause that was cancelled too late.
            return []
        case (.dialling, .outgoingEnded), (.waiting, .outgoingEnded):
            // A connection that was given up already.
            return []
        case (.up, .dialled), (.up, .dialFailed), (.waiting, .dialled), (.waiting, .dialFailed):
            preconditionFailure("\(event) without a dial, in \(state)")
        }
    }

    private mutating func reached(run: UInt64, isVerification: Bool) -> [Action] {
        // Restarted within one pause: the process that was there is gone all the same.
        let wasRestarted = lastRun.map { $0 != run } ?? false
        failures = 0
        lastRun = run
        state = .up(run: run)
        let lost: [Action] = wasRestarted && isVerification ? [.reportLost(.closed)] : []
        return lost + [.openOutbox, .reportConnected]
    }

    private mutating func missed(_ failure: DialFailure, isVerification: Bool) -> [Action] {
        guard isVerification else { return [.closeOutbox] + pause() }
        let loss: ConnectionLoss = failure == .refused ? .closed : .silent
        return [.closeOutbox, .reportLost(loss)] + pause()
    }

    private mutating func pause() -> [Action] {
        // The cap is reached after a few failures; the shift stays far from its bound.
        let milliseconds = min(backoffMax, backoffMin << min(failures, 16))
        failures += 1
        state = .waiting
        return [.pause(milliseconds: milliseconds)]
    }
}
