/// How an environment is opened. Sizes are in bytes.
public struct EnvironmentOptions: Sendable {
    /// The size of the map, set once: address space, not memory or disk. A file that reaches it
    /// answers `mapFull`.
    public var mapSizeBytes: Int
    /// How many read transactions there can be at once.
    public var maxReaders: Int
    /// How many read transactions are kept open for the next reader when idle.
    public var maxIdleReaders: Int
    /// The file grows ahead of its last page by this much at a time; 0: it grows as it must.
    public var growthStepBytes: Int
    /// The file grows by another step when less than this lies behind its last page.
    public var growthReserveBytes: Int
    /// What one transaction adds at most to a step, so that none waits for the whole of it.
    public var growthSliceBytes: Int
    /// Whether nothing may be written: no lock file is used, and nobody else may write either.
    public var isReadOnly: Bool
    /// A steady clock in nanoseconds, for the age of readers.
    public var steadyNanoseconds: @Sendable () -> UInt64

    // Writes zeros at an offset and answers 0 or an errno; replaced in tests that fill a disk.
    var writeZeros: @Sendable (_ descriptor: Int32, _ offset: Int, _ count: Int) -> Int32

    public init(
        mapSizeBytes: Int = 64 << 30,
        maxReaders: Int = 1024,
        maxIdleReaders: Int = 64,
        growthStepBytes: Int = 64 << 20,
        growthReserveBytes: Int = 64 << 20,
        growthSliceBytes: Int = 4 << 20,
        isReadOnly: Bool = false,
        steadyNanoseconds: @escaping @Sendable () -> UInt64 = SystemCalls.steadyNanoseconds
    ) {
        precondition(mapSizeBytes >= 1 << 20, "map of \(mapSizeBytes) bytes")
        precondition(maxReaders > 0 && maxIdleReaders >= 0, "\(maxReaders) readers")
        precondition(growthStepBytes >= 0 && growthReserveBytes >= 0, "negative growth")
        precondition(growthStepBytes == 0 || growthSliceBytes > 0, "growth in empty slices")
        self.mapSizeBytes = mapSizeBytes
        self.maxReaders = maxReaders
        self.maxIdleReaders = maxIdleReaders
        self.growthStepBytes = growthStepBytes
        self.growthReserveBytes = growthReserveBytes
        self.growthSliceBytes = growthSliceBytes
        self.isReadOnly = isReadOnly
        self.steadyNanoseconds = steadyNanoseconds
        writeZeros = SystemCalls.writeZeros
    }
}
