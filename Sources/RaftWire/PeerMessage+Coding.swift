internal import Budgets
public import ByteCodec
public import RaftCore

/// The bytes of a peer message: the body of a frame of the transport.
///
/// Layout, little-endian: version 1 (1 byte), what it is (1), and what `docs/formats/wire.md`
/// lists for it.
extension PeerMessage {
    // The numbers are for ever.
    private enum Code: UInt8 {
        case raft = 1
        case propose = 2
        case proposalReplies = 3
        case readIndex = 4
        case readIndexReply = 5
        case leaseAsk = 6
        case leaseGrant = 7
        case released = 8
        case stateWanted = 20
        case budgetClaims = 30
        case budgetGrants = 31
        case budgetLevels = 32
    }

    /// The bytes of the message.
    ///
    /// - Precondition: its parts keep to `WireLimits`; so must their sum, or the other side
    ///   refuses it.
    public func encoded() -> [UInt8] {
        var writer = ByteWriter(capacity: 64)
        writer.write(UInt8(1))
        switch self {
        case .raft(let message):
            writer.write(Code.raft.rawValue)
            message.encode(into: &writer)
        case .propose(let proposals):
            precondition(proposals.count <= WireLimits.proposalsMax, "\(proposals.count)")
            writer.write(Code.propose.rawValue)
            writer.write(UInt32(proposals.count))
            for proposal in proposals { proposal.encode(into: &writer) }
        case .proposalReplies(let replies):
            precondition(replies.count <= WireLimits.proposalsMax, "\(replies.count)")
            writer.write(Code.proposalReplies.rawValue)
            writer.write(UInt32(replies.count))
            for reply in replies { reply.encode(into: &writer) }
        case .readIndex(let request):
            writer.write(Code.readIndex.rawValue)
            writer.write(request)
        case .readIndexReply(let request, let index):
            writer.write(Code.readIndexReply.rawValue)
            writer.write(request)
            writer.write(index != nil)
            writer.write(index?.rawValue ?? 0)
        case .leaseAsk(let ask):
            writer.write(Code.leaseAsk.rawValue)
            ask.encode(into: &writer)
        case .leaseGrant(let grant):
            writer.write(Code.leaseGrant.rawValue)
            grant.encode(into: &writer)
        case .released(let index):
            writer.write(Code.released.rawValue)
            writer.write(index.rawValue)
        case .stateWanted(let index):
            writer.write(Code.stateWanted.rawValue)
            writer.write(index.rawValue)
        case .budgetClaims(let claims):
            writer.write(Code.budgetClaims.rawValue)
            claims.encode(into: &writer)
        case .budgetGrants(let grants):
            writer.write(Code.budgetGrants.rawValue)
            grants.encode(into: &writer)
        case .budgetLevels(let levels):
            precondition(levels.count <= BudgetClaims.countMax, "\(levels.count) levels")
            writer.write(Code.budgetLevels.rawValue)
            writer.write(UInt32(levels.count))
            for level in levels { level.encode(into: &writer) }
        }
        return writer.bytes
    }

    /// Reads a message.
    ///
    /// - Throws: `ByteCodecError` for bytes that end early or are left over, an unknown version,
    ///   message or part of one, and everything over `WireLimits`.
    public init(decoding bytes: [UInt8]) throws(ByteCodecError) {
        guard bytes.count <= WireLimits.messageBytesMax else {
            throw .malformed(offset: 0, what: "message of \(bytes.count) bytes")
        }
        var reader = ByteReader(bytes)
        try reader.requireVersion(1, of: "peer message")
        let number: UInt8 = try reader.read()
        guard let code = Code(rawValue: number) else {
            throw .malformed(offset: 1, what: "peer message \(number)")
        }
        switch code {
        case .raft: self = .raft(try Message(from: &reader))
        case .propose:
            var proposals: [ForwardedProposal] = []
            for _
                in 0..<(try reader.readCount(
                    atMost: WireLimits.proposalsMax, bytesEach: ForwardedProposal.headerBytes))
            { proposals.append(try ForwardedProposal(from: &reader)) }
            self = .propose(proposals)
        case .proposalReplies:
            var replies: [ProposalReply] = []
            for _
                in 0..<(try reader.readCount(
                    atMost: WireLimits.proposalsMax, bytesEach: ProposalReply.bytesMin))
            { replies.append(try ProposalReply(from: &reader)) }
            self = .proposalReplies(replies)
        case .readIndex: self = .readIndex(request: try reader.read())
        case .readIndexReply:
            let request: UInt64 = try reader.read()
            let isConfirmed = try reader.readBool()
            let index = try reader.readLogIndex()
            guard isConfirmed || index == .zero else {
                throw .malformed(offset: reader.offset - 8, what: "an index of no read")
            }
            self = .readIndexReply(request: request, index: isConfirmed ? index : nil)
        case .leaseAsk: self = .leaseAsk(try LeaseAsk(from: &reader))
        case .leaseGrant: self = .leaseGrant(try LeaseGrant(from: &reader))
        case .released: self = .released(upTo: try reader.readLogIndex())
        case .stateWanted: self = .stateWanted(atLeast: try reader.readLogIndex())
        case .budgetClaims: self = .budgetClaims(try BudgetClaims(from: &reader))
        case .budgetGrants: self = .budgetGrants(try BudgetGrants(from: &reader))
        case .budgetLevels:
            var levels: [BudgetLevel] = []
            for _
                in 0..<(try reader.readCount(
                    atMost: BudgetClaims.countMax, bytesEach: BudgetLevel.encodedBytes))
            { levels.append(try BudgetLevel(from: &reader)) }
            self = .budgetLevels(levels)
        }
        try reader.finish()
    }
}

