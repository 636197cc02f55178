/// A user's row, read once and handed on: with the bytes that it was read from, so that a later
/// view that stores the very same ones need not take them apart again.
public final class KnownUser: Sendable {
    public let row: UserRow
    /// As they are stored.
    private let value: [UInt8]

    /// A row that was read before.
    public convenience init(_ row: UserRow) { self.init(row, row.encodedRow) }

    private init(_ row: UserRow, _ value: [UInt8]) {
        self.row = row
        self.value = value
    }

    /// The user of this id, or nil.
    ///
    /// - Parameter known: what a view had for this id before, if anything did; the same object
    ///   comes back where the row is what it was then.
    public static func read(
        _ tenant: TenantID, _ id: UserID, known: KnownUser? = nil, _ reader: some TableReader
    ) throws -> KnownUser? {
        let key = UserRow.key(tenant, id)
        guard let value = try reader.get(.users, key) else { return nil }
        if let known, known.value == value, known.row.id == id, known.row.tenant == tenant {
            return known
        }
        return KnownUser(try UserRow(key: key, value: value), value)
    }
}
