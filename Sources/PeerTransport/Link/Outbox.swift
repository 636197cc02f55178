internal import NIOCore
internal import RaftWire

/// Messages that wait for one peer, bounded by count and bytes.
///
/// When it is full the oldest message of the consensus goes first: it is the least useful one,
/// and Raft repeats itself. What the protocol above cannot repeat by itself is refused instead.
struct Outbox: Sendable {
    private struct Waiting: Sendable {
        let message: PeerMessage
        let bytes: Int
    }

    /// What became of a message.
    struct Verdict: Equatable, Sendable {
        /// Whether the message itself was taken.
        var isAccepted: Bool
        /// Older messages that were thrown away for it.
        var dropped: Int
        /// Nobody has been asked to drain yet.
        var needsDrain: Bool
    }

    private var waiting = CircularBuffer<Waiting>()
    private(set) var bytes = 0
    private var isDrainAsked = false
    private let countMax: Int
    private let bytesMax: Int
    /// Whether there is, or is about to be, a connection to drain into.
    var isOpen = false

    init(countMax: Int, bytesMax: Int) {
        precondition(countMax > 0 && bytesMax > 0, "\(countMax) messages, \(bytesMax) bytes")
        self.countMax = countMax
        self.bytesMax = bytesMax
    }

    var count: Int { waiting.count }

    /// Takes a message, at the cost of older ones if it must be.
    mutating func append(_ message: PeerMessage) -> Verdict {
        let size = message.approximateBytes
        guard isOpen, size <= bytesMax else {
            return Verdict(isAccepted: false, dropped: 0, needsDrain: false)
        }
        var dropped = 0
        while waiting.count >= countMax || bytes + size > bytesMax {
            guard dropOldestOfConsensus() else {
                return Verdict(isAccepted: false, dropped: dropped, needsDrain: false)
            }
            dropped += 1
        }
        waiting.append(Waiting(message: message, bytes: size))
        bytes += size
        defer { isDrainAsked = true }
        return Verdict(isAccepted: true, dropped: dropped, needsDrain: !isDrainAsked)
    }

    /// Takes out what a write of about `bytesWanted` holds, at least one message if there is one.
    /// With nothing left the next `append` asks for a drain again.
    mutating func take(bytesWanted: Int) -> [PeerMessage] {
        var taken: [PeerMessage] = []
        var takenBytes = 0
        while let next = waiting.first, taken.isEmpty || takenBytes + next.bytes <= bytesWanted {
            waiting.removeFirst()
            bytes -= next.bytes
            takenBytes += next.bytes
            taken.append(next.message)
        }
        if waiting.isEmpty { isDrainAsked = false }
        return taken
    }

    /// Forgets everything, and takes no more until it is opened.
    ///
    /// - Returns: how many messages were forgotten.
    mutating func close() -> Int {
        defer {
            waiting.removeAll()
            bytes = 0
            isDrainAsked = false
            isOpen = false
        }
        return waiting.count
    }

    private mutating func dropOldestOfConsensus() -> Bool {
        guard
            let position = waiting.firstIndex(where: {
                if case .raft = $0.message { true } else { false }
            })
        else { return false }
        bytes -= waiting[position].bytes
        waiting.remove(at: position)
        return true
    }
}
