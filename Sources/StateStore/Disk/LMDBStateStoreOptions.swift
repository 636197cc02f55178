internal import LMDB

/// How the store on the disk is opened.
public struct LMDBStateStoreOptions: Sendable {
    /// The most that the state can take, in bytes of address space; set once and large.
    public var mapSizeBytes = 64 << 30
    /// How many views there can be at once.
    public var maxReaders = 1024
    /// By how much the file grows ahead, in bytes; 0: as it must.
    public var growthStepBytes = 64 << 20
    /// What is kept free ahead, in bytes.
    public var growthReserveBytes = 64 << 20
    /// By how much the file may grow between two syncs, in bytes: half of what is kept free ahead.
    public var unsyncedBytesMax = 32 << 20
    /// Up to how much of the map the state may fill before the store calls itself short of space.
    public var mapFillPercentMax = 95

    /// Whether the whole state is read and checked before it is opened.
    public var checksWhenOpened = true

    // What a test wants to know of, or let fail.
    var beforeFileCall: @Sendable (StoreStep) throws -> Void = { _ in }

    public init() {}

    var environment: EnvironmentOptions {
        EnvironmentOptions(
            mapSizeBytes: mapSizeBytes, maxReaders: maxReaders, growthStepBytes: growthStepBytes,
            growthReserveBytes: growthReserveBytes)
    }
}
