/// A sorted map from byte strings to byte strings, as a value: copies share what neither changed.
///
/// Rows lie in sorted runs, and runs in groups, so a change after a copy copies one run, one list
/// of runs and the list of groups: some hundred references at most, in tables of some 10,000 rows.
struct OrderedRows: Sendable {
    struct Row: Sendable {
        var key: [UInt8]
        var value: [UInt8]
    }

    static let runLengthMax = 16
    static let groupLengthMax = 32

    // No run and no group is empty; every key comes before every key behind it.
    private var groups: [[[Row]]] = []
    private(set) var count = 0

    /// Where a row is, or would be. Behind the last row: the first group that there is not.
    private struct Place: Equatable {
        var group: Int
        var run: Int
        var row: Int
    }

    func get(_ key: [UInt8]) -> [UInt8]? {
        let place = lowerBound(key)
        guard isRow(at: place, key) else { return nil }
        return groups[place.group][place.run][place.row].value
    }

    mutating func put(_ key: [UInt8], _ value: [UInt8]) {
        var place = lowerBound(key)
        if isRow(at: place, key) {
            groups[place.group][place.run][place.row].value = value
            return
        }
        count += 1
        guard !groups.isEmpty else {
            groups = [[[Row(key: key, value: value)]]]
            return
        }
        // A row between two runs goes to the end of the one before.
        if place.row == 0, let before = placeBehindRun(before: place) { place = before }
        groups[place.group][place.run].insert(Row(key: key, value: value), at: place.row)
        if groups[place.group][place.run].count > Self.runLengthMax { split(place) }
    }

    mutating func delete(_ key: [UInt8]) {
        let place = lowerBound(key)
        guard isRow(at: place, key) else { return }
        count -= 1
        groups[place.group][place.run].remove(at: place.row)
        guard groups[place.group][place.run].isEmpty else { return }
        groups[place.group].remove(at: place.run)
        if groups[place.group].isEmpty { groups.remove(at: place.group) }
    }

    /// As `TableReader.scan`.
    func scan(
        from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) rethrows {
        var place = lowerBound(from)
        while place.group < groups.count {
            let row = groups[place.group][place.run][place.row]
            if let upTo, !precedes(row.key, upTo) { return }
            guard try body(row.key, row.value) else { return }
            advance(&place)
        }
    }

    /// As `TableReader.scanReverse`.
    func scanReverse(
        from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) rethrows {
        var place = upTo.map(lowerBound) ?? Place(group: groups.count, run: 0, row: 0)
        while true {
            if place.row == 0 {
                guard let before = placeBehindRun(before: place) else { return }
                place = before
            }
            place.row -= 1
            let row = groups[place.group][place.run][place.row]
            if precedes(row.key, from) { return }
            guard try body(row.key, row.value) else { return }
        }
    }

    /// Whether both hold the same rows, however their runs are cut. Complexity: O(n).
    func holdsSameRows(as other: OrderedRows) -> Bool {
        guard count == other.count else { return false }
        var place = Place(group: 0, run: 0, row: 0)
        for group in groups {
            for run in group {
                for row in run {
                    let theirs = other.groups[place.group][place.run][place.row]
                    guard equals(row.key, theirs.key), equals(row.value, theirs.value) else {
                        return false
                    }
                    other.advance(&place)
                }
            }
        }
        return true
    }

    // MARK: Places

    /// Whether a row with this key stands there. Looks without a copy of the row.
    private func isRow(at place: Place, _ key: [UInt8]) -> Bool {
        place.group < groups.count && groups[place.group][place.run][place.row].key == key
    }

    /// To the next row.
    private func advance(_ place: inout Place) {
        place.row += 1
        guard place.row == groups[place.group][place.run].count else { return }
        place = Place(group: place.group, run: place.run + 1, row: 0)
        guard place.run == groups[place.group].count else { return }
        place = Place(group: place.group + 1, run: 0, row: 0)
    }

    /// The end of the run before the place's; nil for the first run.
    private func placeBehindRun(before place: Place) -> Place? {
        if place.run > 0 {
            let run = place.run - 1
            return Place(group: place.group, run: run, row: groups[place.group][run].count)
        }
        guard place.group > 0 else { return nil }
        let group = place.group - 1
        let run = groups[group].count - 1
        return Place(group: group, run: run, row: groups[group][run].count)
    }

    /// The first row at or behind `key`.
    private func lowerBound(_ key: [UInt8]) -> Place {
        // Most keys ascend: they belong behind everything.
        guard let end = groups.indices.last, !endsBefore(key, groups[end]) else {
            return Place(group: groups.count, run: 0, row: 0)
        }
        // What is looked for is there, so the last need not be asked.
        let group = first(below: end) { !endsBefore(key, groups[$0]) }
        let runs = groups[group].count
        let run = first(below: runs - 1) {
            !precedes(groups[group][$0][groups[group][$0].count - 1].key, key)
        }
        let rows = groups[group][run].count
        let row = first(below: rows - 1) { !precedes(groups[group][run][$0].key, key) }
        return Place(group: group, run: run, row: row)
    }

    /// Whether all keys of the group come before `key`.
    private func endsBefore(_ key: [UInt8], _ group: [[Row]]) -> Bool {
        let run = group.count - 1
        return precedes(group[run][group[run].count - 1].key, key)
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
            place.group == groups.count - 1 && place.run == groups[place.group].count - 1
        // The last run keeps most, so that rows in ascending order fill their runs; so do groups.
        let at = isLastRun ? Self.runLengthMax * 7 / 8 : Self.runLengthMax / 2
        let rest = Array(groups[place.group][place.run][at...])
        groups[place.group][place.run].removeSubrange(at...)
        groups[place.group].insert(rest, at: place.run + 1)
        guard groups[place.group].count > Self.groupLengthMax else { return }
        let runsAt = isLastRun ? Self.groupLengthMax * 7 / 8 : Self.groupLengthMax / 2
        let runs = Array(groups[place.group][runsAt...])
        groups[place.group].removeSubrange(runsAt...)
        groups.insert(runs, at: place.group + 1)
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
        var rows = 0
        for group in groups {
            precondition((1...Self.groupLengthMax).contains(group.count), "\(group.count) runs")
            for run in group {
                precondition((1...Self.runLengthMax).contains(run.count), "run of \(run.count)")
                for row in run {
                    if let previous {
                        precondition(precedes(previous, row.key), "rows out of order")
                    }
                    previous = row.key
                    rows += 1
                }
            }
        }
        precondition(rows == count, "\(rows) rows, \(count) counted")
    }
}
