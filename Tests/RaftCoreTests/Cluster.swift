import RaftCore

/// A cluster in memory: cores, disks that lose what was not synced, and a network that delivers
/// what the test says. No time passes but by `advance`.
struct Cluster {
    /// What stands in for a node's disk and state machine.
    struct Disk {
        var hardState = HardState()
        var logStart = EntryID.zero
        var entries: [Entry] = []
        /// The state machine's durable state: everything up to and with `last` is applied.
        var snapshot: SnapshotMetadata
        /// A rolling hash of everything applied, which stands for the state.
        var stateHash: UInt64 = 0

        var lastIndex: LogIndex { logStart.index + entries.count }

        func term(at index: LogIndex) -> Term? {
            if index == logStart.index { return logStart.term }
            guard index > logStart.index, index <= lastIndex else { return nil }
            return entries[Int(index.distance(from: logStart.index)) - 1].term
        }

        mutating func write(_ request: PersistRequest) {
            if let hardState = request.hardState { self.hardState = hardState }
            guard let first = request.entries.first else { return }
            precondition(first.index > logStart.index, "a write before the log")
            precondition(first.index <= lastIndex.next, "a gap on disk")
            entries.removeLast(Int(lastIndex.next.distance(from: first.index)))
            entries += request.entries
        }

        mutating func reset(to snapshot: SnapshotMetadata, stateHash: UInt64) {
            self.snapshot = snapshot
            self.stateHash = stateHash
            logStart = snapshot.last
            entries = []
        }

        var restored: RestoredState {
            RestoredState(
                hardState: hardState, snapshot: snapshot, logStart: logStart, entries: entries)
        }
    }

    struct Node {
        var core: RaftCore
        var disk: Disk
        /// Asked of the disk and not done: lost in a crash.
        var writes: [PersistRequest] = []
        /// Given out for applying and not applied.
        var applying: [Entry] = []
        /// The state in memory, which a crash takes back to the disk's.
        var applied: SnapshotMetadata
        var stateHash: UInt64 = 0
        var isUp = true
        var run: UInt64 = 1
        var installing: SnapshotMetadata?
        var installingHash: UInt64 = 0
        var readStates: [ReadState] = []
        var droppedReads: [UInt64] = []
        var proposed: [EntryID] = []
    }

    /// What is on its way: a message, and for a snapshot the state that it stands for.
    struct Envelope: Equatable {
        var message: Message
        var stateHash: UInt64 = 0
    }

    let options: RaftOptions
    var nodes: [Node]
    var network: [Envelope] = []
    var now = SteadyTime(nanoseconds: 1_000_000_000)
    /// Links that swallow everything, sorted pairs of sender and receiver.
    var cut: [[NodeID]] = []
    /// Called with each `Ready` as it is taken.
    var seed: UInt64
    /// What happened, one line each, for scenarios.
    var trace: [String] = []
    var isTracing = false
    /// Whether disks and state machines finish at once.
    var isDiskFast = true
    var isApplyFast = true
    /// Disks that finish nothing by themselves.
    var slowDisks: [NodeID] = []
    /// Whether who leaves may be dropped as soon as the core asks: nobody holds a lease here.
    var permitsDropping = false

    init(
        _ count: Int, options: RaftOptions = RaftOptions(), seed: UInt64 = 1,
        configuration: ConfState? = nil, logs: [NodeID: [UInt64]] = [:], term: UInt64 = 0
    ) {
        self.options = options
        self.seed = seed
        let conf = configuration ?? .voters(1...UInt64(count))
        let now = self.now
        nodes = (1...UInt64(count)).map { number in
            let id = NodeID(number)
            // Who is to join knows nobody yet.
            let known = conf.members.contains(id) ? conf : ConfState(voters: [])
            var disk = Disk(snapshot: SnapshotMetadata(last: .zero, configuration: known))
            disk.entries = Entry.log(logs[id] ?? [])
            disk.hardState.term = Term(max(term, logs[id]?.last ?? 0))
            let core = RaftCore(
                id: id, options: options, restored: disk.restored, seed: seed &* 1000 &+ number,
                now: now)
            return Node(core: core, disk: disk, applied: disk.snapshot)
        }
    }

    subscript(_ id: NodeID) -> Node {
        get { nodes[Int(id.rawValue) - 1] }
        set { nodes[Int(id.rawValue) - 1] = newValue }
    }

    var ids: [NodeID] { nodes.map(\.core.id) }
    var leaders: [NodeID] {
        nodes.filter { $0.isUp && $0.core.status.role == .leader }.map(\.core.id)
    }

    // MARK: Events

