import ByteCodec
public import RaftCore

extension Command {
    /// A cluster that has lost its quorum goes on from one survivor: nobody else is known any more.
    ///
    /// Written into the survivor's log by an operator's hand, never proposed by a node that runs,
    /// and without effect where anybody else is a member.
    public struct Recover: Hashable, Sendable {
        /// The node that goes on.
        public var survivor: NodeID
        /// Where its log ended before: what others had behind it is lost.
        public var last: EntryID
        public init(survivor: NodeID, last: EntryID) {
            self.survivor = survivor
            self.last = last
        }
    }
}

extension Command.Recover {
    func write(to writer: inout ByteWriter) {
        writer.write(survivor.rawValue)
        writer.write(last)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        survivor = NodeID(try reader.read())
        last = try reader.readEntryID()
    }
}

extension Execution {
    /// Forgets everybody but the survivor, and what was ordered.
    ///
    /// The part of the history that is lost may have given out numbers too, to nodes that still
    /// have certificates for them: so many numbers are left out that none of those is given out
    /// again, or taken for one that is to come.
    mutating func recover(_ body: Command.Recover) throws -> Outcome.Result {
        guard meta.configuration == ConfState(voters: [body.survivor]) else {
            return .refused(.invalid(.standing))
        }
        let next = try NodeNumbers.next(in: meta.configuration, tables)
        try NodeNumberRow(next: next + Limits.numbersLeftOut).put(tables)
        var forgotten: UInt64 = 0
        for row in try Listing.members(tables) where row.node != body.survivor {
            try forget(row.node)
            forgotten += 1
        }
        for plan in try Listing.plans(tables) { try plan.remove(tables) }
        for token in try Listing.joinTokens(tables) { try token.remove(tables) }
        note?.details.append(.count(forgotten))
        return .done
    }
}
