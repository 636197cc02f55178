internal import AuthCore
internal import AuthService
internal import ByteCodec
internal import RaftCore
internal import ReplicaRuntime
internal import Synchronization

/// Gathers what is to be proposed without anybody waiting: uses of sessions and keys, audit events.
///
/// Bounded: what does not fit is dropped and counted. A crash loses at most one interval of
/// touches, which the API says.
final class NodeJournal: Journal {
    private struct Contents {
        /// By session number, so that a batch is in the order of the rows.
        var touches: [UInt64: SessionTouch] = [:]
        var keyTouches: [UInt64: KeyTouch] = [:]
        var keysAreNext = false
        var events: [AuditEvent] = []
        var dropped: UInt64 = 0

        /// The next batch of touches of one kind; nil when there are none.
        mutating func takeTouches(atMost most: Int) -> Command.Operation? {
            guard !touches.isEmpty || !keyTouches.isEmpty else { return nil }
            let takesKeys = touches.isEmpty || keysAreNext && !keyTouches.isEmpty
            keysAreNext = !takesKeys
            if takesKeys {
                let numbers = keyTouches.keys.sorted().prefix(most)
                return .touchKeys(
                    .init(touches: numbers.compactMap { keyTouches.removeValue(forKey: $0) }))
            }
            let numbers = touches.keys.sorted().prefix(most)
            return .touchSessions(
                .init(touches: numbers.compactMap { touches.removeValue(forKey: $0) }))
        }
    }

    private let runtime: ReplicaRuntime
    private let contents = Mutex(Contents())

    private static let touchesMax = 100_000
    private static let touchBatch = 1_000
    private static let eventsMax = 10_000
    /// How long a proposal that nobody waits for is tried, in milliseconds.
    private static let proposalMilliseconds: UInt64 = 10_000

    init(runtime: ReplicaRuntime) { self.runtime = runtime }

    func touch(_ touch: SessionTouch) {
        contents.withLock { contents in
            let number = touch.session.number.rawValue
            if let known = contents.touches[number] {
                contents.touches[number] = SessionTouch(
                    session: touch.session, lastSeen: max(known.lastSeen, touch.lastSeen),
                    uses: known.uses &+ touch.uses)
            } else if contents.touches.count < Self.touchesMax {
                contents.touches[number] = touch
            } else {
                contents.dropped += 1
            }
        }
    }

    func touch(_ touch: KeyTouch) {
        contents.withLock { contents in
            let number = touch.key.number.rawValue
            if contents.keyTouches[number] != nil || contents.keyTouches.count < Self.touchesMax {
                contents.keyTouches[number] = touch
            } else {
                contents.dropped += 1
            }
        }
    }

    func record(_ event: AuditEvent) {
        contents.withLock { contents in
            if contents.events.count < Self.eventsMax {
                contents.events.append(event)
            } else {
                contents.dropped += 1
            }
        }
    }

    func propose(_ command: Command) {
        let deadline = runtime.clock.steady.advanced(milliseconds: Self.proposalMilliseconds)
        runtime.propose(command, deadline: deadline) { _ in
            // Nobody waits; what was refused is not worth trying again.
        }
    }

    /// What could not be kept.
    var dropped: UInt64 { contents.withLock { $0.dropped } }

    /// Proposes audit events that have gathered, and with `touches` a batch of touches: of sessions
    /// and of keys in turn, so that all uses together take one entry each time.
    func flush(touches flushTouches: Bool) {
        let (touches, events) = contents.withLock { contents in
            let touches = flushTouches ? contents.takeTouches(atMost: Self.touchBatch) : nil
            let events = Array(contents.events.prefix(Limits.auditBatch))
            contents.events.removeFirst(events.count)
            return (touches, events)
        }
        if let touches { propose(Command(touches, header: .ownNode)) }
        if !events.isEmpty {
            propose(Command(.recordAudit(.init(events: events)), header: .ownNode))
        }
    }
}

extension CommandHeader {
    /// Of what a node proposes by itself.
    static var ownNode: CommandHeader { CommandHeader(actor: .node) }
}
