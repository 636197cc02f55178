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
        /// What every message takes longer.
        var extra: UInt64 = 0
        /// When everything sent so far is through, if there is a limit of bytes.
        var freeAt: UInt64 = 0
        /// Everything that is left to chance here.
        var random: RandomSource
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

    init(count: Int, seed: UInt64) {
        self.count = count
        links = (0..<(count * count)).map { Link(random: RandomSource(seed, .link, $0)) }
        connections = Array(repeating: Connection(), count: count * count)
    }

    /// The position of the pair.
    func pair(_ from: Int, _ to: Int) -> Int { from * count + to }

    /// Whether a message from the one to the other would get stuck.
    func isCut(_ from: Int, _ to: Int) -> Bool { links[pair(from, to)].cuts > 0 }

    /// Whether the two can hold a connection.
    func isConnectable(_ a: Int, _ b: Int) -> Bool { !isCut(a, b) && !isCut(b, a) }

    subscript(link from: Int, to: Int) -> Link {
        _read { yield links[pair(from, to)] }
        _modify { yield &links[pair(from, to)] }
    }

    subscript(connection from: Int, to: Int) -> Connection {
        _read { yield connections[pair(from, to)] }
        _modify { yield &connections[pair(from, to)] }
    }
}
