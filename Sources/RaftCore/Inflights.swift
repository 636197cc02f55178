/// The appends on their way to one follower, limited by count and by bytes.
///
/// A ring in the order of sending. An acknowledgement frees every append up to its index, and the
/// byte count with it: a counter that is not given back stops a follower for ever
/// (etcd/raft e419ba5), so bytes are counted in this one place.
struct Inflights: Equatable, Sendable {
    /// One append on its way.
    private struct Append: Equatable, Sendable {
        /// The index of its last entry.
        var last: LogIndex
        /// What its entries count, see `Entry.sizeBytes`.
        var bytes: Int
    }

    /// The most appends that may be on their way.
    let countMax: Int
    /// No append is sent once this many bytes are on their way; the last one sent may exceed it.
    let bytesMax: Int
    /// The bytes on their way.
    private(set) var bytes = 0

    private var ring: [Append] = []
    // The position of the oldest append in `ring`; those before it are free.
    private var head = 0

    /// Nothing on its way.
    init(countMax: Int, bytesMax: Int) {
        precondition(countMax > 0, "no append may ever be sent: \(countMax)")
        precondition(bytesMax > 0, "no byte may ever be sent: \(bytesMax)")
        self.countMax = countMax
        self.bytesMax = bytesMax
    }

    /// How many appends are on their way.
    var count: Int { ring.count - head }
    /// Whether nothing more may be sent until something is acknowledged.
    var isFull: Bool { count >= countMax || bytes >= bytesMax }

    /// Counts one more append that was sent.
    ///
    /// - Precondition: not full, and `last` lies behind everything on its way.
    mutating func add(last: LogIndex, bytes size: Int) {
        precondition(!isFull, "\(count) appends and \(bytes) bytes are on their way")
        precondition(ring.last.map { $0.last < last } ?? true, "appends out of order")
        ring.append(Append(last: last, bytes: size))
        bytes += size
    }

    /// Frees every append whose last entry lies at or before `match`.
    mutating func free(upTo match: LogIndex) {
        while head < ring.count, ring[head].last <= match {
            bytes -= ring[head].bytes
            head += 1
        }
        // Half of the ring free: move the rest down, amortised O(1) for each append.
        if head > ring.count / 2 {
            ring.removeFirst(head)
            head = 0
        }
        precondition(bytes >= 0, "negative bytes on their way: \(bytes)")
    }

    /// Forgets everything on its way.
    mutating func reset() {
        ring.removeAll(keepingCapacity: true)
        head = 0
        bytes = 0
    }

    /// Checks that the bytes are those of the appends, and that these stand in order.
    func checkInvariants() {
        let live = ring[head...]
        precondition(live.reduce(0) { $0 + $1.bytes } == bytes, "bytes \(bytes) are not the sum")
        precondition(count <= countMax, "\(count) appends over \(countMax)")
        precondition(zip(live, live.dropFirst()).allSatisfy { $0.last < $1.last }, "out of order")
    }
}
