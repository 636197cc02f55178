import Foundation

/// Times of one kind, in milliseconds.
struct Milliseconds {
    private(set) var sorted: [Double] = []

    init(_ durations: [Duration]) { sorted = durations.map { $0 / .milliseconds(1) }.sorted() }

    /// The smallest value that at least this share of all values do not exceed.
    func percentile(_ share: Double) -> Double {
        guard !sorted.isEmpty else { return .nan }
        let rank = Int((share * Double(sorted.count)).rounded(.up)) - 1
        return sorted[max(0, min(sorted.count - 1, rank))]
    }

    /// How likely two sets of times from one source differ as much as these, or more: the two-sided
    /// test of Mann and Whitney, by the normal approximation with its correction for ties.
    func chanceOfSameSource(as other: Milliseconds) -> Double {
        let (first, second) = (Double(sorted.count), Double(other.sorted.count))
        guard first > 0, second > 0 else { return .nan }
        let all = (sorted.map { ($0, true) } + other.sorted.map { ($0, false) })
            .sorted { $0.0 < $1.0 }
        var (rankSum, ties, position) = (0.0, 0.0, 0)
        while position < all.count {
            let end = all[position...].firstIndex { $0.0 != all[position].0 } ?? all.count
            let rank = Double(position + 1 + end) / 2
            rankSum += rank * Double(all[position..<end].count { $0.1 })
            let tied = Double(end - position)
            ties += tied * tied * tied - tied
            position = end
        }
        let total = first + second
        let mean = first * second / 2
        let variance =
            first * second / 12 * (total + 1 - ties / (total * (total - 1)))
        guard variance > 0 else { return 1 }
        let distance = abs(rankSum - first * (first + 1) / 2 - mean) / variance.squareRoot()
        return erfc(distance / 2.0.squareRoot())
    }

    var sentence: String {
        "p50 \(text(percentile(0.5))) ms, p99 \(text(percentile(0.99))) ms, "
            + "longest \(text(sorted.last ?? .nan)) ms of \(sorted.count)"
    }

    private func text(_ value: Double) -> String {
        value.isNaN ? "-" : "\((value * 10).rounded() / 10)"
    }
}