    mutating func step(_ id: NodeID, _ event: Event) {
        guard self[id].isUp else { return }
        self[id].core.step(event, now: now)
        drain(id)
    }

    /// Takes and carries out everything that a node wants done.
    mutating func drain(_ id: NodeID) {
        while true {
            if permitsDropping { self[id].core.permitDropping() }
            self[id].core.checkInvariants()
            let ready = self[id].core.takeReady()
            self[id].core.checkInvariants()
            if ready.isEmpty { break }
            if isTracing { trace += Trace.lines(id, ready) }
            carryOut(ready, of: id)
        }
    }

    private mutating func carryOut(_ ready: Ready, of id: NodeID) {
        network += ready.messages.map { Envelope(message: $0) }
        if let write = ready.persist { self[id].writes.append(write) }
        self[id].applying += ready.committed
        self[id].readStates += ready.readStates
        self[id].droppedReads += ready.droppedReads
        if let install = ready.install { self[id].installing = install }
        for peer in ready.snapshotsToSend { sendSnapshot(from: id, to: peer) }
        if isDiskFast, !slowDisks.contains(id) { finishWrites(id) }
        if isApplyFast { finishApplying(id) }
    }

    private mutating func sendSnapshot(from id: NodeID, to peer: NodeID) {
        let message = Message(
            from: id, to: peer, term: self[id].core.status.term, body: .snapshot(self[id].applied))
        network.append(Envelope(message: message, stateHash: self[id].stateHash))
    }

    private mutating func finishWrites(_ id: NodeID, upTo count: Int? = nil) {
        let finished = self[id].writes.prefix(count ?? self[id].writes.count)
        self[id].writes.removeFirst(finished.count)
        for write in finished { self[id].disk.write(write) }
        for write in finished { self[id].core.step(.persisted(write.token), now: now) }
    }

    private mutating func finishApplying(_ id: NodeID, upTo count: Int? = nil) {
        let finished = self[id].applying.prefix(count ?? self[id].applying.count)
        guard let last = finished.last else { return }
        self[id].applying.removeFirst(finished.count)
        for entry in finished { apply(entry, on: id) }
        self[id].core.step(.applied(last.index), now: now)
    }

    private mutating func apply(_ entry: Entry, on id: NodeID) {
        precondition(
            entry.index == self[id].applied.last.index.next, "\(id) applies out of order")
        self[id].applied.last = EntryID(index: entry.index, term: entry.term)
        if entry.kind == .configuration, let next = try? ConfState(decoding: entry.payload) {
            self[id].applied.configuration = next
        }
        self[id].stateHash = Self.hash(self[id].stateHash, entry)
    }

