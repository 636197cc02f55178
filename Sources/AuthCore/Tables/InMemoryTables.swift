/// All tables in memory, sorted: for tests and models. Not a store: nothing rolls back.
///
/// Ownership: one thread. Look-ups are O(log n), insertion O(n).
public final class InMemoryTables: TableWriter {
    private var keys: [[[UInt8]]]
    private var values: [[[UInt8]]]

    /// Empty tables.
    public init() {
        // By raw value, of which some are not used.
        let slots = 1 + Table.allCases.reduce(0) { max($0, Int($1.rawValue)) }
        keys = Array(repeating: [], count: slots)
        values = keys
    }

    /// A copy that further changes of `other` do not reach.
    public init(copying other: InMemoryTables) {
        keys = other.keys
        values = other.values
    }

    /// The number of rows in `table`.
    public func count(_ table: Table) -> Int { keys[Int(table.rawValue)].count }

    /// Every row of `table` in ascending order.
    public func rows(_ table: Table) -> [(key: [UInt8], value: [UInt8])] {
        let index = Int(table.rawValue)
        return zip(keys[index], values[index]).map { (key: $0, value: $1) }
    }

    public func get(_ table: Table, _ key: [UInt8]) throws -> [UInt8]? {
        let index = Int(table.rawValue)
        let position = lowerBound(index, key)
        guard position < keys[index].count, keys[index][position] == key else { return nil }
        return values[index][position]
    }

    public func scan(
        _ table: Table, from: [UInt8], upTo: [UInt8]?,
        _ body: (_ key: [UInt8], _ value: [UInt8]) throws -> Bool
    ) throws {
        let index = Int(table.rawValue)
        for position in range(index, from, upTo)
        where try !body(keys[index][position], values[index][position]) { return }
    }

    public func scanReverse(
        _ table: Table, from: [UInt8], upTo: [UInt8]?,
        _ body: (_ key: [UInt8], _ value: [UInt8]) throws -> Bool
    ) throws {
        let index = Int(table.rawValue)
        for position in range(index, from, upTo).reversed()
        where try !body(keys[index][position], values[index][position]) { return }
    }

    public func put(_ table: Table, _ key: [UInt8], _ value: [UInt8]) throws {
        precondition((1...511).contains(key.count), "key of \(key.count) bytes in \(table)")
        let index = Int(table.rawValue)
        let position = lowerBound(index, key)
        if position < keys[index].count, keys[index][position] == key {
            values[index][position] = value
        } else {
            keys[index].insert(key, at: position)
            values[index].insert(value, at: position)
        }
    }

    public func delete(_ table: Table, _ key: [UInt8]) throws {
        let index = Int(table.rawValue)
        let position = lowerBound(index, key)
        guard position < keys[index].count, keys[index][position] == key else { return }
        keys[index].remove(at: position)
        values[index].remove(at: position)
    }

    private func range(_ index: Int, _ from: [UInt8], _ upTo: [UInt8]?) -> Range<Int> {
        let first = lowerBound(index, from)
        let last = upTo.map { lowerBound(index, $0) } ?? keys[index].count
        return first..<max(first, last)
    }

    private func lowerBound(_ index: Int, _ key: [UInt8]) -> Int {
        var low = 0
        var high = keys[index].count
        while low < high {
            let middle = (low + high) / 2
            if keys[index][middle].lexicographicallyPrecedes(key) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}
