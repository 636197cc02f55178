import RaftCore
import RaftWire

/// What a picture is drawn from: who was what when, who said what to whom, what went wrong, and
/// what clients saw of it.
///
/// States of nodes and events worth telling are kept for the whole run; messages and operations,
/// of which there are many more, for a window of it. Everything is bounded, and says when it was.
final class Recording {
    /// What a node is.
    enum State: Int, CaseIterable {
        case follower, preCandidate, candidate, leader, down, paused

        var name: String {
            switch self {
            case .follower: "follower"
            case .preCandidate: "pre-candidate"
            case .candidate: "candidate"
            case .leader: "leader"
            case .down: "down"
            case .paused: "paused"
            }
        }

        init(_ role: Role) {
            switch role {
            case .follower: self = .follower
            case .preCandidate: self = .preCandidate
            case .candidate: self = .candidate
            case .leader: self = .leader
            }
        }
    }

    /// A node becomes something.
    struct Change {
        let time: UInt64
        let node: Int
        let state: State
        let term: UInt64
    }

    /// What became of a message.
    enum Fate: Int, CaseIterable {
        case underWay, arrived, lost, stuck, dropped

        var name: String {
            switch self {
            case .underWay: "still under way"
            case .arrived: "arrived"
            case .lost: "lost on the way"
            case .stuck: "stuck at a cut"
            case .dropped: "nobody was there to take it"
            }
        }
    }

    struct Sent {
        let time: UInt64
        let from: Int
        let to: Int
        let kind: MessageKind
        let text: String
        var end: UInt64
        var fate: Fate
    }

    /// How an operation of a client ended.
    enum Result: Int, CaseIterable {
        case pending, done, unknown, refused

        var name: String {
            switch self {
            case .pending: "still waiting"
            case .done: "done"
            case .unknown: "outcome unknown"
            case .refused: "refused"
            }
        }
    }

    struct Operation {
        let client: Int
        let node: Int
        let begin: UInt64
        let what: String
        var end: UInt64
        var result: Result
    }

    /// What kind of event is worth telling.
    enum Kind: Int, CaseIterable {
        case role, process, fault, network, disk, clock, snapshot, violation

        var name: String {
            switch self {
            case .role: "elections"
            case .process: "processes"
            case .fault: "faults"
            case .network: "network"
            case .disk: "disks"
            case .clock: "clocks"
            case .snapshot: "snapshots"
            case .violation: "broken promises"
            }
        }
    }

    /// An event worth telling; with an end if it lasted.
    struct Mark {
        let time: UInt64
        let node: Int?
        let kind: Kind
        let text: String
        var end: UInt64?
    }

    /// The state of a node's log.
    struct Commit {
        let time: UInt64
        let node: Int
        let index: UInt64
    }

    static let messagesMax = 60_000
    static let operationsMax = 20_000
    static let changesMax = 100_000
    static let marksMax = 5_000
    static let commitsMax = 20_000

    /// Microseconds of which messages, operations and commits are kept.
    let window: ClosedRange<UInt64>
    private(set) var changes: [Change] = []
    private(set) var messages: [Sent] = []
    private(set) var operations: [Operation] = []
    private(set) var marks: [Mark] = []
    private(set) var commits: [Commit] = []
    /// Whether a limit was reached, and the rest left out.
    private(set) var isCut = false

    init(window: ClosedRange<UInt64>) { self.window = window }

    // MARK: Nodes

    func became(_ state: State, _ node: Int, term: UInt64, at time: UInt64) {
        guard hasRoom(changes.count, Self.changesMax) else { return }
        changes.append(Change(time: time, node: node, state: state, term: term))
    }

    /// - Parameter end: when it is over, if it lasts and that is known.
    func mark(_ kind: Kind, _ node: Int?, _ text: String, at time: UInt64, until end: UInt64?) {
        guard hasRoom(marks.count, Self.marksMax) else { return }
        marks.append(Mark(time: time, node: node, kind: kind, text: text, end: end))
    }

    func committed(_ index: UInt64, _ node: Int, at time: UInt64) {
        guard window.contains(time), hasRoom(commits.count, Self.commitsMax) else { return }
        commits.append(Commit(time: time, node: node, index: index))
    }

    // MARK: Messages

    /// Returns a number by which to tell what became of it; nil if it is not kept.
    func sent(
        _ message: PeerMessage, _ from: Int, _ to: Int, at time: UInt64
    ) -> Int? {
        guard window.contains(time), hasRoom(messages.count, Self.messagesMax) else { return nil }
        messages.append(
            Sent(
                time: time, from: from, to: to, kind: MessageKind(message),
                text: message.told, end: time, fate: .underWay))
        return messages.count - 1
    }

    func ended(_ message: Int?, _ fate: Fate, at time: UInt64) {
        guard let message else { return }
        messages[message].fate = fate
        messages[message].end = time
    }

    // MARK: Clients

    func asked(_ client: Int, _ node: Int, _ what: String, at time: UInt64) -> Int? {
        guard window.contains(time), hasRoom(operations.count, Self.operationsMax) else {
            return nil
        }
        operations.append(
            Operation(
                client: client, node: node, begin: time, what: what, end: time, result: .pending))
        return operations.count - 1
    }

    func answered(_ operation: Int?, _ result: Result, at time: UInt64) {
        guard let operation else { return }
        operations[operation].result = result
        operations[operation].end = time
    }

    /// Ends what has no end, at the end of the run.
    func finish(at time: UInt64) {
        for position in messages.indices where messages[position].fate == .underWay {
            messages[position].end = time
        }
        for position in operations.indices where operations[position].result == .pending {
            operations[position].end = time
        }
    }

    private func hasRoom(_ count: Int, _ limit: Int) -> Bool {
        if count >= limit { isCut = true }
        return count < limit
    }
}
