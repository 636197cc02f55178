/// A durable copy of a store's state, from which a peer is sent pieces.
///
/// Any thread may read. The copy is deleted when it is closed, or the last reference is gone.
public protocol SnapshotSource: AnyObject, Sendable {
    /// What the copy is.
    var manifest: SnapshotManifest { get }
    /// The bytes from `offset` on, at most `count`; fewer only at the end.
    ///
    /// - Precondition: `offset` is not behind the end.
    /// - Throws: `failed`.
    func read(offset: UInt64, count: Int) throws -> [UInt8]
    /// Deletes the copy; reading it afterwards throws.
    func close()
}

/// Where the pieces of a snapshot are put down until they are all there.
///
/// One thread at a time.
public protocol SnapshotSink: AnyObject, Sendable {
    /// What is being received.
    var manifest: SnapshotManifest { get }
    /// How many bytes are there: where the sender goes on after a broken connection.
    var receivedBytes: UInt64 { get }
    /// Puts bytes behind those that are there.
    ///
    /// - Throws: `misplaced` when they begin elsewhere or go beyond the announced size;
    ///   `notReceived` when the snapshot was given up for another; `failed`.
    func write(offset: UInt64, _ bytes: [UInt8]) throws
    /// Verifies that what was received is what was announced, and makes it durable. It can be
    /// installed afterwards.
    ///
    /// - Throws: `notReceived` when bytes are missing; `mismatch` when checksum, applied entry,
    ///   configuration or state hash differ: everything received is then thrown away.
    func finish() throws
}
