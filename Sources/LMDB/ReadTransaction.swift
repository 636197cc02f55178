internal import Synchronization

/// A view of one commit, which no later commit changes. It ends when it is dropped.
///
/// While it lives, no page that it can see is used again, so the file grows under writers: keep it
/// for as long as one request takes.
public struct ReadTransaction: ~Copyable {
    private let environment: Environment
    private let reader: Reader

    init(environment: Environment, reader: Reader) {
        self.environment = environment
        self.reader = reader
    }

    deinit { environment.readers.giveBack(reader) }

    // The proof: the reader is this transaction's until deinit.
    var raw: RawTransaction { unsafe RawTransaction(handle: reader.handle, path: environment.path) }

    /// The number of the commit that is seen.
    public var id: UInt64 { reader.snapshot.load(ordering: .relaxed) }

    /// A copy of the value of `key`, or nil.
    public borrowing func get(
        _ database: Database, _ key: [UInt8]
    ) throws(LMDBError) -> [UInt8]? {
        try raw.get(database, key)
    }

    /// Calls `body` with the value of `key`, lent until `body` returns; nil without the key.
    public borrowing func withValue<R>(
        _ database: Database, _ key: [UInt8], _ body: (RawSpan) throws -> R
    ) throws -> R? {
        try raw.withValue(database, key, body)
    }

    /// Calls `body` with each key from `lower` (inclusive) until `upper` (exclusive; nil: the
    /// end), ascending, until it answers false. Keys and values are lent until it returns.
    public borrowing func scan(
        _ database: Database, from lower: [UInt8], upTo upper: [UInt8]?,
        _ body: (_ key: RawSpan, _ value: RawSpan) throws -> Bool
    ) throws {
        try raw.scan(database, from: lower, upTo: upper, body)
    }

    /// Calls `body` with each key below `upper` (exclusive; nil: from the end) down to `lower`
    /// (inclusive), descending, until it answers false.
    public borrowing func scanReverse(
        _ database: Database, below upper: [UInt8]?, downTo lower: [UInt8],
        _ body: (_ key: RawSpan, _ value: RawSpan) throws -> Bool
    ) throws {
        try raw.scanReverse(database, below: upper, downTo: lower, body)
    }

    /// Calls `body` with the last key before `key`, and with the first one behind it or `key`
    /// itself, as far as there are such, and with what lies under them.
    public borrowing func neighbours(
        _ database: Database, of key: [UInt8],
        _ body: (_ isBefore: Bool, _ key: RawSpan, _ value: RawSpan) throws -> Void
    ) throws {
        try raw.neighbours(database, of: key, body)
    }

    /// How many keys the tree has.
    public borrowing func count(_ database: Database) throws(LMDBError) -> Int {
        try raw.statistics(database).entries
    }
}
