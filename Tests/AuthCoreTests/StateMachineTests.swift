import ByteCodec
import RaftCore
import Testing

@testable import AuthCore

@Suite struct StateMachineTests {
    @Test("An empty entry moves the applied index and nothing else")
    func emptyEntry() throws {
        let tables = InMemoryTables()
        let applied = try House.apply(
            [Entry(index: LogIndex(1), term: Term(1), kind: .empty, payload: [])], to: tables)
        let meta = try StateMeta.read(tables)
        #expect(applied[0].outcome.isEmpty && applied[0].proposal == nil)
        #expect(meta.applied == EntryID(index: LogIndex(1), term: Term(1)))
        #expect(meta.rowsHash == .empty)
        #expect(meta.digest != StateMeta().digest)
    }

    @Test("A configuration entry changes the configuration of the state")
    func configuration() throws {
        let tables = InMemoryTables()
        let configuration = ConfState(voters: [NodeID(1), NodeID(2), NodeID(3)])
        let entry = Entry(
            index: LogIndex(1), term: Term(1), kind: .configuration,
            payload: configuration.encoded())
        _ = try House.apply([entry], to: tables)
        #expect(try StateMeta.read(tables).configuration == configuration)
    }

    @Test("A configuration that cannot be read is damage, and nothing goes on")
    func damagedConfiguration() throws {
        let entry = Entry(
            index: LogIndex(1), term: Term(1), kind: .configuration, payload: [9])
        #expect(throws: StateDamage.self) { try House.apply([entry], to: InMemoryTables()) }
    }

    @Test("A command that cannot be read has an outcome and no other effect")
    func undecodable() throws {
        var house = try House.open()
        for bytes in [[], [1], [0xFF, 0, 1]] as [[UInt8]] {
            #expect(try house.apply(bytes: bytes).refusal == .undecodable)
        }
        let raw = Entry(
            index: LogIndex(UInt64(house.log.count) + 1), term: Term(1), kind: .command,
            payload: [1, 2])
        let applied = try House.apply([raw], to: house.tables)[0]
        #expect(applied.proposal == nil)
        #expect(try Outcome(decoding: applied.outcome).refusal == .undecodable)
    }

    @Test("Before the bootstrap every command is refused; the first bootstrap is the only one")
    func bootstrap() throws {
        var house = House()
        let early = try house.apply(house.start(House.adminID), by: .anonymous)
        #expect(early.refusal == .notBootstrapped)
        let first = try house.apply(.bootstrap(House.bootstrap), by: .node)
        guard case .user(let admin) = first.result else {
            Issue.record("\(first)")
            return
        }
        #expect(admin.roles == [BuiltInRole.superAdmin.name])
        var second = House.bootstrap
        second.cluster = ClusterID(bits: 2)
        #expect(try house.apply(.bootstrap(second), by: .node).refusal == .alreadyBootstrapped)
        #expect(try ClusterRow.read(house.tables)?.cluster == House.bootstrap.cluster)
        #expect(try TenantRow.read(named: role("default"), house.tables)?.id == .platform)
        #expect(try KeyringRow.read(house.tables)?.version == 1)
    }

    @Test("A bootstrap from anybody but a node is refused, and so is a malformed one")
    func bootstrapRefused() throws {
        var house = House()
        let byUser = try house.apply(.bootstrap(House.bootstrap), by: .anonymous)
        #expect(byUser.refusal == .insufficientPermissions)
        var short = House.bootstrap
        short.tokenBlockKey = [1]
        #expect(try house.apply(.bootstrap(short), by: .node).refusal == .invalid(.form))
    }

