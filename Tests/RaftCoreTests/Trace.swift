import RaftCore

/// One line for everything that a core says, short enough for a page and complete enough for a
/// review.
enum Trace {
    /// What a node wants done: messages are indented, and stand with `>` when they arrive.
    static func lines(_ id: NodeID, _ ready: Ready) -> [String] {
        var lines: [String] = []
        if let soft = ready.softState {
            lines.append(
                "\(id) \(soft.role) term=\(soft.term.rawValue) leader=\(name(soft.leader))")
        }
        if let configuration = ready.configuration {
            lines.append("\(id) configuration \(line(configuration))")
        }
        lines += ready.messages.map { "  \(line($0))" }
        if let write = ready.persist { lines.append("\(id) persist \(line(write))") }
        if let install = ready.install { lines.append("\(id) install \(line(install.last))") }
        if !ready.committed.isEmpty {
            lines.append("\(id) committed \(ready.committed.map(line).joined(separator: " "))")
        }
        lines += ready.readStates.map { "\(id) read \($0.context) at \($0.index.rawValue)" }
        lines += ready.droppedReads.map { "\(id) read \($0) dropped" }
        lines += ready.snapshotsToSend.map { "\(id) snapshot wanted for \($0)" }
        return lines
    }

    static func line(_ message: Message) -> String {
        "\(message.from)->\(message.to) t\(message.term.rawValue) \(line(message.body))"
    }

    static func line(_ body: Message.Body) -> String {
        switch body {
        case .preVote(let last): "preVote last=\(line(last))"
        case .preVoteReply(let granted): "preVoteReply \(granted ? "granted" : "refused")"
        case .vote(let last, let isTransfer):
            "vote last=\(line(last))\(isTransfer ? " transfer" : "")"
        case .voteReply(let granted): "voteReply \(granted ? "granted" : "refused")"
        case .append(let previous, let entries, let commit):
            "append behind=\(line(previous)) [\(entries.map(line).joined(separator: " "))]"
                + " commit=\(commit.rawValue)"
        case .appendReply(.accepted(let match)): "accepted match=\(match.rawValue)"
        case .appendReply(.rejected(let previous, let hint)):
            "rejected behind=\(previous.rawValue) hint=\(line(hint))"
        case .appendReply(.damaged(let previous, let hint)):
            "damaged behind=\(previous.rawValue) hint=\(line(hint))"
        case .heartbeat(let commit, let sequence):
            "heartbeat commit=\(commit.rawValue) round=\(sequence)"
        case .heartbeatReply(let sequence): "heartbeatReply round=\(sequence)"
        case .snapshot(let metadata): "snapshot \(line(metadata.last))"
        case .timeoutNow(let last): "timeoutNow last=\(line(last))"
        case .transferRefused: "transferRefused"
        case .steppingDown: "steppingDown"
        }
    }

    /// Index and term.
    static func line(_ id: EntryID) -> String { "\(id.index.rawValue)/\(id.term.rawValue)" }

    static func line(_ entry: Entry) -> String {
        let id = "\(entry.index.rawValue)/\(entry.term.rawValue)"
        switch entry.kind {
        case .command: return "\(id):\(String(decoding: entry.payload, as: UTF8.self))"
        case .configuration: return "\(id):configuration"
        case .empty: return id
        }
    }

    static func line(_ write: PersistRequest) -> String {
        var words = ["#\(write.token.sequence)", "generation=\(write.token.generation)"]
        if let state = write.hardState {
            words.append(
                "term=\(state.term.rawValue) vote=\(name(state.vote))"
                    + " commit=\(state.commit.rawValue)")
        }
        if !write.entries.isEmpty {
            words.append("[\(write.entries.map(line).joined(separator: " "))]")
        }
        return words.joined(separator: " ")
    }

    static func line(_ configuration: ConfState) -> String {
        func list(_ nodes: [NodeID]) -> String { nodes.map(\.description).joined(separator: ",") }
        var words = ["voters=\(list(configuration.voters))"]
        if configuration.isJoint { words.append("outgoing=\(list(configuration.votersOutgoing))") }
        if !configuration.learners.isEmpty {
            words.append("learners=\(list(configuration.learners))")
        }
        if !configuration.learnersNext.isEmpty {
            words.append("learnersNext=\(list(configuration.learnersNext))")
        }
        if !configuration.learnersOutgoing.isEmpty {
            words.append("learnersOutgoing=\(list(configuration.learnersOutgoing))")
        }
        return words.joined(separator: " ")
    }

    static func name(_ node: NodeID?) -> String { node?.description ?? "-" }
}
