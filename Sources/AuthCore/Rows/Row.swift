import ByteCodec
import RaftCore

/// A value of one table that holds its own key, so that a row under a wrong key is noticed.
protocol Row {
    /// The table that holds such rows.
    static var table: Table { get }
    /// The key of this row.
    var key: [UInt8] { get }
    /// Appends the value: a version byte and the fields, as `docs/formats/rows.md` says.
    func write(to writer: inout ByteWriter)
    /// Reads what `write` wrote.
    init(from reader: inout ByteReader) throws(ByteCodecError)
    /// Whether this is where the row belongs.
    func belongs(under key: [UInt8]) -> Bool
}

extension Row {
    func belongs(under key: [UInt8]) -> Bool { self.key == key }

    /// The whole value.
    var encodedRow: [UInt8] {
        var writer = ByteWriter(capacity: 256)
        write(to: &writer)
        return writer.bytes
    }

    /// Reads a value that holds nothing else.
    init(decodingRow value: [UInt8]) throws(ByteCodecError) {
        var reader = ByteReader(value)
        try self.init(from: &reader)
        try reader.finish()
    }

    /// Reads a value found under `key`.
    ///
    /// - Throws: `StateDamage` when it cannot be read or belongs under another key.
    init(key: [UInt8], value: [UInt8]) throws {
        do {
            try self.init(decodingRow: value)
        } catch {
            throw StateDamage(table: Self.table, key: key, what: "\(error)")
        }
        guard belongs(under: key) else {
            throw StateDamage(table: Self.table, key: key, what: "row of another key")
        }
    }

    /// The row under `key`, or nil.
    static func row(_ key: [UInt8], _ reader: some TableReader) throws -> Self? {
        guard let value = try reader.get(table, key) else { return nil }
        return try Self(key: key, value: value)
    }

    /// Puts the row in its place.
    func put(_ tables: some TableWriter) throws { try tables.put(Self.table, key, encodedRow) }

    /// Removes the row from its place.
    func remove(_ tables: some TableWriter) throws { try tables.delete(Self.table, key) }
}

/// Spells keys.
enum Key {
    /// A number, most significant byte first.
    static func of(_ number: UInt64) -> [UInt8] {
        var writer = ByteWriter(capacity: 8)
        writer.write(bigEndian: number)
        return writer.bytes
    }

    /// Whether a key is this number, most significant byte first.
    static func spells(_ number: UInt64, _ key: [UInt8]) -> Bool {
        key.count == 8 && key.reduce(0) { $0 << 8 | UInt64($1) } == number
    }

    /// Two numbers, most significant bytes first.
    static func of(_ first: UInt64, _ second: UInt64) -> [UInt8] {
        var writer = ByteWriter(capacity: 16)
        writer.write(bigEndian: first)
        writer.write(bigEndian: second)
        return writer.bytes
    }

    /// A tenant, and what follows it.
    static func of(_ tenant: TenantID, _ rest: [UInt8] = []) -> [UInt8] { tenant.bytes + rest }

    /// A tenant, and what it has under an id.
    static func of(_ tenant: TenantID, _ id: some ObjectID) -> [UInt8] {
        var writer = ByteWriter(capacity: 32)
        writer.write(tenant)
        writer.write(id)
        return writer.bytes
    }

    /// The least key behind every key that begins with `prefix`; nil when there is none.
    static func behind(prefix: [UInt8]) -> [UInt8]? {
        var end = prefix
        while let last = end.last {
            if last < 0xFF {
                end[end.count - 1] = last + 1
                return end
            }
            end.removeLast()
        }
        return nil
    }

    /// The least key behind `key`.
    static func after(_ key: [UInt8]) -> [UInt8] { key + [0] }
}