    @Test("A cluster begins with keys, which do what they say and do not come back")
    func bootstrapKeys() throws {
        var house = House()
        var begin = House.bootstrap
        begin.keys = [
            Self.bootstrapKey(1, "all", [.everything]),
            Self.bootstrapKey(2, "ci", [.secretsRead]),
        ]
        _ = try house.apply(.bootstrap(begin), by: .node)
        let all = try #require(try KeyRow.read(imported: digest(1), house.tables))
        let narrow = try #require(try KeyRow.read(imported: digest(2), house.tables))
        #expect(all.id != narrow.id && all.owner == House.adminID && all.expiresAt == nil)
        for key in [all, narrow] {
            let verdict = try decideKey(
                imported: key.digest, from: nil, wall: house.now, house.tables)
            guard case .allow(let facts) = verdict else {
                Issue.record("\(verdict)")
                continue
            }
            #expect(facts.key == key)
        }
        let made = Command.PutRole(
            name: role("r"), condition: .absent, permissions: [.secretsRead], inherits: [])
        let refused = try house.apply(.putRole(made), by: .user(narrow.actor))
        #expect(refused.refusal == .insufficientPermissions)
        #expect(try house.apply(.putRole(made), by: .user(all.actor)).refusal == nil)
        #expect(
            try house.apply(.deleteKey(.init(id: all.id)), by: .user(all.actor)).refusal == nil)
        #expect(try house.apply(.bootstrap(begin), by: .node).refusal == .alreadyBootstrapped)
        #expect(try KeyRow.read(imported: digest(1), house.tables) == nil)
        #expect(try KeyCountRow.read(house.tables) == KeyCountRow(keys: 1, imported: 1))
    }

    private static func bootstrapKey(
        _ number: UInt8, _ name: Text, _ permissions: [Permission]
    ) -> Command.CreateKey {
        .init(
            nonce: UInt64(number), owner: House.adminID, origin: .imported, name: name,
            digest: digest(number), scope: .permissions(permissions), expiry: .never)
    }

    @Test("Keys with which a cluster cannot begin are refused, and nothing is left of them")
    func bootstrapKeysRefused() throws {
        let key = Self.bootstrapKey(1, "k", [.everything])
        let tooMany = (0...Limits.permissionsPerKey).map { permission("p\($0)") }
        var strange = Array(repeating: key, count: 4)
        strange[0].owner = UserID(bits: 7)
        strange[1].origin = .made
        strange[2].scope = .roles([BuiltInRole.superAdmin.name])
        strange[3].expiry = .after(milliseconds: 1)
        let cases: [([Command.CreateKey], UInt32)] = [
            ([key, key], StateMachine.featureLevel), ([key], 1),
            ([Self.bootstrapKey(1, "k", tooMany)], StateMachine.featureLevel),
        ]
        for (keys, level) in cases + strange.map({ ([$0], StateMachine.featureLevel) }) {
            var house = House()
            var begin = House.bootstrap
            begin.keys = keys
            begin.featureLevel = level
            let header = CommandHeader(actor: .node)
            let command = Command(.bootstrap(begin), header: header)
            let refusal = try house.apply(bytes: command.encoded()).refusal
            #expect(refusal == .invalid(.form) || refusal == .undecodable)
            #expect(try !house.meta.isBootstrapped)
            #expect(try house.apply(.bootstrap(House.bootstrap), by: .node).refusal == nil)
        }
    }

    @Test("Stamps never go back, whatever a leader wrote")
    func stamps() throws {
        var house = try House.open()
        let before = try house.meta.lastStamp
        house.now = .zero
        let outcome = try house.apply(.sweep(.init(limit: 1)), by: .node)
        #expect(outcome.stamp == before)
        #expect(try house.meta.lastStamp == before)
    }

    @Test("The latest stamp there is ends everything and stops nothing")
    func latestStamp() throws {
        var house = try House.open()
        let session = try house.startSession(House.adminID)
        house.now = .max
        #expect(try house.apply(.sweep(.init(limit: 9)), by: .node).refusal == nil)
        #expect(try house.verdict(session) == .deny(.ended, isFinal: true))
        #expect(try !isSweepDue(wall: .max, house.tables))
        let request = RequestKey(
            scope: digest(1), subject: 1, body: digest(1), timeToLiveMilliseconds: 1)
        let outcome = try house.apply(
            .putRole(.init(name: role("r"), permissions: [])), by: .node, key: request)
        #expect(outcome.refusal == nil)
    }

    @Test("A release that is older than what the cluster has agreed to applies nothing")
    func featureLevel() throws {
        let house = try House.open()
        var meta = try house.meta
        meta.featureLevel = StateMachine.featureLevel + 1
        try meta.write(house.tables)
        #expect(throws: FeatureLevelTooHigh(cluster: 3)) { try House.apply([], to: house.tables) }
    }

    @Test("A tenant that is not there is told from nothing else")
    func unknownTenant() throws {
        var house = try House.open()
        let outcome = try house.apply(
            .deleteUser(.init(id: House.adminID)), by: house.admin, in: TenantID(bits: 42))
        #expect(outcome.refusal == .notFound(.tenant))
    }

    @Test("What only nodes do is refused to everybody else")
    func nodeOnly() throws {
        var house = try House.open()
        for operation in [
            Command.Operation.sweep(.init(limit: 1)), .touchSessions(.init(touches: [])),
            .registerMember(member(1)),
        ] {
            for actor in [house.admin, .anonymous] {
                let outcome = try house.apply(operation, by: actor)
                #expect(outcome.refusal == .insufficientPermissions)
            }
        }
    }

    @Test("A member registers once, may move, and keeps its incarnation")
    func members() throws {
        var house = try House.open()
        #expect(try house.apply(.registerMember(member(1)), by: .node).result == .done)
        let rows = try house.meta.nextAudit
        #expect(try house.apply(.registerMember(member(1)), by: .node).result == .done)
        #expect(try house.meta.nextAudit == rows, "nothing new, nothing to tell")
        var moved = member(1)
        moved.url = "https://n1.example"
        #expect(try house.apply(.registerMember(moved), by: .node).result == .done)
        var other = member(1)
        other.incarnation = Incarnation(8)
        let refused = try house.apply(.registerMember(other), by: .node)
        #expect(refused.refusal == .otherIncarnation)
        #expect(try Listing.members(house.tables).map(\.url) == ["https://n1.example"])
        #expect(try house.lastAudit()?.outcome == .denied)
    }

    @Test("No more members than the limit register")
    func memberQuota() throws {
        var house = try House.open()
        for node in 1...UInt64(Limits.members) + 1 {
            var meta = try house.meta
            meta.configuration = ConfState(voters: [NodeID(node)])
            try meta.write(house.tables)
            let refusal = try house.apply(.registerMember(member(node)), by: .node).refusal
            #expect(refusal == (node > Limits.members ? .quota(.member) : nil))
        }
    }

    @Test("The keyring is replaced only as a whole and in order")
    func keyring() throws {
        var house = try House.open()
        let update = Command.Operation.updateKeyring(
            .init(expectedVersion: 1, keyring: SealedBlob(term: 2, bytes: [9])))
        #expect(try house.apply(update, by: house.admin).result == .keyring(version: 2))
        let again = try house.apply(update, by: house.admin)
        #expect(again.refusal == .versionMismatch(current: 2))
        #expect(try KeyringRow.read(house.tables)?.keyring.bytes == [9])
        let other = try house.makeActor(2, ["cluster:manage"])
        #expect(try house.apply(update, by: other).refusal == .insufficientPermissions)
    }

    @Test("The meta row is read back as it was written")
    func metaRow() throws {
        let house = try House.open()
        var meta = try house.meta
        meta.configuration = ConfState(voters: [NodeID(1)], learners: [NodeID(2)])
        try meta.write(house.tables)
        #expect(try house.meta == meta)
    }

    private func member(_ node: UInt64) -> Command.RegisterMember {
        .init(
            node: NodeID(node), incarnation: Incarnation(7), url: "https://n", peer: "n:1",
            version: "1", featureLevel: StateMachine.featureLevel)
    }
}

