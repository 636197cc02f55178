import ByteCodec
import RaftCore

/// Reads single fields out of an entry without decoding the rest; see `Proposal`.
enum ProposalFields {
    // Behind version, narrowing, node, run, counter and oldest pending counter.
    private static let stampOffset = 34
    private static let narrowingOffset = 1

    /// The stamp of a command's entry; nil for other entries, and for what is no proposal.
    static func stamp(of entry: Entry) -> Timestamp? {
        guard isProposal(entry) else { return nil }
        var value: UInt64 = 0
        for byte in (0..<8).reversed() {
            value = value << 8 | UInt64(entry.payload[stampOffset + byte])
        }
        return Timestamp(rawValue: value)
    }

    /// Whether the entry may take access away from anybody.
    static func isNarrowing(_ entry: Entry) -> Bool {
        // What cannot be read has no effect when it is applied.
        isProposal(entry) && entry.payload[narrowingOffset] != 0
    }

    private static func isProposal(_ entry: Entry) -> Bool {
        entry.kind == .command && entry.payload.count >= Proposal.headerBytes
            && entry.payload[0] == 1
    }
}