extension ByteWriter {
    /// Text behind its 32-bit length.
    mutating func write(_ text: Text) { write(lengthPrefixed: text.utf8) }
    /// An id as 16 bytes.
    mutating func write(_ id: some ObjectID) { write(bigEndian: id.bits) }
    /// Milliseconds as 64 bits.
    mutating func write(_ time: Timestamp) { write(time.rawValue) }
    /// A place in the log as index and term, 64 bits each.
    mutating func write(_ entry: EntryID) {
        write(entry.index.rawValue)
        write(entry.term.rawValue)
    }
    /// A digest as 32 bytes.
    mutating func write(_ digest: Digest256) { write(raw: digest.bytes) }
    /// A name behind its 32-bit length.
    mutating func write(_ name: UserName) { write(lengthPrefixed: name.bytes) }
    /// A name behind its 32-bit length.
    mutating func write(_ name: RoleName) { write(lengthPrefixed: name.bytes) }
    /// A path behind its 32-bit length.
    mutating func write(_ path: SecretPath) { write(lengthPrefixed: path.bytes) }
    /// A permission behind its 32-bit length.
    mutating func write(_ permission: Permission) { write(lengthPrefixed: permission.bytes) }
    /// The number of bits of a range, and the bytes of its first address behind their length.
    mutating func write(_ range: AddressRange) {
        write(UInt8(range.prefixBits))
        write(lengthPrefixed: range.network.bytes)
    }
    /// A 32-bit term, and the bytes behind their 32-bit length.
    mutating func write(_ blob: SealedBlob) {
        write(blob.term)
        write(lengthPrefixed: blob.bytes)
    }
    /// A 32-bit key id, and the PHC string behind its 32-bit length.
    mutating func write(_ password: PasswordHash) {
        write(password.pepperKeyID)
        write(password.phc)
    }
    /// A truth value, and the field when there is one.
    mutating func write<Field>(
        optional field: Field?, _ body: (inout ByteWriter, Field) -> Void
    ) {
        write(field != nil)
        if let field { body(&self, field) }
    }
    /// A 16-bit count and the items.
    mutating func write<Item>(list: [Item], _ body: (inout ByteWriter, Item) -> Void) {
        write(UInt16(list.count))
        for item in list { body(&self, item) }
    }
}

extension ByteReader {
    /// Reads a version byte.
    mutating func readVersion(_ expected: UInt8, of what: String) throws(ByteCodecError) {
        let version: UInt8 = try read()
        guard version == expected else {
            throw .malformed(offset: offset - 1, what: "\(what) of version \(version)")
        }
    }

    /// Reads a version byte of several that there are.
    mutating func readVersion(
        _ known: ClosedRange<UInt8>, of what: String
    ) throws(ByteCodecError) -> UInt8 {
        let version: UInt8 = try read()
        guard known.contains(version) else {
            throw .malformed(offset: offset - 1, what: "\(what) of version \(version)")
        }
        return version
    }

    /// Reads the quota that stands in rows of some version and later ones, where it is never empty.
    mutating func readQuota(since first: UInt8, _ version: UInt8) throws(ByteCodecError) -> Text {
        guard version >= first else { return .empty }
        let quota = try readText(atMost: Limits.shortTextBytes)
        guard !quota.isEmpty else { throw .malformed(offset: offset, what: "empty quota") }
        return quota
    }

    /// Reads text of at most `maximum` bytes.
    mutating func readText(atMost maximum: Int) throws(ByteCodecError) -> Text {
        try parsed("text", try readLengthPrefixed(atMost: maximum), Text.init(utf8:))
    }

    /// Reads the 16 bytes of an id.
    mutating func readID<ID: ObjectID>(_ type: ID.Type = ID.self) throws(ByteCodecError) -> ID {
        ID(bits: try read(bigEndian: UInt128.self))
    }

    /// Reads 64 bits of milliseconds.
    mutating func readTime() throws(ByteCodecError) -> Timestamp { Timestamp(rawValue: try read()) }

    /// Reads index and term, 64 bits each.
    mutating func readEntryID() throws(ByteCodecError) -> EntryID {
        EntryID(index: LogIndex(try read()), term: Term(try read()))
    }