@Suite struct ProposalTests {
    @Test("A proposal that stands twice in the log takes effect once (consensus C3)")
    func twice() throws {
        var house = try House.open()
        let id = ProposalID(node: NodeID(2), run: 5, counter: 1)
        let command = start(house)
        let first = try house.apply(id, oldestPending: 1, command)
        let sessions = house.tables.count(.sessions)
        let second = try house.apply(id, oldestPending: 1, command)
        #expect(!first.wasDuplicate && second.wasDuplicate)
        #expect(first.outcome == second.outcome && second.proposal == id)
        #expect(house.tables.count(.sessions) == sessions)
    }

    @Test("A proposal that its proposer no longer waits for is not applied again")
    func forgotten() throws {
        var house = try House.open()
        let first = ProposalID(node: NodeID(2), run: 5, counter: 1)
        let second = ProposalID(node: NodeID(2), run: 5, counter: 2)
        let command = start(house)
        _ = try house.apply(first, oldestPending: 1, command)
        _ = try house.apply(second, oldestPending: 2, command)
        let sessions = house.tables.count(.sessions)
        let again = try house.apply(first, oldestPending: 1, command)
        #expect(again.wasDuplicate)
        #expect(try Outcome(decoding: again.outcome).refusal == .forgotten)
        #expect(house.tables.count(.sessions) == sessions)
    }