    static func hash(_ state: UInt64, _ entry: Entry) -> UInt64 {
        var hash = (state ^ entry.index.rawValue) &* 0x100_0000_01B3
        hash = (hash ^ entry.term.rawValue) &* 0x100_0000_01B3
        for byte in entry.payload { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash
    }

    /// Finishes the oldest `count` writes of a disk, or all.
    mutating func persist(_ id: NodeID, count: Int? = nil) {
        guard self[id].isUp else { return }
        finishWrites(id, upTo: count)
        drain(id)
    }

    mutating func apply(_ id: NodeID, count: Int? = nil) {
        guard self[id].isUp else { return }
        finishApplying(id, upTo: count)
        drain(id)
    }

    /// Makes the applied state durable, and lets the core cut its log up to there.
    mutating func compact(_ id: NodeID) {
        guard self[id].isUp, self[id].installing == nil else { return }
        let disk = self[id].disk
        guard self[id].applied.last.index <= disk.lastIndex else { return }
        self[id].disk.snapshot = self[id].applied
        self[id].disk.stateHash = self[id].stateHash
        let cut = self[id].applied.last
        let count = min(disk.entries.count, Int(cut.index.distance(from: disk.logStart.index)))
        self[id].disk.entries.removeFirst(count)
        self[id].disk.logStart = cut
        step(id, .compacted(upTo: cut.index))
    }

    /// Finishes an install: the state is replaced and the log on disk begins anew.
    mutating func install(_ id: NodeID) {
        guard self[id].isUp, let metadata = self[id].installing else { return }
        self[id].installing = nil
        // Earlier writes are before the reset in the one ordered stream.
        finishWrites(id)
        self[id].disk.reset(to: metadata, stateHash: self[id].installingHash)
        self[id].applied = metadata
        self[id].stateHash = self[id].installingHash
        self[id].applying = []
        step(id, .snapshotInstalled(metadata))
    }

    mutating func crash(_ id: NodeID, keepingWrites count: Int = 0) {
        guard self[id].isUp else { return }
        for write in self[id].writes.prefix(count) { self[id].disk.write(write) }
        self[id].isUp = false
        self[id].writes = []
        self[id].applying = []
        self[id].installing = nil
        self[id].applied = self[id].disk.snapshot
        self[id].stateHash = self[id].disk.stateHash
    }

    mutating func restart(_ id: NodeID) {
        guard !self[id].isUp else { return }
        self[id].isUp = true
        self[id].run += 1
        self[id].core = RaftCore(
            id: id, options: options, restored: self[id].disk.restored,
            seed: seed &* 1000 &+ id.rawValue &+ self[id].run &* 7919, now: now)
        drain(id)
    }

    mutating func propose(_ id: NodeID, _ text: String) throws(ProposalRefusal) {
        let made = try self[id].core.propose([Array(text.utf8)], now: now)
        self[id].proposed += made
        drain(id)
    }

    mutating func change(
        _ id: NodeID, _ change: MembershipChange
    ) throws(MembershipRefusal) -> MembershipStep {
        let step = try self[id].core.change(change, now: now)
        self[id].proposed.append(step.entry)
        drain(id)
        return step
    }

    mutating func read(_ id: NodeID, context: UInt64) {
        guard self[id].isUp else { return }
        self[id].core.readIndex(context: context, now: now)
        drain(id)
    }

    // MARK: Network and time

    func isCut(_ from: NodeID, _ to: NodeID) -> Bool { cut.contains([from, to]) }

    /// Cuts every link between two groups, in both directions.
    mutating func partition(_ left: [NodeID], _ right: [NodeID]) {
        for a in left {
            for b in right { cut += [[a, b], [b, a]] }
        }
    }

    /// Delivers what stands at `position`; lost if the link is cut or the receiver is down.
    mutating func deliver(at position: Int) {
        let envelope = network.remove(at: position)
        hand(over: envelope)
    }

    /// Something does not arrive. The sender of a snapshot notices, since it is a stream.
    mutating func lose(_ envelope: Envelope) {
        let message = envelope.message
        guard case .snapshot(let metadata) = message.body else { return }
        step(
            message.from,
            .snapshotSent(to: message.to, metadata: metadata, succeeded: false))
    }

    mutating func hand(over envelope: Envelope) {
        let message = envelope.message
        guard !isCut(message.from, message.to), self[message.to].isUp else {
            lose(envelope)
            return
        }
        if isTracing { trace.append("> \(Trace.line(message))") }
        guard case .snapshot(let metadata) = message.body else {
            step(message.to, .message(message))
            return
        }
        // A snapshot comes past the core, in whatever term it was asked for.
        let wasInstalling = self[message.to].installing
        self[message.to].core.snapshotReceived(metadata, from: message.from, now: now)
        drain(message.to)
        if wasInstalling == nil, self[message.to].installing == metadata {
            self[message.to].installingHash = envelope.stateHash
            if isDiskFast, !slowDisks.contains(message.to) { install(message.to) }
        }
        // The stream's end, as the sender sees it.
        step(message.from, .snapshotSent(to: message.to, metadata: metadata, succeeded: true))
    }

    /// Delivers in order of sending until nothing is on its way.
    mutating func settle(limit: Int = 10_000) {
        var count = 0
        while !network.isEmpty {
            precondition(count < limit, "messages without end")
            count += 1
            deliver(at: 0)
        }
    }

    /// Moves the clock, fires what is due in order of time, and delivers everything at once.
    mutating func advance(_ milliseconds: UInt64) {
        let end = now.advanced(milliseconds: milliseconds)
        while let next = nextDeadline, next.1 <= end {
            now = max(now, next.1)
            step(next.0, .timer)
            settle()
        }
        now = end
    }

    private var nextDeadline: (NodeID, SteadyTime)? {
        var best: (NodeID, SteadyTime)?
        for node in nodes where node.isUp {
            guard let deadline = node.core.deadline else { continue }
            if deadline < best?.1 ?? SteadyTime(nanoseconds: .max) {
                best = (node.core.id, deadline)
            }
        }
        return best
    }

    /// Lets `id` be elected: its timer fires first, and everything is delivered.
    mutating func elect(_ id: NodeID) {
        // Its followers must have lost their leader, if they had one.
        for other in ids where other != id {
            if let leader = self[other].core.status.leader {
                step(other, .connectionLost(leader, .closed))
            }
        }
        if let deadline = self[id].core.deadline { now = max(now, deadline) }
        step(id, .timer)
        settle()
    }
}