    /// Reads the 32 bytes of a digest.
    mutating func readDigest() throws(ByteCodecError) -> Digest256 {
        Digest256(
            words: [
                try read(bigEndian: UInt64.self), try read(bigEndian: UInt64.self),
                try read(bigEndian: UInt64.self), try read(bigEndian: UInt64.self),
            ])
    }

    /// Reads a canonical user name.
    mutating func readUserName() throws(ByteCodecError) -> UserName {
        try parsed("user name", try readLengthPrefixed(atMost: 128), UserName.init(canonical:))
    }

    /// Reads the name of a role.
    mutating func readRoleName() throws(ByteCodecError) -> RoleName {
        try parsed("role name", try readLengthPrefixed(atMost: 64), RoleName.init(bytes:))
    }

    /// Reads the path of a secret.
    mutating func readSecretPath() throws(ByteCodecError) -> SecretPath {
        try parsed("path", try readLengthPrefixed(atMost: 255), SecretPath.init(bytes:))
    }

    /// Reads a well-formed permission.
    mutating func readPermission() throws(ByteCodecError) -> Permission {
        try parsed("permission", try readLengthPrefixed(atMost: 512), Permission.init(bytes:))
    }

    /// Reads the prefix of a key.
    mutating func readKeyPrefix() throws(ByteCodecError) -> KeyPrefix {
        try parsed("key prefix", try readLengthPrefixed(atMost: 16), KeyPrefix.init(bytes:))
    }

    /// Reads a range of addresses; only its one spelling.
    mutating func readAddressRange() throws(ByteCodecError) -> AddressRange {
        let bits: UInt8 = try read()
        return try parsed("address range", try readLengthPrefixed(atMost: 16)) { bytes in
            guard let address = IPAddress(bytes: bytes),
                let range = AddressRange(address, prefixBits: Int(bits)), range.network == address
            else { return nil }
            return range
        }
    }

    /// Reads something sealed of at most `maximum` bytes.
    mutating func readBlob(atMost maximum: Int) throws(ByteCodecError) -> SealedBlob {
        SealedBlob(term: try read(), bytes: try readLengthPrefixed(atMost: maximum))
    }

    /// Reads a password as it is stored.
    mutating func readPassword() throws(ByteCodecError) -> PasswordHash {
        let pepper: UInt32 = try read()
        return PasswordHash(
            phc: try readText(atMost: Limits.passwordHashBytes), pepperKeyID: pepper)
    }

    /// Reads a truth value, and the field when it is true.
    mutating func readOptional<Field>(
        _ body: (inout ByteReader) throws(ByteCodecError) -> Field
    ) throws(ByteCodecError) -> Field? {
        try readBool() ? try body(&self) : nil
    }

    /// Reads a 16-bit count of at most `maximum`, and the items.
    mutating func readList<Item>(
        atMost maximum: Int, _ body: (inout ByteReader) throws(ByteCodecError) -> Item
    ) throws(ByteCodecError) -> [Item] {
        let count: UInt16 = try read()
        guard count <= maximum else {
            throw .malformed(offset: offset - 2, what: "\(count) items, over \(maximum)")
        }
        var items: [Item] = []
        items.reserveCapacity(min(Int(count), remaining))
        for _ in 0..<count { items.append(try body(&self)) }
        return items
    }

    /// Reads an enumeration by its raw value.
    mutating func readCase<Case: RawRepresentable>(
        _ type: Case.Type = Case.self
    ) throws(ByteCodecError) -> Case
    where Case.RawValue: FixedWidthInteger & UnsignedInteger & BitwiseCopyable {
        let raw: Case.RawValue = try read()
        return try parsed("\(type)", raw, Case.init(rawValue:))
    }

    private func parsed<From, To>(
        _ what: @autoclosure () -> String, _ from: From, _ parse: (From) -> To?
    ) throws(ByteCodecError) -> To {
        guard let value = parse(from) else { throw .malformed(offset: offset, what: what()) }
        return value
    }
}
