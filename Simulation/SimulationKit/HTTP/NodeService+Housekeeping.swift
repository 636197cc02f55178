import AuthCore
import AuthService
import ByteCodec
import Cryptography
import RaftCore
import Replica
import StateStore

// What a node does by itself, at the pace of the server's housekeeping.

extension NodeService {
    /// How often samples are taken, in microseconds.
    static let sampleMicroseconds: UInt64 = 50_000

    /// How often each thing is done, in samples.
    private enum Every {
        static let probe: UInt64 = 4
        static let settling: UInt64 = 2
        static let keys: UInt64 = 4
        static let events: UInt64 = 4
        static let sweep: UInt64 = 40
        static let rotation: UInt64 = 20
    }

    /// Takes one sample and does what is due.
    func tick() {
        ticks += 1
        keepForLater()
        sample()
        claimBudgets()
        if ticks % Every.probe == 0 { probe() }
        if ticks % Every.keys == 0 || opened == nil { refreshKeys() }
        if !isSettled, ticks % Every.settling == 0 { settle() }
        if ticks % Every.events == 0 {
            flush()
        }
        if ticks % Every.sweep == 0, process.glance.role == .leader, opened != nil {
            propose(Command(.sweep(.init(limit: 200)), header: CommandHeader(actor: .node)))
        }
        if ticks % Every.rotation == 0 { rotateSigningKeys() }
    }

    /// Puts another key in the place of an old one, as the server's housekeeping does.
    private func rotateSigningKeys() {
        guard process.glance.role == .leader, let opened else { return }
        do {
            let due = try store.read { try KeyRotation.due($0, opened.tokens) }
            if let operation = try due?.operation(opened.keys, random) {
                propose(Command(operation, header: CommandHeader(actor: .node)))
            }
        } catch {
            world.oracle.fail("keys", "n\(node + 1) cannot rotate the signing keys: \(error)")
        }
    }

    // MARK: Facts

    private func sample() {
        let current = availability
        let now = steady
        guard !isDraining else {
            facts.isDraining = true
            facts.ready = .unavailable("draining")
            facts.writes = facts.ready
            facts.validations = facts.ready
            return
        }
        writes.observe(current.writes, now: now)
        let holdsLease = world.leases[node].map { $0.end > now } ?? false
        validations.observe(holdsLease ? .available : current.reads, now: now)
        facts.ready = current.reads
        facts.writes = writes.current
        facts.validations = validations.current
    }

    private var availability: (reads: Availability, writes: Availability) {
        func both(_ reason: String) -> (Availability, Availability) {
            (.unavailable(reason), .unavailable(reason))
        }
        guard process.glance.leader != nil else { return both("no leader") }
        guard let confirmedAt, steady.nanoseconds(since: confirmedAt) <= 1_000_000_000 else {
            return both("no quorum answers")
        }
        guard opened != nil else { return both("the cluster is being made") }
        return (.available, process.isStorageFull ? .unavailable("the disk is full") : .available)
    }

    private func probe() {
        guard !isProbing else { return }
        isProbing = true
        let asked = steady
        let ticket = world.takeTicket()
        world.http?.expect(ticket, .probe(node: node, epoch: process.epoch, asked: asked))
        world.give(
            .confirmRead(ticket, deadline: asked.advanced(milliseconds: 500)), to: process, node)
    }

    // MARK: Keys

    private func refreshKeys() {
        do {
            let row: (facts: ClusterRow, keyring: KeyringRow)? = try store.read { view in
                guard let facts = try ClusterRow.read(view), let keyring = try KeyringRow.read(view)
                else { return nil }
                return (facts, keyring)
            }
            guard let row, row.keyring.version != keyringVersion else { return }
            let keyring = try Keyring(
                row: row.keyring.keyring.bytes, under: Self.rootKey, clusterID: Self.clusterID)
            let key = SecretBytes(copying: row.facts.tokenBlockKey)
            let policy =
                world.options.mix.contains(.accessTokens) ? HTTPLayer.accessTokens : nil
            opened = (
                ServiceKeys(keyring: keyring), try TokenCodec(blockKey: key, accessTokens: policy)
            )
            keyringVersion = row.keyring.version
        } catch {
            world.oracle.fail("keys", "n\(node + 1) cannot open the keyring: \(error)")
        }
    }

