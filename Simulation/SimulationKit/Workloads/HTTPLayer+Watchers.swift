import RaftCore

// Gateways that ask every node at once for what has just ended, when it is likeliest that a node
// does not know it.

extension HTTPLayer {
    /// How often each node is asked, and for how much at once.
    private static let looks = 3
    private static let suspectsMax = 12

    /// One watcher for each machine.
    func addWatchers() {
        for node in 0..<options.machines {
            clients.append(
                HTTPClient(
                    index: clients.count, part: .watcher(node: node),
                    random: RandomSource(world.plan.seed, .client, clients.count)))
        }
    }

    /// Somebody was told that these sessions have ended, or have lost what the role gave.
    func pry(_ suspects: [(session: Int, needsRole: Bool)]) {
        guard options.isPrying else { return }
        for index in clients.indices {
            guard case .watcher = clients[index].part,
                clients[index].suspects.count < Self.suspectsMax
            else { continue }
            for suspect in suspects {
                clients[index].suspects += Array(repeating: suspect, count: Self.looks)
            }
            if clients[index].operation == nil { watcherRests(index) }
        }
    }

    /// What a watcher asks its node for; nil when there is nothing.
    func watcherWants(_ index: Int, _ node: Int) -> HTTPOperation? {
        guard world.nodes[node].isUsed, let suspect = clients[index].suspects.popLast() else {
            clients[index].suspects = []
            return nil
        }
        var operation = HTTPOperation(
            kind: .validate(session: suspect.session), session: suspect.session, key: nil)
        operation.needsRole = suspect.needsRole
        operation.node = node
        return operation
    }

    /// A watcher with nothing to ask for acts when it is told to.
    func watcherRests(_ index: Int) {
        guard !clients[index].suspects.isEmpty else { return }
        schedule(.act(client: index), in: 1 + clients[index].random.upTo(10_000))
    }
}
