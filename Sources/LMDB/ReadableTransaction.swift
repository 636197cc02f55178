/// What can be read in a transaction, whether it only reads or writes too.
public protocol ReadableTransaction: ~Copyable {
    /// Calls `body` with the value of `key`, lent until `body` returns; nil without the key.
    borrowing func withValue<R>(
        _ database: Database, _ key: [UInt8], _ body: (RawSpan) throws -> R
    ) throws -> R?

    /// Calls `body` with each key from `lower` (inclusive) until `upper` (exclusive; nil: the
    /// end), ascending, until it answers false. Keys and values are lent until it returns.
    borrowing func scan(
        _ database: Database, from lower: [UInt8], upTo upper: [UInt8]?,
        _ body: (_ key: RawSpan, _ value: RawSpan) throws -> Bool
    ) throws

    /// Calls `body` with each key below `upper` (exclusive; nil: from the end) down to `lower`
    /// (inclusive), descending, until it answers false.
    borrowing func scanReverse(
        _ database: Database, below upper: [UInt8]?, downTo lower: [UInt8],
        _ body: (_ key: RawSpan, _ value: RawSpan) throws -> Bool
    ) throws

    /// Calls `body` with the last key before `key`, and with the first one behind it or `key`
    /// itself, as far as there are such, and with what lies under them.
    borrowing func neighbours(
        _ database: Database, of key: [UInt8],
        _ body: (_ isBefore: Bool, _ key: RawSpan, _ value: RawSpan) throws -> Void
    ) throws
}

extension ReadTransaction: ReadableTransaction {}

extension WriteTransaction: ReadableTransaction {}
