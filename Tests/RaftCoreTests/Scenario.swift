import RaftCore

/// A page of commands with the whole trace that each of them gives.
///
/// ```
/// # A comment stays as it is.
/// nodes 3
/// campaign n1
/// ----
/// n1 preCandidate term=0 leader=-
///   n1->n2 t1 preVote last=0/0
/// ```
/// Commands stand in blocks; behind `----` is what the block gave, up to the next empty line.
struct Scenario {
    /// Runs every command of `page`, and gives back the page with the output that there was.
    static func run(_ page: String) throws -> String {
        var player = ScenarioPlayer()
        var lines: [String] = []
        var isOutput = false
        for line in page.split(separator: "\n", omittingEmptySubsequences: false) {
            if line == "----" {
                lines.append("----")
                lines += player.takeOutput()
                isOutput = true
            } else if line.isEmpty {
                lines.append("")
                isOutput = false
            } else if !isOutput {
                lines.append(String(line))
                if !line.hasPrefix("#") { try player.run(String(line)) }
            }
        }
        return lines.joined(separator: "\n")
    }
}

/// A command that does not exist, or cannot be read.
struct ScenarioError: Error, CustomStringConvertible {
    let description: String
}

/// Carries out the commands of a scenario on a cluster.
struct ScenarioPlayer {
    private var options = RaftOptions()
    private var cluster = Cluster(1)
    private var output: [String] = []

    mutating func takeOutput() -> [String] {
        defer {
            output = []
            cluster.trace = []
        }
        return output + cluster.trace
    }

    mutating func run(_ line: String) throws {
        let words = line.split(separator: " ").map(String.init)
        guard let verb = words.first else { return }
        let arguments = Array(words.dropFirst())
        // Output of the command before stands before that of this one.
        output += cluster.trace
        cluster.trace = []
        if try runSetUp(verb, arguments) { return }
        if try runNetwork(verb, arguments) { return }
        if try runNode(verb, arguments) { return }
        if try runReport(verb, arguments) { return }
        throw ScenarioError(description: "unknown command: \(line)")
    }

    private func node(_ words: [String], _ position: Int) throws -> NodeID {
        guard position < words.count, let id = NodeID(name: words[position]),
            id.rawValue <= cluster.nodes.count
        else { throw ScenarioError(description: "no node at \(position) of \(words)") }
        return id
    }

    private func number(_ words: [String], _ position: Int) -> UInt64? {
        position < words.count ? UInt64(words[position]) : nil
    }

    /// The words after `key=`, separated by commas.
    private func list(_ words: [String], _ key: String) -> [String] {
        guard let word = words.first(where: { $0.hasPrefix(key + "=") }) else { return [] }
        return word.dropFirst(key.count + 1).split(separator: ",").map(String.init)
    }

    private func nodes(_ words: [String], _ key: String) -> [NodeID] {
        list(words, key).compactMap { NodeID(name: $0) }
    }

    // MARK: Setting up

    private mutating func runSetUp(_ verb: String, _ words: [String]) throws -> Bool {
        switch verb {
        case "options":
            for word in words { try set(word) }
        case "nodes":
            guard let count = number(words, 0) else {
                throw ScenarioError(description: "how many nodes?")
            }
            var logs: [NodeID: [UInt64]] = [:]
            for id in (1...count).map({ NodeID($0) }) {
                logs[id] = list(words, id.description).compactMap { UInt64($0) }
            }
            let voters = nodes(words, "voters")
            let configuration =
                voters.isEmpty
                ? nil
                : ConfState(
                    voters: voters, votersOutgoing: nodes(words, "outgoing"),
                    learners: nodes(words, "learners"))
            cluster = Cluster(
                Int(count), options: options, configuration: configuration, logs: logs,
                term: list(words, "term").first.flatMap { UInt64($0) } ?? 0)
            cluster.isTracing = true
        default: return false
        }
        return true
    }

