public import AuthCore
public import ByteCodec

/// Uses of sessions and keys on their way into the log: gathered in bounded memory, and handed out
/// in batches.
///
/// What must be told soonest goes first: the session whose idle end comes next. When there are more
/// than fit, those give way that can wait longest; they come again with their next use. So a
/// session that is used does not idle out, however many others are (security §3.4).
public struct UseGathering: Sendable {
    /// Sessions, and keys, of which uses are kept.
    public static let usesMax = 250_000
    /// From how many batches on sessions press: what takes three nodes 75 s that tell of everything
    /// else too.
    private static let pressingBatches = 10
    /// How often a batch is filled up where what was handed out can wait.
    private static let roundsMax = 4

    /// Numbers of sessions whose idle ends lie in one minute, in the order in which they came.
    private struct Due: Sendable {
        let minute: UInt64
        var numbers: [UInt64]
    }

    private let usesMax: Int
    private let batchMax: Int
    // Looked up, never iterated.
    private var sessions: [UInt64: SessionTouch] = [:]
    // By minute, none of them empty.
    private var due: [Due] = []
    private var keys: [UInt64: KeyTouch] = [:]
    /// The last key of the batch before.
    private var lastKey: UInt64 = 0
    /// Uses that were not kept.
    public private(set) var dropped: UInt64 = 0

    /// - Parameter batchMax: how many uses one entry tells of.
    public init(usesMax: Int = UseGathering.usesMax, batchMax: Int = Limits.touchBatch) {
        self.usesMax = usesMax
        self.batchMax = batchMax
    }

    /// How many sessions and keys wait.
    public var count: Int { sessions.count + keys.count }
    /// How much sessions want to be told of.
    public var sessionNeed: TellingTurns.Need {
        sessions.count >= Self.pressingBatches * batchMax ? .pressing : need(sessions.count)
    }
    /// How much keys want to be told of, which can wait without harm.
    public var keyNeed: TellingTurns.Need { need(keys.count) }

    private func need(_ count: Int) -> TellingTurns.Need {
        count == 0 ? .none : count < batchMax ? .patient : .full
    }

    /// Notes a use of a session that ends at `idleEnd` unless this is told.
    ///
    /// Complexity: O(1), and O(minutes in which sessions end) for the first one of a minute.
    public mutating func add(_ touch: SessionTouch, idleEnd: Timestamp) {
        let number = touch.session.number.rawValue
        if let place = sessions.index(forKey: number) {
            let known = sessions.values[place]
            sessions.values[place] = SessionTouch(
                session: touch.session, lastSeen: max(known.lastSeen, touch.lastSeen),
                uses: known.uses &+ touch.uses)
            return
        }
        let minute = idleEnd.rawValue / 60_000
        if sessions.count >= usesMax {
            dropped += 1
            guard let last = due.last, minute < last.minute else { return }
            dropLast()
        }
        sessions[number] = touch
        list(number, under: minute)
    }

    /// Notes a use of a key.
    public mutating func add(_ touch: KeyTouch) {
        let number = touch.key.number.rawValue
        if keys[number] != nil || keys.count < usesMax {
            keys[number] = touch
        } else {
            dropped += 1
        }
    }

    /// A use that was handed out, with the minute by which it had to be told when it was noted.
    public struct Pressing: Equatable, Sendable {
        public let touch: SessionTouch
        public let minute: UInt64
    }

    /// The next batch of keys as an operation, in the order of their rows; nil when there is none.
    ///
    /// It goes on behind the one before, or those with high numbers would never be told of where
    /// more are in use than fit.
    public mutating func keyBatch() -> Command.Operation? {
        let sorted = keys.keys.sorted()
        guard !sorted.isEmpty else { return nil }
        let begin = sorted.firstIndex { $0 > lastKey } ?? 0
        let numbers = (sorted[begin...] + sorted[..<begin]).prefix(batchMax)
        lastKey = numbers.last ?? 0
        return .touchKeys(
            .init(touches: numbers.sorted().compactMap { keys.removeValue(forKey: $0) }))
    }

    /// Hands out the sessions that press most.
    public mutating func takeSessions(atMost limit: Int) -> [Pressing] {
        var taken: [Pressing] = []
        while taken.count < limit, let first = due.first {
            let numbers = first.numbers.prefix(limit - taken.count)
            for number in numbers {
                guard let touch = sessions.removeValue(forKey: number) else {
                    preconditionFailure("session \(number) is listed and does not wait")
                }
                taken.append(Pressing(touch: touch, minute: first.minute))
            }
            due[0].numbers.removeFirst(numbers.count)
            if due[0].numbers.isEmpty { due.removeFirst() }
        }
        return taken
    }

    /// The next batch of sessions as an operation; nil when there is none.
    ///
    /// What another node has told of meanwhile can wait, and is handed back: all nodes together
    /// tell of a session once, not each of them.
    ///
    /// - Parameters:
    ///   - locked: gives access to the gathering, for as long as one call of its body.
    ///   - idleEnd: when a session ends as the state has it now, nil when it has ended.
    public static func sessionBatch(
        locked: (_ body: (inout UseGathering) -> [Pressing]) -> [Pressing],
        idleEnd: (SessionID) throws -> Timestamp?
    ) rethrows -> Command.Operation? {
        var batch: [SessionTouch] = []
        var early: [(touch: SessionTouch, idleEnd: Timestamp)] = []
        for _ in 0..<roundsMax where batch.count < Limits.touchBatch {
            let room = Limits.touchBatch - batch.count
            for use in locked({ $0.takeSessions(atMost: room) }) {
                guard let end = try idleEnd(use.touch.session) else { continue }
                if end.rawValue / 60_000 > use.minute {
                    early.append((use.touch, end))
                } else {
                    batch.append(use.touch)
                }
            }
        }
        // What there is room for need not wait.
        while batch.count < Limits.touchBatch, let last = early.popLast() {
            batch.append(last.touch)
        }
        if !early.isEmpty {
            _ = locked { uses in
                for use in early { uses.add(use.touch, idleEnd: use.idleEnd) }
                return []
            }
        }
        // In the order of the rows.
        return batch.isEmpty
            ? nil
            : .touchSessions(.init(touches: batch.sorted { $0.session.number < $1.session.number }))
    }

    private mutating func list(_ number: UInt64, under minute: UInt64) {
        var low = 0
        var high = due.count
        while low < high {
            let middle = (low + high) / 2
            if due[middle].minute < minute { low = middle + 1 } else { high = middle }
        }
        if low < due.count, due[low].minute == minute {
            due[low].numbers.append(number)
        } else {
            due.insert(Due(minute: minute, numbers: [number]), at: low)
        }
    }

    /// Gives up the one that can wait longest.
    private mutating func dropLast() {
        let last = due.count - 1
        sessions[due[last].numbers.removeLast()] = nil
        if due[last].numbers.isEmpty { due.removeLast() }
    }
}