    @Test("Proposals of one run may be applied in any order while they are pending")
    func disorder() throws {
        var house = try House.open()
        let sessions = house.tables.count(.sessions)
        for counter in [3, 1, 2] as [UInt64] {
            let id = ProposalID(node: NodeID(2), run: 5, counter: counter)
            #expect(try !house.apply(id, oldestPending: 1, start(house)).wasDuplicate)
        }
        #expect(house.tables.count(.sessions) == sessions + 3)
    }

    @Test("Outcomes nobody can ask for are removed, and few of a busy run stay")
    func bounded() throws {
        var house = try House.open()
        for counter in 1...200 as ClosedRange<UInt64> {
            let id = ProposalID(node: NodeID(2), run: 5, counter: counter)
            _ = try house.apply(id, oldestPending: max(counter, 4) - 3, [])
        }
        // One row is the fixture's own.
        #expect(house.tables.count(.proposals) <= 1 + 4)
    }

    @Test("A proposer that never advances is forgotten beyond the window")
    func window() throws {
        var house = try House.open()
        let late = ProposalID(node: NodeID(2), run: 5, counter: Limits.proposalWindow + 10)
        _ = try house.apply(late, oldestPending: 1, [])
        let old = ProposalID(node: NodeID(2), run: 5, counter: 10)
        #expect(try house.apply(old, oldestPending: 1, []).wasDuplicate)
        let inside = ProposalID(node: NodeID(2), run: 5, counter: 11)
        #expect(try !house.apply(inside, oldestPending: 1, []).wasDuplicate)
    }

    @Test("Nothing of a run takes effect after a newer run of its node, whatever the clock says")
    func olderRun() throws {
        var house = try House.open()
        let first = ProposalID(node: NodeID(3), run: 8, counter: 1)
        let never = ProposalID(node: NodeID(3), run: 8, counter: 2)
        #expect(try !house.apply(first, oldestPending: 1, start(house)).wasDuplicate)
        house.now = house.now.advanced(milliseconds: 1_000 * 86_400_000)
        #expect(try house.apply(first, oldestPending: 1, start(house)).wasDuplicate)
        let newer = ProposalID(node: NodeID(3), run: 9, counter: 1)
        #expect(try !house.apply(newer, oldestPending: 1, start(house)).wasDuplicate)
        let sessions = house.tables.count(.sessions)
        for old in [first, never] {
            let again = try house.apply(old, oldestPending: 1, start(house))
            #expect(again.wasDuplicate)
            #expect(try Outcome(decoding: again.outcome).refusal == .forgotten)
        }
        #expect(house.tables.count(.sessions) == sessions)
        #expect(try ProposalID.newestRun(of: NodeID(3), house.tables) == 9)
        // Another node's runs are its own.
        let other = ProposalID(node: NodeID(4), run: 1, counter: 1)
        #expect(try !house.apply(other, oldestPending: 1, start(house)).wasDuplicate)
    }

    @Test("What older runs left behind goes with the first entries of a newer one")
    func olderOutcomes() throws {
        var house = try House.open()
        for run in 1...40 as ClosedRange<UInt64> {
            for counter in 1...3 as ClosedRange<UInt64> {
                let id = ProposalID(node: NodeID(3), run: run, counter: counter)
                _ = try house.apply(id, oldestPending: 1, [])
            }
        }
        // One of each is the fixture's own.
        #expect(house.tables.count(.proposalRuns) == 2)
        #expect(house.tables.count(.proposals) == 1 + 3)
    }

    private func start(_ house: House) -> [UInt8] {
        Command(house.start(House.adminID), header: CommandHeader(actor: .anonymous)).encoded()
    }
}