    private mutating func set(_ word: String) throws {
        let parts = word.split(separator: "=").map(String.init)
        guard parts.count == 2, let value = Int(parts[1]) else {
            throw ScenarioError(description: "option \(word)")
        }
        switch parts[0] {
        case "inflight": options.inflightMessagesMax = value
        case "append-entries": options.appendEntriesMax = value
        case "retained":
            options.retainedBytesMax = value
            options.graceBytesMax = 0
        default: throw ScenarioError(description: "option \(word)")
        }
    }

    // MARK: Network and time

    private mutating func runNetwork(_ verb: String, _ words: [String]) throws -> Bool {
        switch verb {
        case "settle": cluster.settle()
        case "deliver": each(words) { $0.deliver(at: $1) }
        case "drop": each(words) { $0.lose($0.network.remove(at: $1)) }
        case "duplicate":
            if let position = cluster.network.firstIndex(where: { matches($0.message, words) }) {
                cluster.hand(over: cluster.network[position])
            }
        case "cut":
            for word in words {
                let ends = word.split(separator: "-").map { $0.filter { $0 != ">" } }
                let ids = ends.compactMap { NodeID(name: String($0)) }
                guard ids.count == 2 else { throw ScenarioError(description: "link \(word)") }
                cluster.cut.append(ids)
                if !word.contains(">") { cluster.cut.append([ids[1], ids[0]]) }
            }
        case "isolate":
            let id = try node(words, 0)
            cluster.partition([id], cluster.ids.filter { $0 != id })
        case "heal": cluster.cut = []
        case "wait": cluster.now = cluster.now.advanced(milliseconds: number(words, 0) ?? 0)
        case "advance": cluster.advance(number(words, 0) ?? 0)
        case "quiet": cluster.isTracing = false
        case "loud": cluster.isTracing = true
        default: return false
        }
        return true
    }

    /// Whether a message is meant by words such as `n1->n2`, `->n2`, `n1->` and a kind.
    private func matches(_ message: Message, _ words: [String]) -> Bool {
        let kind = Trace.line(message.body).split(separator: " ")[0]
        return words.allSatisfy { word in
            guard word.contains("->") else { return word == kind }
            return "\(message.from)->\(message.to)".hasPrefix(word)
                || "\(message.from)->\(message.to)".hasSuffix(word)
        }
    }

    /// Does something with each message that is on its way now and meant by `words`, in order.
    private mutating func each(_ words: [String], _ body: (inout Cluster, Int) -> Void) {
        var pending = cluster.network.count
        var position = 0
        while pending > 0 {
            pending -= 1
            if matches(cluster.network[position].message, words) {
                body(&cluster, position)
            } else {
                position += 1
            }
        }
    }

    // MARK: Nodes

    private mutating func runNode(_ verb: String, _ words: [String]) throws -> Bool {
        switch verb {
        case "timer", "campaign":
            let id = try node(words, 0)
            if let deadline = cluster[id].core.deadline {
                cluster.now = max(cluster.now, deadline)
            }
            cluster.step(id, .timer)
        case "elect": cluster.elect(try node(words, 0))
        case "propose":
            let id = try node(words, 0)
            for text in words.dropFirst() {
                do {
                    try cluster.propose(id, text)
                } catch {
                    output.append("\(id) refuses \(text): \(error)")
                }
            }
        case "read": cluster.read(try node(words, 0), context: number(words, 1) ?? 0)
        case "lost":
            let loss: ConnectionLoss = words.last == "silent" ? .silent : .closed
            cluster.step(try node(words, 0), .connectionLost(try node(words, 1), loss))
        case "connected":
            cluster.step(try node(words, 0), .connected(try node(words, 1)))
        case "transfer":
            let target = words.last == "best" ? nil : try node(words, 1)
            cluster.step(try node(words, 0), .transferLeadership(to: target))
        case "stepdown":
            let id = try node(words, 0)
            cluster[id].core.stepDown(now: cluster.now)
            cluster.drain(id)
        case "configure": try configure(words)
        case "change": try change(words)
        case "permit":
            if words.first == "all" {
                cluster.permitsDropping = true
            } else {
                let id = try node(words, 0)
                cluster[id].core.permitDropping()
                cluster.drain(id)
            }
        default: return try runDisk(verb, words)
        }
        return true
    }

