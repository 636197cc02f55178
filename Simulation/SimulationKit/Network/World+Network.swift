import ByteCodec
import RaftCore
import RaftWire
import Replica

// Messages and connections.

extension World {
    /// Hands a message to the transport: encoded, as it would go over a wire.
    func send(_ message: PeerMessage, from: Int, to: Int) {
        guard from != to, nodes.indices.contains(to) else { return }
        let message = canary == .forgedVote ? message.forged : message
        let recorded = recording?.sent(message, from, to, at: now)
        let connection = network[connection: from, to]
        guard connection.isUp else {
            if options.isQueuedWhileDown, connection.queue.count < 32 {
                network[connection: from, to].queue.append((message.encoded(), recorded))
            } else {
                recording?.ended(recorded, .dropped, at: now)
            }
            return
        }
        var copies = 1
        // The transport hands on at most once; only the core's own messages have to bear more.
        if case .raft = message, isStormy {
            if isDrawn(options.loss, from, to) { copies = 0 }
            if isDrawn(options.duplication, from, to) { copies += 1 }
        }
        guard copies > 0 else {
            counters[.messagesLost] += 1
            recording?.ended(recorded, .lost, at: now)
            return
        }
        let packet = Packet(
            from: from, to: to, run: connection.run, connection: connection.epoch,
            bytes: message.encoded(), recorded: recorded)
        let isOfLease = message.isOfLease
        for _ in 0..<copies { transmit(packet, isOfLease: isOfLease) }
    }

    private func transmit(_ packet: Packet, isOfLease: Bool = false) {
        let (from, to) = (packet.from, packet.to)
        guard network[link: from, to].inFlight < options.queueMax else {
            counters[.messagesLost] += 1
            recording?.ended(packet.recorded, .lost, at: now)
            return
        }
        var departure = now
        if options.bandwidth > 0 {
            // Bytes in a millisecond; messages wait for those before them.
            departure = max(now, network[link: from, to].freeAt)
            departure += UInt64(packet.bytes.count) * 1_000 / options.bandwidth
            network[link: from, to].freeAt = departure
        }
        var arrival = departure + latency(from, to)
        if isOfLease, isStormy, options.leaseDelayMax > 0,
            network[link: from, to].random.chance(1, in: 4)
        {
            // It is overtaken by everything else.
            arrival += network[link: from, to].random.upTo(options.leaseDelayMax)
        } else if !options.isReordering {
            arrival = max(arrival, network[link: from, to].lastArrival)
            network[link: from, to].lastArrival = arrival
        }
        network[link: from, to].inFlight += 1
        queue.schedule(.deliver(packet), at: arrival)
    }

    private func isDrawn(_ chance: UInt64, _ from: Int, _ to: Int) -> Bool {
        chance > 0 && network[link: from, to].random.chance(chance, in: 65_536)
    }

    /// How long something takes over a link.
    func latency(_ from: Int, _ to: Int) -> UInt64 {
        let link = network[link: from, to].random.delay(
            options.latencyMin, options.latencySpread, tail: isStormy ? options.latencyTail : 0,
            oneIn: 256)
        return link + network[link: from, to].extra
    }

    func deliver(_ packet: Packet) {
        let (from, to) = (packet.from, packet.to)
        network[link: from, to].inFlight -= 1
        if network.isCut(from, to) {
            if options.isHeldThroughCuts, network[link: from, to].held.count < 32 {
                network[link: from, to].held.append(packet)
            } else {
                counters[.messagesLost] += 1
            }
            recording?.ended(packet.recorded, .stuck, at: now)
            return
        }
        guard let process = nodes[to].process, isFor(process, packet),
            !process.isPaused || process.inbox.count < 4_096
        else {
            recording?.ended(packet.recorded, .dropped, at: now)
            return
        }
        note(7, to, TraceHash.digest(packet.bytes) >> 16)
        counters[.messages] += 1
        recording?.ended(packet.recorded, .arrived, at: now)
        do {
            let message = try PeerMessage(decoding: packet.bytes)
            give(.received(message, from: nodes[from].id), to: process, to)
        } catch {
            oracle.fail("wire", "n\(to + 1) cannot read what n\(from + 1) sent: \(error)")
        }
    }

    /// Whether a process gets a message: with its connection ends what was on its way, unless
    /// something between the nodes keeps it.
    private func isFor(_ process: SimulatedNode.Process, _ packet: Packet) -> Bool {
        process.epoch == packet.run || options.isOutlivingRestarts && isStormy
    }

    // MARK: Connections

    /// A process begins to connect to everybody.
    func dialAll(_ node: Int, _ epoch: UInt64) {
        for peer in nodes.indices where peer != node {
            network[connection: node, peer] = Network.Connection(
                epoch: network[connection: node, peer].epoch + 1)
            schedule(.dial(from: node, to: peer, epoch: epoch), in: latency(node, peer))
        }
    }

