import ByteCodec
import RaftCore

/// Reads the stamp out of an entry without decoding the rest.
enum ProposalStamp {
    // Behind version, node, run, counter and oldest pending counter; see `Proposal`.
    private static let offset = 33

    /// The stamp of a command's entry; nil for other entries, and for what is no proposal.
    static func read(from entry: Entry) -> Timestamp? {
        guard entry.kind == .command, entry.payload.count >= Proposal.headerBytes,
            entry.payload[0] == 1
        else { return nil }
        var value: UInt64 = 0
        for byte in (0..<8).reversed() {
            value = value << 8 | UInt64(entry.payload[offset + byte])
        }
        return Timestamp(rawValue: value)
    }
}