    private mutating func runDisk(_ verb: String, _ words: [String]) throws -> Bool {
        let count = number(words, 1).map { Int($0) }
        switch verb {
        case "slow": cluster.slowDisks.append(try node(words, 0))
        case "fast":
            let id = try node(words, 0)
            cluster.slowDisks.removeAll { $0 == id }
            cluster.persist(id)
        case "persist": cluster.persist(try node(words, 0), count: count)
        case "full":
            cluster.step(try node(words, 0), .storageFull(words.last == "on"))
        case "compact": cluster.compact(try node(words, 0))
        case "install": cluster.install(try node(words, 0))
        case "crash": cluster.crash(try node(words, 0), keepingWrites: count ?? 0)
        case "restart": cluster.restart(try node(words, 0))
        case "term":
            // Only for a node that is down: the term on its disk.
            cluster[try node(words, 0)].disk.hardState.term = Term(number(words, 1) ?? 0)
        default: return false
        }
        return true
    }

    private mutating func configure(_ words: [String]) throws {
        let id = try node(words, 0)
        let next = ConfState(
            voters: nodes(words, "voters"), votersOutgoing: nodes(words, "outgoing"),
            learners: nodes(words, "learners"), learnersNext: nodes(words, "next"))
        let moment = cluster.now
        let made = try cluster[id].core.proposeConfiguration(next, now: moment)
        if made == nil { output.append("\(id) refuses the configuration") }
        cluster.drain(id)
    }

    private mutating func change(_ words: [String]) throws {
        let id = try node(words, 0)
        let named = words.dropFirst(2).flatMap { $0.split(separator: ",") }
            .compactMap { NodeID(name: String($0)) }
        let change: MembershipChange
        switch (words.dropFirst().first, named.count) {
        case ("add", 1): change = .addLearner(named[0])
        case ("promote", _): change = .promote(named)
        case ("demote", _): change = .demote(named)
        case ("remove", _): change = .remove(named)
        case ("replace", 2): change = .replace(named[0], by: named[1])
        default: throw ScenarioError(description: "change \(words)")
        }
        do {
            _ = try cluster.change(id, change)
        } catch {
            output.append("\(id) refuses: \(error)")
        }
    }

    // MARK: Reports

    private mutating func runReport(_ verb: String, _ words: [String]) throws -> Bool {
        switch verb {
        case "status": output += status(try node(words, 0))
        case "log":
            for id in words.isEmpty ? cluster.ids : [try node(words, 0)] {
                let retained = cluster[id].core.retainedLog
                let entries = cluster[id].core.entries(
                    in: LogIndex(1)...max(LogIndex(1), retained.last))
                output.append("\(id) log \(entries.map(Trace.line).joined(separator: " "))")
            }
        case "network":
            output += cluster.network.map { "  \(Trace.line($0.message))" }
        default: return false
        }
        return true
    }

    private func status(_ id: NodeID) -> [String] {
        let status = cluster[id].core.status
        let first =
            "\(id) \(status.role) term=\(status.term.rawValue) leader=\(Trace.name(status.leader))"
            + " commit=\(status.commit.rawValue) applied=\(status.applied.rawValue)"
            + " last=\(Trace.line(status.last)) durable=\(status.durable.rawValue)"
            + " reads=\(status.pendingReads)"
            + (status.isTransferring ? " transfer=\(Trace.name(status.transferTarget))" : "")
        return [first]
            + status.peers.map { peer in
                "  \(peer.id) \(peer.state.rawValue) match=\(peer.match.rawValue)"
                    + " next=\(peer.next.rawValue) inflight=\(peer.inflightCount)"
                    + (peer.isActive ? "" : " inactive")
            }
    }
}