    func dial(_ from: Int, _ to: Int, _ epoch: UInt64) {
        guard let caller = process(from, epoch), !network[connection: from, to].isUp,
            nodes[to].isUsed
        else { return }
        guard network.isConnectable(from, to), !caller.isPaused,
            let other = nodes[to].process, !other.isPaused
        else {
            // Refused at once by a machine without the process, otherwise a silence.
            let isRefused = network.isConnectable(from, to) && !nodes[to].isOff
            return schedule(
                .dial(from: from, to: to, epoch: epoch),
                in: isRefused
                    ? 30_000 + nodes[from].random.upTo(40_000)
                    : 100_000 + nodes[from].random.upTo(200_000))
        }
        schedule(
            .dialled(from: from, to: to, epoch: epoch, run: other.epoch),
            in: latency(from, to) + latency(to, from))
    }

    func dialled(_ from: Int, _ to: Int, _ epoch: UInt64, run: UInt64) {
        guard let caller = process(from, epoch), !network[connection: from, to].isUp else {
            return
        }
        guard network.isConnectable(from, to), process(to, run) != nil else {
            return schedule(.dial(from: from, to: to, epoch: epoch), in: 50_000)
        }
        network[connection: from, to].isUp = true
        network[connection: from, to].epoch += 1
        network[connection: from, to].run = run
        let connection = network[connection: from, to]
        network[connection: from, to].queue = []
        note(8, from, UInt64(to))
        for (bytes, recorded) in connection.queue {
            transmit(
                Packet(
                    from: from, to: to, run: run, connection: connection.epoch, bytes: bytes,
                    recorded: recorded))
        }
        give(.connected(nodes[to].id), to: caller, from)
    }

    func lost(_ from: Int, _ to: Int, connection: UInt64, isClosed: Bool) {
        guard network[connection: from, to].epoch == connection,
            network[connection: from, to].isUp, let process = nodes[from].process
        else { return }
        network[connection: from, to].isUp = false
        network[connection: from, to].epoch += 1
        counters[.connectionsLost] += 1
        note(9, from, UInt64(to))
        let loss: ConnectionLoss = isClosed ? .closed : .silent
        give(.connectionLost(nodes[to].id, loss), to: process, from)
        schedule(.dial(from: from, to: to, epoch: process.epoch), in: latency(from, to))
    }

    func silence(_ from: Int, _ to: Int, era: UInt64, connection: UInt64) {
        guard network[link: from, to].era == era else { return }
        lost(from, to, connection: connection, isClosed: false)
    }

    /// Everybody's connections to a node are dead, and who can hear of it does.
    func hangUp(on node: Int) {
        for peer in nodes.indices where peer != node {
            let connection = network[connection: peer, node]
            guard connection.isUp else { continue }
            let isHeard = network.isConnectable(peer, node) && !nodes[node].isOff
            schedule(
                .lost(
                    from: peer, to: node, connection: connection.epoch, isClosed: isHeard),
                in: isHeard ? latency(node, peer) : options.silenceMax)
        }
    }

    // MARK: Cuts

    func impose(_ number: Int) {
        guard isStormy else { return }
        for link in cuts[number] {
            let (from, to) = (link.from, link.to)
            network[link: from, to].cuts += 1
            guard network[link: from, to].cuts == 1 else { continue }
            network[link: from, to].era += 1
            // Either side's connection needs both directions.
            for (a, b) in [(from, to), (to, from)] where network[connection: a, b].isUp {
                let connection = network[connection: a, b].epoch
                schedule(
                    .silence(
                        from: a, to: b, era: network[link: a, b].era, connection: connection),
                    in: options.silenceMax + nodes[a].random.upTo(100_000))
            }
        }
    }

    func heal(_ number: Int) {
        for link in cuts[number] where network[link: link.from, link.to].cuts > 0 {
            let (from, to) = (link.from, link.to)
            network[link: from, to].cuts -= 1
            guard network[link: from, to].cuts == 0 else { continue }
            network[link: from, to].era += 1
            let held = network[link: from, to].held
            network[link: from, to].held = []
            // What a kernel still tries to deliver arrives now, unless its socket was closed.
            for packet in held where network[connection: from, to].epoch == packet.connection {
                transmit(packet)
            }
        }
    }
}

extension PeerMessage {
    /// Whether it asks for a lease or grants one.
    fileprivate var isOfLease: Bool {
        switch self {
        case .leaseAsk, .leaseGrant: true
        default: false
        }
    }

    /// The same, but that a refused vote is a granted one.
    fileprivate var forged: PeerMessage {
        guard case .raft(let inner) = self, case .voteReply(granted: false) = inner.body else {
            return self
        }
        return .raft(
            Message(
                from: inner.from, to: inner.to, term: inner.term,
                body: .voteReply(granted: true)))
    }
}