    private static let clusterID = ClusterID(bits: 7).bytes
    private static let rootKey = RootKey(
        key: SecretBytes(copying: [UInt8](repeating: 7, count: 32)))

    // MARK: Settling

    /// Makes the cluster, if nobody has, and registers this node, if its row is not there.
    private func settle() {
        guard !isSettling else { return }
        do {
            let id = NodeID(UInt64(node + 1))
            let (isBootstrapped, member) = try store.read { view in
                (view.meta.isBootstrapped, try MemberRow.read(id, view))
            }
            if isBootstrapped, member != nil {
                isSettled = true
                return
            }
            guard isBootstrapped || process.glance.role == .leader else { return }
            isSettling = true
            let operation: Command.Operation =
                if isBootstrapped {
                    .registerMember(
                        .init(
                            node: id, incarnation: Incarnation(id.rawValue),
                            url: Text("http://\(id)"), peer: Text("\(id)"), version: "0.1.0",
                            featureLevel: world.machine.supports))
                } else {
                    try bootstrap()
                }
            proposeAlone(
                Command(operation, header: CommandHeader(actor: .node)), milliseconds: 5_000,
                .settling(node: node, epoch: process.epoch))
        } catch {
            world.oracle.fail("keys", "n\(node + 1) cannot settle: \(error)")
        }
    }

    private func bootstrap() throws -> Command.Operation {
        let keyring = Keyring.make(clusterID: Self.clusterID, at: wall, random: random)
        let row = try keyring.sealedRow(under: Self.rootKey, random: random)
        guard let name = UserName(Account.administrator),
            let password = world.http?.hashed(Account.administratorPassword)
        else { preconditionFailure("the first user has a name and a password") }
        return .bootstrap(
            .init(
                cluster: ClusterID(bits: 7), tokenBlockKey: random.bytes(32),
                keyring: SealedBlob(term: Self.rootKey.version, bytes: row),
                administrator: UserID(bits: random.bytes(16).reduce(0) { $0 << 8 | UInt128($1) }),
                username: name, password: password,
                configuration: ConfState(
                    voters: (1...UInt64(world.options.nodes)).map { NodeID($0) }),
                featureLevel: world.machine.supports))
    }

    // MARK: Proposals that nobody waits for

    /// Proposes what has gathered.
    private func flush() {
        do {
            try tell()
        } catch {
            world.oracle.fail("keys", "n\(node + 1) cannot tell of uses: \(error)")
        }
        let batch = Array(events.prefix(Limits.auditBatch))
        events.removeFirst(batch.count)
        if !batch.isEmpty {
            propose(
                Command(.recordAudit(.init(events: batch)), header: CommandHeader(actor: .node)))
        }
    }

    /// Tells of uses or usage when it is this node's turn.
    private func tell() throws {
        let needs = TellingTurns.Needs(uses, usage)
        guard needs.isAny else { return }
        let nodes = try store.read { $0.meta.configuration.members.count }
        guard let kind = turns.next(at: steady, nodes: nodes, needs: needs) else { return }
        let touches: Command.Operation?
        switch kind {
        case .sessions:
            touches = try store.read { view in
                try UseGathering.sessionBatch(
                    locked: { $0(&uses) },
                    idleEnd: { try SessionRow.read($0, view)?.idleExpiresAt })
            }
        case .keys: touches = uses.keyBatch()
        case .usage: return tellUsage()
        }
        if let touches { propose(Command(touches, header: CommandHeader(actor: .node))) }
    }

    func proposeAlone(_ command: Command, milliseconds: UInt64, _ waiter: HTTPLayer.Waiter) {
        guard !process.isStopping, world.now < world.quietFrom else { return }
        let bytes = command.encoded()
        world.history.background(bytes)
        let ticket = world.takeTicket()
        world.http?.expect(ticket, waiter)
        world.give(
            .propose(
                ticket, command: bytes, isNarrowing: command.isNarrowing,
                deadline: steady.advanced(milliseconds: milliseconds)), to: process, node)
    }
}