extension ProposalID {
    /// Appends node, run and counter, 8 bytes each.
    public func encode(into writer: inout ByteWriter) {
        precondition(node != NodeID(0), "a proposal of nobody")
        writer.write(node.rawValue)
        writer.write(run)
        writer.write(counter)
    }

    /// Reads an identifier.
    ///
    /// - Throws: `ByteCodecError` for bytes that end early, or node 0.
    public init(from reader: inout ByteReader) throws(ByteCodecError) {
        self.init(node: try reader.readNode(), run: try reader.read(), counter: try reader.read())
    }
}

extension ForwardedProposal {
    /// What a proposal takes beside its command.
    public static let headerBytes = 37

    /// What `encode` appends.
    public var encodedBytes: Int { Self.headerBytes + command.count }

    func encode(into writer: inout ByteWriter) {
        precondition(command.count <= WireLimits.entryPayloadBytesMax, "\(command.count) bytes")
        id.encode(into: &writer)
        writer.write(oldestPending)
        writer.write(isNarrowing)
        writer.write(lengthPrefixed: command)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        self.init(
            id: try ProposalID(from: &reader), oldestPending: try reader.read(),
            isNarrowing: try reader.readBool(),
            command: try reader.readLengthPrefixed(atMost: WireLimits.entryPayloadBytesMax))
    }
}

extension ProposalReply {
    // The numbers are for ever.
    private enum Code: UInt8 {
        case accepted = 0
        case notLeader = 1
        case transferring = 2
        case tooManyUncommittedBytes = 3
        case entryTooLarge = 4
        case storageFull = 5
    }

    /// An identifier and a code.
    static let bytesMin = 25

    func encode(into writer: inout ByteWriter) {
        id.encode(into: &writer)
        switch result {
        case .accepted(let entry):
            writer.write(Code.accepted.rawValue)
            entry.encode(into: &writer)
        case .refused(.notLeader(let leader)):
            writer.write(Code.notLeader.rawValue)
            writer.write(optional: leader)
        case .refused(.transferring): writer.write(Code.transferring.rawValue)
        case .refused(.tooManyUncommittedBytes):
            writer.write(Code.tooManyUncommittedBytes.rawValue)
        case .refused(.entryTooLarge(let limitBytes)):
            writer.write(Code.entryTooLarge.rawValue)
            writer.write(UInt32(limitBytes))
        case .refused(.storageFull): writer.write(Code.storageFull.rawValue)
        }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        let id = try ProposalID(from: &reader)
        let start = reader.offset
        let number: UInt8 = try reader.read()
        guard let code = Code(rawValue: number) else {
            throw .malformed(offset: start, what: "proposal reply \(number)")
        }
        let result: Result
        switch code {
        case .accepted: result = .accepted(try EntryID(from: &reader))
        case .notLeader:
            result = .refused(.notLeader(leader: try reader.readOptionalNode()))
        case .transferring: result = .refused(.transferring)
        case .tooManyUncommittedBytes: result = .refused(.tooManyUncommittedBytes)
        case .entryTooLarge:
            let limit: UInt32 = try reader.read()
            result = .refused(.entryTooLarge(limitBytes: Int(limit)))
        case .storageFull: result = .refused(.storageFull)
        }
        self.init(id: id, result: result)
    }
}
