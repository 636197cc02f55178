/// What a decoder takes at most. A peer or a disk that says more is refused.
public enum WireLimits {
    /// The payload of one entry: the core's limit of 1 MiB, and room for the limit to be raised.
    public static let entryPayloadBytesMax = 2 << 20
    /// Entries in one append, likewise.
    public static let entriesMax = 4096
    /// Proposals, or replies to them, in one message.
    public static let proposalsMax = 4096
    /// One whole message; a frame of the transport holds 4 MiB.
    public static let messageBytesMax = (4 << 20) - 1024
    /// Indexes and terms, so that counting on from one cannot overflow.
    public static let counterMax: UInt64 = 1 << 62
}
