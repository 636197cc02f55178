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

    var sentence: String {
        "p50 \(text(percentile(0.5))) ms, p99 \(text(percentile(0.99))) ms, "
            + "longest \(text(sorted.last ?? .nan)) ms of \(sorted.count)"
    }

    private func text(_ value: Double) -> String {
        value.isNaN ? "-" : "\((value * 10).rounded() / 10)"
    }
}
