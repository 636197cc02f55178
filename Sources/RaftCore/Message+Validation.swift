extension Message {
    /// Terms and indexes from outside must lie below, so that arithmetic on them cannot overflow.
    static let numberMax: UInt64 = 1 << 62

    /// Whether a well-behaved peer could have sent this: numbers that can be counted on from, and
    /// entries that follow one another. Anything else is dropped before it touches the state.
    var isPlausible: Bool {
        guard from != to, from != NodeID(0), term > .zero, term.rawValue < Self.numberMax else {
            return false
        }
        switch body {
        case .preVote(let last), .vote(let last, _), .timeoutNow(let last):
            // A log cannot hold entries of a term that is yet to come.
            return last.isPlausible && last.term <= term
        case .append(let previous, let entries, let commit):
            return previous.isPlausible && commit.rawValue < Self.numberMax
                && Self.follow(previous, entries, term: term)
        case .appendReply(.accepted(let match)):
            return match.rawValue < Self.numberMax
        case .appendReply(.rejected(let previous, let hint)),
            .appendReply(.damaged(let previous, let hint)):
            return previous.rawValue < Self.numberMax && hint.isPlausible
        case .heartbeat(let commit, _):
            return commit.rawValue < Self.numberMax
        case .snapshot(let metadata):
            return metadata.isPlausible && metadata.last.term <= term
        case .preVoteReply, .voteReply, .heartbeatReply, .transferRefused, .steppingDown:
            return true
        }
    }

    private static func follow(_ previous: EntryID, _ entries: [Entry], term: Term) -> Bool {
        var before = previous
        for entry in entries {
            guard entry.index == before.index.next, entry.term >= before.term else { return false }
            // A configuration that cannot be read cannot be put in force.
            if entry.kind == .configuration, entry.configuration == nil { return false }
            before = EntryID(index: entry.index, term: entry.term)
        }
        return before.term <= term
    }
}

extension SnapshotMetadata {
    /// Whether a peer's snapshot could stand here, with a cluster to be part of.
    var isPlausible: Bool { last.isPlausible && last.index > .zero && configuration.isValid }
}

extension EntryID {
    fileprivate var isPlausible: Bool {
        index.rawValue < Message.numberMax && term.rawValue < Message.numberMax
            && (index == .zero) == (term == .zero)
    }
}

extension Entry {
    /// The configuration that the entry holds; nil for another kind, or if it cannot be read.
    var configuration: ConfState? {
        guard kind == .configuration else { return nil }
        do {
            let read = try ConfState(decoding: payload)
            return read.isValid ? read : nil
        } catch {
            // What is wrong with it does not matter: who asks drops the whole message.
            return nil
        }
    }
}
