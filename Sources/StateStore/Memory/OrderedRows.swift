/// A sorted map from byte strings to byte strings, as a value: copies share what neither changed.
///
/// Rows lie in sorted runs, and runs in groups, so a change after a copy copies one run, one list
/// of runs and the list of groups: some hundred references at most, in tables of some 10,000 rows.
struct OrderedRows: Sendable {
    struct Row: Sendable {
        /// The key's beginning as a number: most comparisons end with it, and it lies beside the
        /// next row's, while each key has memory of its own.
        let prefix: UInt128
        let key: [UInt8]
        var value: [UInt8]

        init(key: [UInt8], value: [UInt8]) {
            prefix = OrderedRows.prefix(of: key)
            self.key = key
            self.value = value
        }
    }

    /// A key that is looked for.
    private struct Sought {
        let prefix: UInt128
        let key: [UInt8]

        init(_ key: [UInt8]) {
            prefix = OrderedRows.prefix(of: key)
            self.key = key
        }
    }

    /// Rows in order, never none.
    private struct Run: Sendable {
        /// The last row's prefix, so that searches need not look into the rows.
        private(set) var last: UInt128
        var rows: [Row] { didSet { last = rows.last?.prefix ?? 0 } }

        init(_ rows: [Row]) {
            self.rows = rows
            last = rows[rows.count - 1].prefix
        }
    }

    /// Runs in order, never none.
    private struct Group: Sendable {
        /// The last row's prefix.
        private(set) var last: UInt128
        var runs: [Run] { didSet { last = runs.last?.last ?? 0 } }

        init(_ runs: [Run]) {
            self.runs = runs
            last = runs[runs.count - 1].last
        }
    }

    static let runLengthMax = 16
    static let groupLengthMax = 32

    // No run and no group is empty; every key comes before every key behind it.
    private var groups: [Group] = []
    private(set) var count = 0

    /// Where a row is, or would be. Behind the last row: the first group that there is not.
    private struct Place: Equatable {
        var group: Int
        var run: Int
        var row: Int
    }

    func get(_ key: [UInt8]) -> [UInt8]? {
        let sought = Sought(key)
        let place = lowerBound(sought)
        guard isRow(at: place, sought) else { return nil }
        return groups[place.group].runs[place.run].rows[place.row].value
    }

    /// The row of this number modulo their number; nil when there is none. Complexity: O(n).
    func row(_ number: UInt64) -> Row? {
        guard count > 0 else { return nil }
        var left = Int(number % UInt64(count))
        for group in groups {
            for run in group.runs {
                if left < run.rows.count { return run.rows[left] }
                left -= run.rows.count
            }
        }
        preconditionFailure("\(count) rows are not there")
    }

    /// Returns the value that was there.
    @discardableResult
    mutating func put(_ key: [UInt8], _ value: [UInt8]) -> [UInt8]? {
        let sought = Sought(key)
        var place = lowerBound(sought)
        if isRow(at: place, sought) {
            var before = value
            swap(&before, &groups[place.group].runs[place.run].rows[place.row].value)
            return before
        }
        count += 1
        guard !groups.isEmpty else {
            groups = [Group([Run([Row(key: key, value: value)])])]
            return nil
        }
        // A row between two runs goes to the end of the one before.
        if place.row == 0, let before = placeBehindRun(before: place) { place = before }
        groups[place.group].runs[place.run].rows.insert(Row(key: key, value: value), at: place.row)
        if groups[place.group].runs[place.run].rows.count > Self.runLengthMax { split(place) }
        return nil
    }

    /// Returns the value that was there.
    @discardableResult
    mutating func delete(_ key: [UInt8]) -> [UInt8]? {
        let sought = Sought(key)
        let place = lowerBound(sought)
        guard isRow(at: place, sought) else { return nil }
        count -= 1
        let before = groups[place.group].runs[place.run].rows.remove(at: place.row).value
        guard groups[place.group].runs[place.run].rows.isEmpty else { return before }
        groups[place.group].runs.remove(at: place.run)
        if groups[place.group].runs.isEmpty { groups.remove(at: place.group) }
        return before
    }

    /// As `TableReader.scan`.
    func scan(
        from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) rethrows {
        var place = lowerBound(Sought(from))
        while place.group < groups.count {
            let row = groups[place.group].runs[place.run].rows[place.row]
            if let upTo, !precedes(row.key, upTo) { return }
            guard try body(row.key, row.value) else { return }
            advance(&place)
        }
    }

