import Budgets
import RaftCore
import RaftWire

/// What a message is, for telling one from the other in a picture.
enum MessageKind: Int, CaseIterable {
    case preVote, preVoteReply, vote, voteReply, append, appendReply, heartbeat, heartbeatReply
    case snapshot, timeoutNow, transferRefused, steppingDown
    case propose, proposalReplies, readIndex, readIndexReply
    case leaseAsk, leaseGrant, released, stateWanted
    case budgetClaims, budgetGrants, budgetLevels

    var name: String {
        switch self {
        case .preVote: "pre-vote"
        case .preVoteReply: "pre-vote reply"
        case .vote: "vote"
        case .voteReply: "vote reply"
        case .append: "append"
        case .appendReply: "append reply"
        case .heartbeat: "heartbeat"
        case .heartbeatReply: "heartbeat reply"
        case .snapshot: "snapshot offer"
        case .timeoutNow: "campaign now"
        case .transferRefused: "transfer refused"
        case .steppingDown: "stepping down"
        case .propose: "propose"
        case .proposalReplies: "proposal replies"
        case .readIndex: "read index"
        case .readIndexReply: "read index reply"
        case .leaseAsk: "lease asked"
        case .leaseGrant: "lease granted"
        case .released: "released"
        case .stateWanted: "state wanted"
        case .budgetClaims: "budget claims"
        case .budgetGrants: "budget grants"
        case .budgetLevels: "budget levels"
        }
    }

    init(_ message: PeerMessage) {
        self =
            switch message {
            case .raft(let message): Self(message.body)
            case .propose: .propose
            case .proposalReplies: .proposalReplies
            case .readIndex: .readIndex
            case .readIndexReply: .readIndexReply
            case .leaseAsk: .leaseAsk
            case .leaseGrant: .leaseGrant
            case .released: .released
            case .stateWanted: .stateWanted
            case .budgetClaims: .budgetClaims
            case .budgetGrants: .budgetGrants
            case .budgetLevels: .budgetLevels
            }
    }

    private init(_ body: Message.Body) {
        self =
            switch body {
            case .preVote: .preVote
            case .preVoteReply: .preVoteReply
            case .vote: .vote
            case .voteReply: .voteReply
            case .append: .append
            case .appendReply: .appendReply
            case .heartbeat: .heartbeat
            case .heartbeatReply: .heartbeatReply
            case .snapshot: .snapshot
            case .timeoutNow: .timeoutNow
            case .transferRefused: .transferRefused
            case .steppingDown: .steppingDown
            }
    }
}

extension PeerMessage {
    /// What it says, in a few words.
    var told: String {
        switch self {
        case .raft(let message): "term \(message.term.rawValue)" + message.body.told
        case .propose(let proposals): "\(proposals.count) proposals"
        case .proposalReplies(let replies):
            replies.map(\.told).joined(separator: "; ")
        case .readIndex(let request): "request \(request % 10_000)"
        case .readIndexReply(let request, let index):
            "request \(request % 10_000): " + (index.map { "index \($0.rawValue)" } ?? "not leader")
        case .leaseAsk(let ask):
            "applied \(ask.applied.rawValue)"
                + (ask.awaited > .zero ? ", waits for \(ask.awaited.rawValue)" : "")
        case .leaseGrant(let grant):
            "\(grant.durationNanoseconds / 1_000_000) ms, from \(grant.index.rawValue) on, "
                + "released \(grant.released.rawValue)"
        case .released(let index): "up to \(index.rawValue)"
        case .stateWanted(let index): "from \(index.rawValue) on"
        case .budgetClaims(let claims): "\(claims.claims.count) claims"
        case .budgetGrants(let answer): "\(answer.grants.count) grants"
        case .budgetLevels(let levels): "\(levels.count) levels"
        }
    }
}

extension Message.Body {
    fileprivate var told: String {
        switch self {
        case .preVote(let last): ", log ends at \(last.told)"
        case .preVoteReply(let granted), .voteReply(let granted): granted ? ", yes" : ", no"
        case .vote(let last, let isTransfer):
            ", log ends at \(last.told)" + (isTransfer ? ", by order of the leader" : "")
        case .append(let previous, let entries, let commit):
            ", behind \(previous.told): "
                + (entries.isEmpty ? "no entries" : Self.range(entries))
                + ", committed up to \(commit.rawValue)"
        case .appendReply(.accepted(let match)): ", durable up to \(match.rawValue)"
        case .appendReply(.rejected(let previous, let hint)):
            ", nothing like that at \(previous.rawValue); at most \(hint.told)"
        case .appendReply(.damaged(let previous, let hint)):
            ", damaged, perhaps before \(previous.rawValue); whole up to \(hint.told)"
        case .heartbeat(let commit, let sequence):
            ", committed up to \(commit.rawValue), round \(sequence)"
        case .heartbeatReply(let sequence): ", round \(sequence)"
        case .snapshot(let metadata): ", up to \(metadata.last.told)"
        case .timeoutNow(let last): ", if the log ends at \(last.told)"
        case .transferRefused, .steppingDown: ""
        }
    }

    private static func range(_ entries: [Entry]) -> String {
        guard let first = entries.first, let last = entries.last else { return "" }
        return entries.count == 1
            ? "entry \(first.index.rawValue)"
            : "entries \(first.index.rawValue)–\(last.index.rawValue)"
    }
}

extension EntryID {
    /// The index, and the term in brackets.
    fileprivate var told: String { "\(index.rawValue) (term \(term.rawValue))" }
}

extension ProposalReply {
    fileprivate var told: String {
        switch result {
        case .accepted(let entry): "accepted as \(entry.told)"
        case .refused(let refusal): "refused, \(refusal)"
        }
    }
}
