import RaftCore

/// A message under way.
struct Packet {
    let from: Int
    let to: Int
    /// The process that it is for.
    let run: UInt64
    /// The connection that it goes over.
    let connection: UInt64
    let bytes: [UInt8]
    /// Its number in the recording, if there is one.
    let recorded: Int?
}

/// What lies between the nodes: for each ordered pair a link, and the connection that the first
/// has dialled to the second.
struct Network {
    /// One direction between two nodes.
    struct Link {
        /// How many cuts go through it.
        var cuts = 0
        /// Raised with each change of `cuts`, to tell one silence from the next.
        var era: UInt64 = 0
        /// Messages on their way.
        var inFlight = 0
        /// When the last one arrives; later ones must not overtake it unless they may.
        var lastArrival: UInt64 = 0
        /// Messages that stand in buffers because of a cut.
        var held: [Packet] = []
    }

    /// A connection as who dialled it sees it.
    struct Connection {
        var isUp = false
        /// Raised whenever it is made or lost.
        var epoch: UInt64 = 0
        /// The run of the process at the other end.
        var run: UInt64 = 0
        /// Waits in the transport for a connection.
        var queue: [(bytes: [UInt8], recorded: Int?)] = []
        var isDialling = false
    }

    let count: Int
    private(set) var links: [Link]
    var connections: [Connection]

    init(count: Int) {
        self.count = count
        links = Array(repeating: Link(), count: count * count)
        connections = Array(repeating: Connection(), count: count * count)
    }

    /// The position of the pair.
    func pair(_ from: Int, _ to: Int) -> Int { from * count + to }

    /// Whether a message from the one to the other would get stuck.
    func isCut(_ from: Int, _ to: Int) -> Bool { links[pair(from, to)].cuts > 0 }

    /// Whether the two can hold a connection.
    func isConnectable(_ a: Int, _ b: Int) -> Bool { !isCut(a, b) && !isCut(b, a) }

    subscript(link from: Int, to: Int) -> Link {
        get { links[pair(from, to)] }
        _modify { yield &links[pair(from, to)] }
    }

    subscript(connection from: Int, to: Int) -> Connection {
        get { connections[pair(from, to)] }
        _modify { yield &connections[pair(from, to)] }
    }
}

/// Directed pairs that are cut together.
struct Cut {
    /// How a network comes apart.
    enum Shape: UInt64, CaseIterable {
        /// Two groups that do not hear each other.
        case split
        /// One group hears the other, and is not heard.
        case oneWay
        /// One node alone.
        case isolate
        /// Two groups, and one node that hears both (openraft #2080).
        case bridge
        /// Everybody hears the neighbours only.
        case ring
        /// One pair.
        case link
    }

    let pairs: [(from: Int, to: Int)]

    /// Draws the pairs of a shape among so many nodes.
    init(_ shape: Shape, nodes: Int, _ random: inout RandomSource) {
        var order = Array(0..<nodes)
        for position in order.indices.dropFirst().reversed() {
            order.swapAt(position, Int(random.next(below: UInt64(position + 1))))
        }
        var pairs: [(from: Int, to: Int)] = []
        func separate(_ some: ArraySlice<Int>, _ others: ArraySlice<Int>, bothWays: Bool) {
            for a in some {
                for b in others {
                    pairs.append((a, b))
                    if bothWays { pairs.append((b, a)) }
                }
            }
        }
        let middle = 1 + Int(random.next(below: UInt64(max(1, nodes - 1))))
        switch shape {
        case .split: separate(order[..<middle], order[middle...], bothWays: true)
        case .oneWay: separate(order[..<middle], order[middle...], bothWays: false)
        case .isolate: separate(order[..<1], order[1...], bothWays: true)
        case .bridge:
            let half = 1 + (nodes - 1) / 2
            separate(order[1..<half], order[half...], bothWays: true)
        case .ring:
            for a in 0..<nodes {
                for b in 0..<nodes where a != b {
                    let distance = (b - a + nodes) % nodes
                    if distance != 1 && distance != nodes - 1 {
                        pairs.append((order[a], order[b]))
                    }
                }
            }
        case .link:
            if nodes > 1 { separate(order[..<1], order[1..<2], bothWays: random.chance(1, in: 2)) }
        }
        self.pairs = pairs
    }
}
