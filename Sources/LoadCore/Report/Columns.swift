/// A table of text: the first column to the left, numbers to the right.
struct Columns {
    private var rows: [[String]]

    init(_ heading: [String]) { rows = [heading] }

    mutating func add(_ row: [String]) {
        precondition(row.count == rows[0].count, "\(row.count) cells of \(rows[0].count)")
        rows.append(row)
    }

    /// The rows, each column as wide as its widest cell.
    ///
    /// - Parameter left: how many columns at the front hold words.
    func lines(left: Int = 1) -> [String] {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.indices.map { column in
                column < left
                    ? Fixed.left(row[column], widths[column])
                    : Fixed.right(row[column], widths[column])
            }.joined(separator: "  ")
        }
    }
}
