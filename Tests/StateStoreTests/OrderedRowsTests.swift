import RaftCore
import Testing

@testable import StateStore

@Suite("The model's ordered rows")
struct OrderedRowsTests {
    @Test("rows agree with a sorted list, and copies keep what they were", arguments: 1...6)
    func againstModel(seed: Int) {
        var random = RandomSource(seed: UInt64(seed))
        var rows = OrderedRows()
        var model: [(key: [UInt8], value: [UInt8])] = []
        var copies: [(OrderedRows, [(key: [UInt8], value: [UInt8])])] = []
        let spread = UInt64(seed % 2 == 0 ? 40 : 900)
        func draw() -> [UInt8] {
            let number = random.next(below: spread)
            return [UInt8(number >> 8), UInt8(number & 255)]
                + (random.chance(1, in: 3) ? [UInt8(random.next(below: 2))] : [])
        }
        for step in 0..<2000 {
            let key = draw()
            let place = model.firstIndex { !$0.key.lexicographicallyPrecedes(key) } ?? model.count
            let isThere = place < model.count && model[place].key == key
            if random.chance(2, in: 3) {
                let value = [UInt8(truncatingIfNeeded: step)]
                rows.put(key, value)
                if isThere {
                    model[place].value = value
                } else {
                    model.insert((key, value), at: place)
                }
            } else {
                rows.delete(key)
                if isThere { model.remove(at: place) }
            }
            if step % 400 == 0 { copies.append((rows, model)) }
            if step % 50 == 0 {
                rows.checkInvariants()
                compare(rows, model, low: draw(), high: draw(), "seed \(seed), step \(step)")
            }
        }
        copies.append((rows, model))
        for (rows, model) in copies {
            rows.checkInvariants()
            compare(rows, model, low: [], high: nil, "seed \(seed), a copy")
        }
    }

    private func compare(
        _ rows: OrderedRows, _ model: [(key: [UInt8], value: [UInt8])], low: [UInt8],
        high: [UInt8]?, _ comment: Comment
    ) {
        #expect(rows.count == model.count, comment)
        let expected = model.filter { row in
            !row.key.lexicographicallyPrecedes(low)
                && high.map { row.key.lexicographicallyPrecedes($0) } ?? true
        }
        var up: [[UInt8]] = []
        rows.scan(from: low, upTo: high) { key, value in
            up.append(key + [0xEE] + value)
            return true
        }
        #expect(up == expected.map { $0.key + [0xEE] + $0.value }, comment)
        var down: [[UInt8]] = []
        rows.scanReverse(from: low, upTo: high) { key, value in
            down.append(key + [0xEE] + value)
            return true
        }
        #expect(down == up.reversed(), comment)
        for row in expected.prefix(5) { #expect(rows.get(row.key) == row.value, comment) }
    }
}
