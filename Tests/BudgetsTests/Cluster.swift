@testable import Budgets

/// Nodes that share limits, without the consensus between them: who leads is told.
struct Cluster {
    struct Node {
        var till: BudgetTill
        var ledger = BudgetLedger()
        var isAlive = true
        init(run: UInt32) { till = BudgetTill(run: run) }
    }

    enum Delivery {
        case claims(BudgetClaims, from: Int, to: Int)
        case answer(BudgetGrants, to: Int)
        case levels([BudgetLevel], to: Int)
    }

    var nodes: [Node]
    var leader: Int?
    /// Nanoseconds.
    var now: UInt64 = 1_000_000_000
    /// Messages under way, with the moment at which they arrive.
    var underWay: [(at: UInt64, Delivery)] = []
    /// How long a message takes, and how often one of 1,000 is lost.
    var delayMax: UInt64 = 2_000_000
    var lossPerMille: UInt64 = 0
    var chance: Chance
    /// When requests passed.
    var passed: [UInt64] = []
    /// Members as the leader tells.
    let members: Int
    private var steps: UInt64 = 0
    private var runs: UInt32

    init(_ count: Int, seed: UInt64) {
        nodes = (0..<UInt32(count)).map(Node.init)
        runs = UInt32(count)
        members = count
        leader = 0
        chance = Chance(state: seed)
    }

    /// One request at a node.
    mutating func request(_ node: Int, _ budget: Budget) {
        guard nodes[node].isAlive else { return }
        if case .passed = nodes[node].till.take([budget], now: now) { passed.append(now) }
    }

    /// A node ends, and starts again at once without what it knew.
    mutating func restart(_ node: Int) {
        nodes[node] = Node(run: runs)
        runs += 1
    }

    /// Time goes by in which nothing happens.
    mutating func wait(_ nanoseconds: UInt64) { now += nanoseconds }

    /// A millisecond goes by.
    mutating func step() {
        now += 1_000_000
        steps += 1
        let arrived = underWay.filter { $0.at <= now }
        underWay.removeAll { $0.at <= now }
        for (_, delivery) in arrived { deliver(delivery) }
        guard steps.isMultiple(of: 50) else { return }
        for node in nodes.indices where nodes[node].isAlive {
            guard let claims = nodes[node].till.claims(now: now), let leader else { continue }
            send(.claims(claims, from: node, to: leader), isLocal: node == leader)
        }
    }

    private mutating func send(_ delivery: Delivery, isLocal: Bool) {
        if isLocal { return deliver(delivery) }
        guard chance.next(below: 1_000) >= lossPerMille else { return }
        underWay.append((now + 100_000 + chance.next(below: delayMax), delivery))
    }

    private mutating func deliver(_ delivery: Delivery) {
        switch delivery {
        case .claims(let claims, let from, let to):
            guard nodes[to].isAlive, leader == to else { return }
            let (answer, levels) = nodes[to].ledger.answer(claims, by: UInt64(from), now: now)
            if let answer { send(.answer(answer, to: from), isLocal: from == to) }
            for other in nodes.indices where other != to {
                send(.levels(levels, to: other), isLocal: false)
            }
        case .answer(let answer, let to):
            guard nodes[to].isAlive else { return }
            nodes[to].till.answered(answer, members: members, now: now)
        case .levels(let levels, let to):
            guard nodes[to].isAlive else { return }
            nodes[to].ledger.learn(levels, now: now)
        }
    }

    /// How many passed from one moment (inclusive) to another.
    func count(from: UInt64, to end: UInt64) -> Int { passed.count { $0 >= from && $0 < end } }

    /// The most that passed in any span of this length.
    func most(in span: UInt64) -> Int {
        var first = 0
        var most = 0
        for (last, moment) in passed.enumerated() {
            while passed[first] + span <= moment { first += 1 }
            most = max(most, last - first + 1)
        }
        return most
    }
}

/// Numbers of a seed.
struct Chance {
    var state: UInt64

    mutating func next(below bound: UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return (z ^ (z >> 31)).multipliedFullWidth(by: bound).high
    }
}
