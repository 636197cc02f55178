public import ByteCodec
public import RaftCore

/// The bytes of what one core says to another.
///
/// Layout, little-endian: version 1 (1 byte), what it is (1), from (8), to (8), term (8), and what
/// `docs/formats/wire.md` lists for it.
extension Message {
    // The numbers are for ever.
    fileprivate enum Code: UInt8 {
        case preVote = 1
        case preVoteReply = 2
        case vote = 3
        case voteReply = 4
        case append = 5
        case appendAccepted = 6
        case appendRejected = 7
        case heartbeat = 8
        case heartbeatReply = 9
        case snapshot = 10
        case timeoutNow = 11
        case transferRefused = 12
        case steppingDown = 13
        case appendDamaged = 14
    }

    /// Appends the message.
    ///
    /// - Precondition: `from` and `to` are not 0, and the entries keep to `WireLimits`.
    public func encode(into writer: inout ByteWriter) {
        precondition(from != NodeID(0) && to != NodeID(0), "a message of or to nobody")
        writer.write(UInt8(1))
        writer.write(body.code.rawValue)
        writer.write(from.rawValue)
        writer.write(to.rawValue)
        writer.write(term.rawValue)
        body.encode(into: &writer)
    }

    /// Reads a message.
    ///
    /// - Throws: `ByteCodecError` for bytes that end early, an unknown version or body, numbers
    ///   over the limit, or entries that do not follow each other.
    public init(from reader: inout ByteReader) throws(ByteCodecError) {
        try reader.requireVersion(1, of: "message")
        let start = reader.offset
        let number: UInt8 = try reader.read()
        guard let code = Code(rawValue: number) else {
            throw .malformed(offset: start, what: "message \(number)")
        }
        let from = try reader.readNode()
        let to = try reader.readNode()
        let term = try reader.readTerm()
        let body = try Body(code, from: &reader)
        // A leader's log has no entry of a later term than its own.
        if case .append(_, let entries, _) = body, let last = entries.last, last.term > term {
            throw .malformed(offset: start, what: "entry of term \(last.term) in term \(term)")
        }
        self.init(from: from, to: to, term: term, body: body)
    }
}

extension Message.Body {
    fileprivate var code: Message.Code {
        switch self {
        case .preVote: .preVote
        case .preVoteReply: .preVoteReply
        case .vote: .vote
        case .voteReply: .voteReply
        case .append: .append
        case .appendReply(.accepted): .appendAccepted
        case .appendReply(.rejected): .appendRejected
        case .appendReply(.damaged): .appendDamaged
        case .heartbeat: .heartbeat
        case .heartbeatReply: .heartbeatReply
        case .snapshot: .snapshot
        case .timeoutNow: .timeoutNow
        case .transferRefused: .transferRefused
        case .steppingDown: .steppingDown
        }
    }

    fileprivate func encode(into writer: inout ByteWriter) {
        switch self {
        case .preVote(let last), .timeoutNow(let last):
            last.encode(into: &writer)
        case .preVoteReply(let granted), .voteReply(let granted):
            writer.write(granted)
        case .vote(let last, let isTransfer):
            last.encode(into: &writer)
            writer.write(isTransfer)
        case .append(let previous, let entries, let commit):
            precondition(entries.count <= WireLimits.entriesMax, "\(entries.count) entries")
            previous.encode(into: &writer)
            writer.write(commit.rawValue)
            writer.write(UInt32(entries.count))
            for entry in entries { entry.encode(into: &writer) }
        case .appendReply(.accepted(let match)):
            writer.write(match.rawValue)
        case .appendReply(.rejected(let previous, let hint)),
            .appendReply(.damaged(let previous, let hint)):
            writer.write(previous.rawValue)
            hint.encode(into: &writer)
        case .heartbeat(let commit, let sequence):
            writer.write(commit.rawValue)
            writer.write(sequence)
        case .heartbeatReply(let sequence):
            writer.write(sequence)
        case .snapshot(let metadata):
            metadata.encode(into: &writer)
        case .transferRefused, .steppingDown:
            break
        }
    }

    fileprivate init(
        _ code: Message.Code, from reader: inout ByteReader
    ) throws(ByteCodecError) {
        switch code {
        case .preVote: self = .preVote(last: try EntryID(from: &reader))
        case .preVoteReply: self = .preVoteReply(granted: try reader.readBool())
        case .vote:
            self = .vote(last: try EntryID(from: &reader), isTransfer: try reader.readBool())
        case .voteReply: self = .voteReply(granted: try reader.readBool())
        case .append: self = try Self.readAppend(from: &reader)
        case .appendAccepted:
            self = .appendReply(.accepted(match: try reader.readLogIndex()))
        case .appendRejected:
            self = .appendReply(
                .rejected(previous: try reader.readLogIndex(), hint: try EntryID(from: &reader)))
        case .appendDamaged:
            self = .appendReply(
                .damaged(previous: try reader.readLogIndex(), hint: try EntryID(from: &reader)))
        case .heartbeat:
            self = .heartbeat(commit: try reader.readLogIndex(), sequence: try reader.read())
        case .heartbeatReply: self = .heartbeatReply(sequence: try reader.read())
        case .snapshot: self = .snapshot(try SnapshotMetadata(from: &reader))
        case .timeoutNow: self = .timeoutNow(last: try EntryID(from: &reader))
        case .transferRefused: self = .transferRefused
        case .steppingDown: self = .steppingDown
        }
    }

    private static func readAppend(
        from reader: inout ByteReader
    ) throws(ByteCodecError) -> Message.Body {
        let previous = try EntryID(from: &reader)
        let commit = try reader.readLogIndex()
        let count = try reader.readCount(
            atMost: WireLimits.entriesMax, bytesEach: Entry.headerBytes)
        var entries: [Entry] = []
        entries.reserveCapacity(count)
        var last = previous
        for _ in 0..<count {
            let start = reader.offset
            let entry = try Entry(from: &reader)
            // The core counts on both (Raft §5.3): what does not follow is not an append.
            guard entry.index == last.index.next, entry.term >= last.term else {
                throw .malformed(offset: start, what: "entry \(entry.index) behind \(last)")
            }
            last = EntryID(index: entry.index, term: entry.term)
            entries.append(entry)
        }
        return .append(previous: previous, entries: entries, commit: commit)
    }
}
