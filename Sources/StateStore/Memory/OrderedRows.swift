/// A sorted map from byte strings to byte strings, as a value: copies share what neither changed.
///
/// A list of sorted runs, so a change after a copy copies one run of at most `runLengthMax` rows
/// and the list of runs.
struct OrderedRows: Sendable {
    struct Row: Sendable {
        var key: [UInt8]
        var value: [UInt8]
    }

    static let runLengthMax = 64

    // No run is empty; every key of a run comes before every key of the next.
    private var runs: [[Row]] = []
    private(set) var count = 0

    /// Where a row is, or would be.
    private struct Place {
        var run: Int
        var row: Int
    }

    func get(_ key: [UInt8]) -> [UInt8]? {
        let place = lowerBound(key)
        guard let row = row(at: place), row.key == key else { return nil }
        return row.value
    }

    mutating func put(_ key: [UInt8], _ value: [UInt8]) {
        var place = lowerBound(key)
        if let row = row(at: place), row.key == key {
            runs[place.run][place.row].value = value
            return
        }
        count += 1
        // A row between two runs goes to the end of the one before.
        if place.row == 0 && place.run > 0 {
            place = Place(run: place.run - 1, row: runs[place.run - 1].count)
        }
        guard place.run < runs.count else { return runs.append([Row(key: key, value: value)]) }
        runs[place.run].insert(Row(key: key, value: value), at: place.row)
        if runs[place.run].count > Self.runLengthMax { split(place.run) }
    }

    mutating func delete(_ key: [UInt8]) {
        let place = lowerBound(key)
        guard let row = row(at: place), row.key == key else { return }
        count -= 1
        runs[place.run].remove(at: place.row)
        if runs[place.run].isEmpty { runs.remove(at: place.run) }
    }

    /// As `TableReader.scan`.
    func scan(
        from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) rethrows {
        var place = lowerBound(from)
        while let row = row(at: place) {
            if let upTo, !precedes(row.key, upTo) { return }
            guard try body(row.key, row.value) else { return }
            place.row += 1
            if place.row == runs[place.run].count { place = Place(run: place.run + 1, row: 0) }
        }
    }

    /// As `TableReader.scanReverse`.
    func scanReverse(
        from: [UInt8], upTo: [UInt8]?, _ body: ([UInt8], [UInt8]) throws -> Bool
    ) rethrows {
        var place = upTo.map(lowerBound) ?? Place(run: runs.count, row: 0)
        while true {
            if place.row > 0 {
                place.row -= 1
            } else if place.run > 0 {
                place = Place(run: place.run - 1, row: runs[place.run - 1].count - 1)
            } else {
                return
            }
            let row = runs[place.run][place.row]
            if precedes(row.key, from) { return }
            guard try body(row.key, row.value) else { return }
        }
    }

    /// The first row at or behind `key`.
    private func lowerBound(_ key: [UInt8]) -> Place {
        // The first run whose last key is not before `key` holds the place.
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if precedes(runs[middle][runs[middle].count - 1].key, key) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low < runs.count else { return Place(run: low, row: 0) }
        var first = 0
        var behind = runs[low].count
        while first < behind {
            let middle = (first + behind) / 2
            if precedes(runs[low][middle].key, key) { first = middle + 1 } else { behind = middle }
        }
        return Place(run: low, row: first)
    }

    private func row(at place: Place) -> Row? {
        place.run < runs.count && place.row < runs[place.run].count
            ? runs[place.run][place.row] : nil
    }

    private mutating func split(_ run: Int) {
        // The last run keeps most, so that rows in ascending order fill their runs.
        let at = run == runs.count - 1 ? Self.runLengthMax * 7 / 8 : Self.runLengthMax / 2
        let rest = Array(runs[run][at...])
        runs[run].removeSubrange(at...)
        runs.insert(rest, at: run + 1)
    }

    private func precedes(_ a: [UInt8], _ b: [UInt8]) -> Bool { a.lexicographicallyPrecedes(b) }

    /// Traps unless every run is sorted, not empty and within its length.
    func checkInvariants() {
        var previous: [UInt8]?
        var rows = 0
        for run in runs {
            precondition((1...Self.runLengthMax).contains(run.count), "run of \(run.count)")
            for row in run {
                if let previous { precondition(precedes(previous, row.key), "rows out of order") }
                previous = row.key
                rows += 1
            }
        }
        precondition(rows == count, "\(rows) rows, \(count) counted")
    }
}
