internal import AuthCore
internal import ByteCodec
internal import LMDB

/// How rows lie in the trees of an environment: a tree for each table, and behind each value a
/// CRC-32C that binds it to its table and key.
///
/// LMDB 0.9 has no checksums. A row that rotted, or lies where another should be, is noticed when
/// it is read, and never served (security G4).
struct DiskTables: Sendable {
    // By raw value; nil where a value is not used, and where there is no tree yet.
    private let databases: [Database?]
    /// How many tables have one.
    let count: Int

    static let checksumBytes = 4

    /// The names of the trees, in the order of `Table.allCases`. They are of the format.
    static let names = Table.allCases.map(name)

    /// Those of them that need not be there: a tree of a later feature level is made for its first
    /// row, so that a node can go back to the release before until the cluster uses the level.
    /// Rows that a lost tree held are missed in the hash of all rows.
    static let later = Set(Table.allCases.filter { $0.featureLevel > 1 }.map(name))

    static func name(_ table: Table) -> String {
        "t" + String(UInt16(table.rawValue) + 0x100, radix: 16).dropFirst()
    }

    init(_ environment: Environment) {
        let present = environment.databases
        var databases = [Database?](repeating: nil, count: Table.slots)
        for table in Table.allCases {
            databases[Int(table.rawValue)] = present.first { $0.name == Self.name(table) }
        }
        self.databases = databases
        count = present.count
    }

    /// Whether every table has a tree.
    var isComplete: Bool { count == Self.names.count }

    /// The tree of a table; nil where none of its rows was ever put.
    subscript(table: Table) -> Database? { databases[Int(table.rawValue)] }

    /// The names of the trees that are not there, up to the feature level of `table`.
    func lacking(for table: Table) -> [String] {
        Table.allCases.filter { self[$0] == nil && $0.featureLevel <= table.featureLevel }
            .map(Self.name)
    }

    /// A row was put into a table that has no tree.
    struct TreeMissing: Error {
        let table: Table
    }

    /// The value as it lies on the disk.
    static func seal(_ table: Table, _ key: [UInt8], _ value: [UInt8]) -> [UInt8] {
        var crc = prefix(table, key)
        crc.update(value)
        var stored = [UInt8]()
        stored.reserveCapacity(value.count + checksumBytes)
        stored += value
        for shift in [UInt32(0), 8, 16, 24] {
            stored.append(UInt8(truncatingIfNeeded: crc.value >> shift))
        }
        return stored
    }

    /// The value of a row, checked.
    ///
    /// - Throws: `damaged`.
    static func open(_ table: Table, _ key: [UInt8], _ stored: RawSpan) throws -> [UInt8] {
        let count = stored.byteCount - checksumBytes
        guard count >= 0 else { throw damage(table, "a value of \(stored.byteCount) bytes") }
        var sum: UInt32 = 0
        // The proof: the bytes are lent for the closure, which copies them.
        let value = unsafe stored.withUnsafeBytes { bytes in
            for byte in 0..<checksumBytes {
                sum |= unsafe UInt32(bytes[count + byte]) << (8 * UInt32(byte))
            }
            return unsafe [UInt8](bytes[..<count])
        }
        var crc = prefix(table, key)
        crc.update(value)
        guard crc.value == sum else { throw damage(table, "a value with another checksum") }
        return value
    }

    /// Checks a row whose bytes are lent, and answers how many of `stored` are the value.
    ///
    /// - Throws: `damaged`.
    static func check(
        _ table: Table, _ key: Span<UInt8>, _ stored: Span<UInt8>
    ) throws -> Int {
        let count = stored.count - checksumBytes
        guard count >= 0 else { throw damage(table, "a value of \(stored.count) bytes") }
        var sum: UInt32 = 0
        for byte in 0..<checksumBytes { sum |= UInt32(stored[count + byte]) << (8 * UInt32(byte)) }
        var crc = CRC32C()
        crc.update(table.rawValue)
        crc.update(key)
        crc.update(stored.extracting(first: count))
        guard crc.value == sum else { throw damage(table, "a value with another checksum") }
        return count
    }

    /// As `open` of lent bytes.
    static func open(_ table: Table, _ key: [UInt8], _ stored: [UInt8]) throws -> [UInt8] {
        let count = stored.count - checksumBytes
        guard count >= 0 else { throw damage(table, "a value of \(stored.count) bytes") }
        var sum: UInt32 = 0
        for byte in 0..<checksumBytes {
            sum |= UInt32(stored[count + byte]) << (8 * UInt32(byte))
        }
        var crc = prefix(table, key)
        crc.update(stored, in: 0..<count)
        guard crc.value == sum else { throw damage(table, "a value with another checksum") }
        return Array(stored[..<count])
    }

    /// Checks that a row on one side of where a key would be lies on that side, and is whole: a key
    /// is known to be missing only between two that are where they belong.
    ///
    /// A flipped bit in a page may lead a look-up past its key. What it finds instead is then not
    /// in order, or not what was written.
    static func checkNeighbour(
        _ table: Table, _ key: [UInt8], isBefore: Bool, _ found: RawSpan, _ stored: RawSpan
    ) throws {
        let found = found.bytes
        let isInPlace =
            isBefore ? found.lexicographicallyPrecedes(key) : key.lexicographicallyPrecedes(found)
        guard isInPlace else { throw damage(table, "keys out of order") }
        _ = try open(table, found, stored)
    }

    /// Checks that keys come in order.
    static func checkOrder(
        _ table: Table, _ last: inout [UInt8]?, _ key: [UInt8], isAscending: Bool
    ) throws {
        if let last {
            let isInOrder =
                isAscending
                ? last.lexicographicallyPrecedes(key) : key.lexicographicallyPrecedes(last)
            guard isInOrder else { throw damage(table, "keys out of order") }
        }
        last = key
    }

    private static func prefix(_ table: Table, _ key: [UInt8]) -> CRC32C {
        var crc = CRC32C()
        crc.update(table.rawValue)
        crc.update(key)
        return crc
    }

    private static func damage(_ table: Table, _ what: String) -> StateStoreError {
        StateStoreError(.damaged, "table \(table): \(what)")
    }
}

extension RawSpan {
    /// A copy of the bytes.
    var bytes: [UInt8] {
        // The proof: the bytes are lent for the closure, which copies them.
        unsafe withUnsafeBytes { unsafe [UInt8]($0) }
    }
}