    /// As `TableReader.scanReverse`.
    func scanReverse(
        from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) rethrows {
        var place =
            upTo.map { lowerBound(Sought($0)) } ?? Place(group: groups.count, run: 0, row: 0)
        while true {
            if place.row == 0 {
                guard let before = placeBehindRun(before: place) else { return }
                place = before
            }
            place.row -= 1
            let row = groups[place.group].runs[place.run].rows[place.row]
            if precedes(row.key, from) { return }
            guard try body(row.key, row.value) else { return }
        }
    }

    /// Shows every row to `body`, in order.
    func visit(_ body: (_ key: [UInt8], _ value: [UInt8]) -> Void) {
        for group in groups {
            for run in group.runs {
                for row in run.rows { body(row.key, row.value) }
            }
        }
    }

    /// Whether both hold the same rows, however their runs are cut. Complexity: O(n), but runs
    /// that both share are not looked into.
    func holdsSameRows(as other: OrderedRows) -> Bool {
        guard count == other.count else { return false }
        var place = Place(group: 0, run: 0, row: 0)
        for run in groups.lazy.flatMap(\.runs) {
            if place.row == 0, place.group < other.groups.count,
                isShared(run.rows, other.groups[place.group].runs[place.run].rows)
            {
                place.row = run.rows.count - 1
                other.advance(&place)
                continue
            }
            for row in run.rows {
                guard isSame(row, other.groups[place.group].runs[place.run].rows[place.row])
                else { return false }
                other.advance(&place)
            }
        }
        return true
    }

    /// Whether both are one and the same memory, which nobody changes while two hold it.
    private func isShared(_ run: [Row], _ other: [Row]) -> Bool {
        // Only the addresses are compared.
        unsafe run.withUnsafeBufferPointer { mine in
            unsafe other.withUnsafeBufferPointer { theirs in
                unsafe mine.baseAddress == theirs.baseAddress && mine.count == theirs.count
            }
        }
    }

    private func isSame(_ row: Row, _ other: Row) -> Bool {
        row.prefix == other.prefix && equals(row.key, other.key) && equals(row.value, other.value)
    }

    // MARK: Places

    /// Whether a row with this key stands there. Looks without a copy of the row.
    private func isRow(at place: Place, _ sought: Sought) -> Bool {
        guard place.group < groups.count else { return false }
        return groups[place.group].runs[place.run].rows[place.row].prefix == sought.prefix
            && equals(groups[place.group].runs[place.run].rows[place.row].key, sought.key)
    }

    /// To the next row.
    private func advance(_ place: inout Place) {
        place.row += 1
        guard place.row == groups[place.group].runs[place.run].rows.count else { return }
        place = Place(group: place.group, run: place.run + 1, row: 0)
        guard place.run == groups[place.group].runs.count else { return }
        place = Place(group: place.group + 1, run: 0, row: 0)
    }

    /// The end of the run before the place's; nil for the first run.
    private func placeBehindRun(before place: Place) -> Place? {
        if place.run > 0 {
            let run = place.run - 1
            return Place(
                group: place.group, run: run, row: groups[place.group].runs[run].rows.count)
        }
        guard place.group > 0 else { return nil }
        let group = place.group - 1
        let run = groups[group].runs.count - 1
        return Place(group: group, run: run, row: groups[group].runs[run].rows.count)
    }

    /// The first row at or behind what is sought.
    private func lowerBound(_ sought: Sought) -> Place {
        // Most keys ascend: they belong behind everything.
        guard let end = groups.indices.last, !endsBefore(sought, group: end) else {
            return Place(group: groups.count, run: 0, row: 0)
        }
        // What is looked for is there, so the last need not be asked.
        let group = first(below: end) { !endsBefore(sought, group: $0) }
        let runs = groups[group].runs.count
        let run = first(below: runs - 1) { !endsBefore(sought, group: group, run: $0) }
        let rows = groups[group].runs[run].rows.count
        let row = first(below: rows - 1) {
            !precedes(groups[group].runs[run].rows[$0], sought)
        }
        return Place(group: group, run: run, row: row)
    }

    /// Whether all keys of the group come before what is sought.
    private func endsBefore(_ sought: Sought, group: Int) -> Bool {
        groups[group].last == sought.prefix
            ? endsBefore(sought, group: group, run: groups[group].runs.count - 1)
            : groups[group].last < sought.prefix
    }

