internal import Synchronization

/// Requests by route and status, and how long they took.
final class HTTPMetrics: Sendable {
    /// The upper bounds of the histogram's buckets, in seconds.
    static let bounds: [Double] = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]

    struct Key: Hashable, Comparable, Sendable {
        let route: String
        let status: Int
        static func < (a: Key, b: Key) -> Bool { (a.route, a.status) < (b.route, b.status) }
    }

    struct Series: Sendable {
        var buckets = [UInt64](repeating: 0, count: HTTPMetrics.bounds.count)
        var count: UInt64 = 0
        var nanoseconds: UInt64 = 0

        fileprivate mutating func add(_ time: UInt64, _ bucket: Int?) {
            count += 1
            nanoseconds += time
            if let bucket { buckets[bucket] += 1 }
        }
    }

    private struct Contents {
        var series: [Key: Series] = [:]
        var refusedConnections: UInt64 = 0
    }

    // The bounds again, so that nothing is computed for each answer.
    private static let boundNanoseconds = bounds.map { UInt64($0 * 1e9) }

    private let contents = Mutex(Contents())

    /// Counts an answer. Routes are names of our own table, so their number is bounded.
    func count(route: String?, status: Int, nanoseconds: UInt64) {
        let key = Key(route: route ?? "none", status: status)
        let bucket = Self.boundNanoseconds.firstIndex { nanoseconds <= $0 }
        contents.withLock { contents in
            // In place: a copy of the buckets for each answer would be made otherwise.
            contents.series[key, default: Series()].add(nanoseconds, bucket)
        }
    }

    /// Counts a connection that was one too many.
    func refusedConnection() { contents.withLock { $0.refusedConnections += 1 } }

    /// Everything, sorted.
    var snapshot: (series: [(Key, Series)], refusedConnections: UInt64) {
        contents.withLock { contents in
            (
                contents.series.sorted { $0.key < $1.key }.map { ($0.key, $0.value) },
                contents.refusedConnections
            )
        }
    }
}