    /// Whether all keys of the run come before what is sought.
    private func endsBefore(_ sought: Sought, group: Int, run: Int) -> Bool {
        let last = groups[group].runs[run].last
        guard last == sought.prefix else { return last < sought.prefix }
        let row = groups[group].runs[run].rows.count - 1
        return precedes(groups[group].runs[run].rows[row].key, sought.key)
    }

    /// The first number that `isThere` holds for, as for all behind it; `end` if for none below.
    private func first(below end: Int, _ isThere: (Int) -> Bool) -> Int {
        var low = 0
        var high = end
        while low < high {
            let middle = (low + high) / 2
            if isThere(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private mutating func split(_ place: Place) {
        let isLastRun =
            place.group == groups.count - 1 && place.run == groups[place.group].runs.count - 1
        // The last run keeps most, so that rows in ascending order fill their runs; so do groups.
        let at = isLastRun ? Self.runLengthMax * 7 / 8 : Self.runLengthMax / 2
        let rest = Array(groups[place.group].runs[place.run].rows[at...])
        groups[place.group].runs[place.run].rows.removeSubrange(at...)
        groups[place.group].runs.insert(Run(rest), at: place.run + 1)
        guard groups[place.group].runs.count > Self.groupLengthMax else { return }
        let runsAt = isLastRun ? Self.groupLengthMax * 7 / 8 : Self.groupLengthMax / 2
        let runs = Array(groups[place.group].runs[runsAt...])
        groups[place.group].runs.removeSubrange(runsAt...)
        groups.insert(Group(runs), at: place.group + 1)
    }

    /// The first sixteen bytes as a number, with zeros behind a shorter key: of two keys the one
    /// with the smaller number comes first, and with the same number either may.
    private static func prefix(of key: [UInt8]) -> UInt128 {
        guard key.count < 16 else {
            // The load lies within the key.
            return unsafe key.withUnsafeBytes { bytes in
                UInt128(bigEndian: unsafe bytes.loadUnaligned(as: UInt128.self))
            }
        }
        return (0..<16).reduce(0) { $0 << 8 | ($1 < key.count ? UInt128(key[$1]) : 0) }
    }

    private func precedes(_ row: Row, _ sought: Sought) -> Bool {
        row.prefix == sought.prefix ? precedes(row.key, sought.key) : row.prefix < sought.prefix
    }

    private func precedes(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        // Words first; every load lies within what both have, while both are alive.
        unsafe a.withUnsafeBytes { a in
            unsafe b.withUnsafeBytes { b in
                let shared = min(a.count, b.count)
                var offset = 0
                while offset + 8 <= shared {
                    let mine = unsafe a.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                    let theirs = unsafe b.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                    guard mine == theirs else {
                        return UInt64(bigEndian: mine) < UInt64(bigEndian: theirs)
                    }
                    offset += 8
                }
                while offset < shared {
                    let (mine, theirs) = unsafe (a[offset], b[offset])
                    guard mine == theirs else { return mine < theirs }
                    offset += 1
                }
                return a.count < b.count
            }
        }
    }

    private func equals(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        guard a.count == b.count else { return false }
        // Words first; every load lies within both, while both are alive.
        return unsafe a.withUnsafeBytes { a in
            unsafe b.withUnsafeBytes { b in
                var offset = 0
                while offset + 8 <= a.count {
                    let mine = unsafe a.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                    let theirs = unsafe b.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                    guard mine == theirs else { return false }
                    offset += 8
                }
                while offset < a.count {
                    guard unsafe a[offset] == b[offset] else { return false }
                    offset += 1
                }
                return true
            }
        }
    }

    /// Traps unless every run and group is sorted, not empty and within its length.
    func checkInvariants() {
        var previous: [UInt8]?
        var found = 0
        for group in groups {
            let (runs, length) = (group.runs, Self.groupLengthMax)
            precondition((1...length).contains(runs.count), "\(runs.count) runs")
            precondition(group.last == runs[runs.count - 1].last, "another row's prefix")
            for run in runs {
                let (rows, length) = (run.rows, Self.runLengthMax)
                precondition((1...length).contains(rows.count), "run of \(rows.count)")
                precondition(run.last == rows[rows.count - 1].prefix, "another row's prefix")
                for row in rows {
                    if let previous {
                        precondition(precedes(previous, row.key), "rows out of order")
                    }
                    precondition(row.prefix == Self.prefix(of: row.key), "another key's prefix")
                    previous = row.key
                    found += 1
                }
            }
        }
        precondition(found == count, "\(found) rows, \(count) counted")
    }
}
