import ByteCodec
import RaftCore
import Testing

@testable import AuthCore

@Suite("Failed log-ins (docs/guessing.md; security A8, A9)")
struct LogInProtectionTests {
    private let bob = UserID(bits: 9)

    private func open() throws -> House {
        var house = try House.open()
        try house.makeUser(9)
        return house
    }

    @Test("Four failures cost nothing; the fifth holds back, and each one after twice as long")
    func rising() throws {
        var house = try open()
        for count in 1...4 as ClosedRange<UInt32> {
            #expect(try house.fail(.user(bob)).result == .done)
            #expect(try house.heldSeconds(.user(bob)) == nil)
            #expect(try house.failures(.user(bob)) == count)
        }
        var delay: UInt64 = 1
        for _ in 5...20 {
            #expect(try house.fail(.user(bob)).result == .done)
            #expect(try house.heldSeconds(.user(bob)) == delay)
            house.now = house.now.advanced(milliseconds: delay * 1_000 - 1)
            let held = Refusal.heldBack(until: house.now.advanced(milliseconds: 1))
            #expect(try house.fail(.user(bob)).refusal == held)
            house.now = house.now.advanced(milliseconds: 1)
            delay = min(delay * 2, 1_024)
        }
    }

    @Test("While it is held back the right password is refused as the wrong one is")
    func rightPassword() throws {
        var house = try open()
        for _ in 1...5 { _ = try house.fail(.user(bob)) }
        let end = house.now.advanced(milliseconds: 1_000)
        let sessions = house.tables.count(.sessions)
        #expect(
            try house.logIn(bob, from: "203.0.113.1").refusal == .heldBack(until: end))
        #expect(try house.fail(.user(bob)).refusal == .heldBack(until: end))
        #expect(house.tables.count(.sessions) == sessions)
        house.now = end
        #expect(try house.logIn(bob, from: "203.0.113.1").refusal == nil)
    }

    @Test("A hold is looked up in the same steps for a user as for a name that nobody has")
    func sameSteps() throws {
        var house = try open()
        let subjects = [LogInSubject.user(bob), .name(digest(7))]
        for subject in subjects { for _ in 1...5 { _ = try house.fail(subject) } }
        let looks = try subjects.map { subject in
            let reader = CountingReader(tables: house.tables)
            let end = try logInHeldUntil(
                subject, in: .platform, from: "203.0.113.9", now: house.now, reader)
            #expect(end != nil)
            return reader.looks.count
        }
        #expect(looks[0] > 0)
        #expect(looks[0] == looks[1])
    }

    @Test("A refusal of this kind is no answer to an Idempotency-Key: the repetition may succeed")
    func notRemembered() throws {
        var house = try open()
        for _ in 1...5 { _ = try house.fail(.user(bob)) }
        let key = RequestKey(
            scope: digest(1), subject: 2, body: digest(3), timeToLiveMilliseconds: 600_000)
        let operation = house.start(bob)
        #expect(try house.apply(operation, by: .anonymous, key: key).refusal != nil)
        house.now = house.now.advanced(milliseconds: 1_000)
        #expect(try house.apply(operation, by: .anonymous, key: key).refusal == nil)
    }

    @Test("A stranger who never stops has 100 tries in 24 h at most, whatever the pace")
    func ceiling() throws {
        // Tries at once whenever it may; waits a while between bursts; lets it be forgotten.
        for (burst, pauseMinutes) in [(1_000, 0), (5, 450), (16, 1_440), (1, 90), (30, 600)]
            as [(Int, UInt64)]
        {
            var tally = LogInTally.none
            var now = House.start
            let end = now.advanced(milliseconds: 7 * 86_400_000)
            var tries: [Timestamp] = []
            while now < end {
                for _ in 0..<burst where now < end {
                    now = max(now, tally.heldUntil)
                    tally.fail(at: now)
                    tries.append(now)
                }
                now = now.advanced(milliseconds: pauseMinutes * 60_000)
            }
            for (index, begin) in tries.enumerated() {
                let within = tries[index...].prefix { $0.milliseconds(since: begin) < 86_400_000 }
                #expect(within.count <= 100, "\(burst) and \(pauseMinutes) min")
            }
        }
    }

    @Test("After 100 in a row a name is held back for a day, and never for longer")
    func longest() throws {
        var house = try open()
        for _ in 1...100 {
            #expect(try house.fail(.user(bob)).result == .done)
            guard let seconds = try house.heldSeconds(.user(bob)) else { continue }
            #expect(seconds <= 86_400)
            house.now = house.now.advanced(milliseconds: seconds * 1_000)
        }
        #expect(try house.failures(.user(bob)) == 0, "a day later it is forgotten")
        #expect(try house.logIn(bob, from: "203.0.113.1").refusal == nil)
    }

    @Test("Its owner comes in from where they came in before, whoever else tries (security A9)")
    func knownNetwork() throws {
        var house = try open()
        _ = try house.logIn(bob, from: "192.0.2.7")
        for count in 0..<1_000 {
            _ = try house.fail(.user(bob), from: Text("198.51.\(count % 250).\(count / 250)"))
        }
        #expect(try house.logIn(bob, from: "198.51.100.1").refusal != nil)
        // The same /24, another address of it.
        #expect(try house.logIn(bob, from: "192.0.2.99").refusal == nil)
        // That lets nobody else in.
        #expect(try house.logIn(bob, from: "198.51.100.1").refusal != nil)
        // And who guesses from there is held back too, there alone.
        for _ in 1...5 { _ = try house.fail(.user(bob), from: "192.0.2.8") }
        #expect(try house.logIn(bob, from: "192.0.2.7").refusal != nil)
    }

    @Test("A known network is forgotten after 30 days, and when eight others came later")
    func forgottenNetworks() throws {
        var house = try open()
        for _ in 1...5 { _ = try house.fail(.user(bob), from: "2001:db8:0:1::1") }
        house.now = house.now.advanced(milliseconds: 1_000)
        for place in 1...9 {
            house.now = house.now.advanced(milliseconds: 1)
            #expect(try house.logIn(bob, from: Text("2001:db8:0:\(place)::1")).refusal == nil)
        }
        _ = try house.fail(.user(bob), from: "203.0.113.1")
        #expect(try house.isHeld(bob, from: "2001:db8:0:1::2"))
        #expect(try !house.isHeld(bob, from: "2001:db8:0:2::2"))
        house.now = house.now.advanced(milliseconds: Limits.logInNetworkMilliseconds - 1)
        for _ in 1...5 { _ = try house.fail(.user(bob), from: "203.0.113.1") }
        #expect(try !house.isHeld(bob, from: "2001:db8:0:9::2"))
        house.now = house.now.advanced(milliseconds: 1)
        _ = try house.fail(.user(bob), from: "203.0.113.1")
        #expect(try house.isHeld(bob, from: "2001:db8:0:9::2"))
    }

    @Test("Success forgets the failures of its own network, and no others (800-63B-4 §3.2.2)")
    func success() throws {
        var house = try open()
        _ = try house.logIn(bob, from: "192.0.2.1")
        for _ in 1...4 { _ = try house.fail(.user(bob), from: "192.0.2.1") }
        for _ in 1...4 { _ = try house.fail(.user(bob), from: "198.51.100.1") }
        _ = try house.logIn(bob, from: "192.0.2.1")
        for _ in 1...4 { _ = try house.fail(.user(bob), from: "192.0.2.1") }
        #expect(try !house.isHeld(bob, from: "192.0.2.1"))
        #expect(try house.failures(.user(bob)) == 4)
        _ = try house.fail(.user(bob), from: "198.51.100.1")
        #expect(try house.isHeld(bob, from: "198.51.100.1"))
        #expect(try !house.isHeld(bob, from: "192.0.2.1"))
    }

    @Test("A new password and a deleted user leave nothing behind")
    func forgetting() throws {
        var house = try open()
        let before = house.tables.rows(.logInFailures).count
        _ = try house.logIn(bob, from: "192.0.2.1")
        for _ in 1...5 { _ = try house.fail(.user(bob), from: "198.51.100.1") }
        let password = PasswordHash(phc: "$test$2")
        _ = try house.apply(.setPassword(.init(user: bob, password: password)), by: .node)
        #expect(try house.failures(.user(bob)) == 0)
        #expect(try LogInCountRow.read(house.tables).rows == 0)
        _ = try house.logIn(bob, from: "192.0.2.1", authVersion: 2)
        _ = try house.fail(.user(bob), from: "198.51.100.1")
        _ = try house.apply(.deleteUser(.init(id: bob)), by: .node)
        // What is left is the count, and what the audit trail is told of this minute.
        let left = house.tables.rows(.logInFailures).filter { ![2, 4, 6].contains($0.key[0]) }
        #expect(left.count <= before)
    }

    @Test("Their own new password cannot be set while the name is held back there")
    func ownPassword() throws {
        var house = try open()
        let session = try house.startSession(bob)
        for _ in 1...5 { _ = try house.fail(.user(bob), from: "192.0.2.1") }
        let change = Command.SetPassword(
            user: bob, password: PasswordHash(phc: "$test$2"), authVersionSeen: 1)
        let refused = try house.apply(.setPassword(change), by: .user(session.actor))
        #expect(refused.refusal == .heldBack(until: house.now.advanced(milliseconds: 1_000)))
        house.now = house.now.advanced(milliseconds: 1_000)
        #expect(
            try house.apply(.setPassword(change), by: .user(session.actor)).refusal == nil)
    }

    @Test("Invented names are counted alike, and forgotten: a flood leaves no more than its bound")
    func flood() throws {
        var house = try open()
        for number in 0..<200 { _ = try house.fail(.name(.invented(number))) }
        #expect(try logInNamesCounted(house.tables) == 200)
        for _ in 2...5 { _ = try house.fail(.name(.invented(7))) }
        #expect(try house.heldSeconds(.name(.invented(7))) == 1)
        house.now = house.now.advanced(milliseconds: 90 * 60_000)
        _ = try house.apply(.sweep(.init(limit: 1_000)), by: .node)
        #expect(try logInNamesCounted(house.tables) == 1, "the one with five is remembered longer")
        #expect(try house.failures(.name(.invented(7))) == 5)
    }

    @Test("A full table gives up the name that would be forgotten next, not the one with most")
    func full() throws {
        var house = try open()
        for _ in 1...2 { _ = try house.fail(.user(bob)) }
        for number in 0..<3 { _ = try house.fail(.name(.invented(number))) }
        try house.fillLogInTable()
        house.now = house.now.advanced(milliseconds: 1)
        for number in 3..<6 { _ = try house.fail(.name(.invented(number))) }
        #expect(try LogInCountRow.read(house.tables).rows == Limits.logInRows)
        #expect(try house.failures(.user(bob)) == 2)
        for number in 0..<3 { #expect(try house.failures(.name(.invented(number))) == 0) }
        // The first of the new ones came before anybody was pushed out.
        let new = try (3..<6).map { try house.failures(.name(.invented($0))) }
        #expect(new == [1, 2, 2])
    }

    @Test("Who is pushed out of a full table, again and again, does not begin anew")
    func pushedOut() throws {
        var house = try open()
        for number in 0..<60 {
            for _ in 1...2 { _ = try house.fail(.name(.invented(number))) }
        }
        try house.fillLogInTable()
        var tries = 0
        for round in 0..<300 {
            house.now = house.now.advanced(milliseconds: 1)
            if try house.fail(.user(bob)).result == .done { tries += 1 }
            // Whoever has the fewest makes room, and at first that is bob.
            _ = try house.fail(.name(.invented(1_000 + round)))
        }
        #expect(tries <= 10)
        // One who has not failed begins where others were pushed out, and is not held back by it.
        #expect(try !house.isHeld(House.adminID, from: "203.0.113.77"))
    }

    @Test("A flood of invented names does not keep the trail from telling of a user")
    func auditOfUsers() throws {
        var house = try open()
        for number in 0..<200 { _ = try house.fail(.name(.invented(number))) }
        for _ in 1...5 { _ = try house.fail(.user(bob)) }
        let told = try (1..<house.meta.nextAudit).compactMap {
            try AuditRow.read($0, house.tables)
        }
        .filter { $0.target == .user(bob) && $0.outcome == .denied }
        #expect(told.map(\.action) == [.logIn, .logIn, .logIn, .logIn, .logIn, .logInHeld])
    }

    @Test("The trail does not tell that a password was right which was not looked at")
    func auditOfHeld() throws {
        var house = try open()
        let session = try house.startSession(bob)
        for _ in 1...5 { _ = try house.fail(.user(bob)) }
        for _ in 1...5 { _ = try house.fail(.user(bob), from: "192.0.2.1") }
        let next = try house.meta.nextAudit
        #expect(try house.logIn(bob, from: "203.0.113.9").refusal != nil)
        let change = Command(
            .setPassword(
                .init(user: bob, password: PasswordHash(phc: "$test$2"), authVersionSeen: 1)),
            header: CommandHeader(actor: .user(session.actor), address: "203.0.113.9"))
        #expect(try house.apply(bytes: change.encoded()).refusal != nil)
        #expect(try house.meta.nextAudit == next)
    }

    @Test("The audit trail has 60 failures of a minute by themselves, and the others in sum")
    func audit() throws {
        var house = try open()
        let first = try house.meta.nextAudit
        for number in 0..<500 { _ = try house.fail(.name(.invented(number))) }
        #expect(try house.meta.nextAudit - first == 60)
        house.now = house.now.advanced(milliseconds: 60_000)
        _ = try house.apply(.sweep(.init(limit: 1)), by: .node)
        let sum = try #require(try house.lastAudit())
        #expect(sum.action == .logInFailures && sum.details == [.count(440)])
        #expect(sum.outcome == .denied)
        _ = try house.apply(.sweep(.init(limit: 1)), by: .node)
        #expect(try house.meta.nextAudit - first == 61)
    }

    @Test("Many failures of one name are told: at the first delay, the longest, and the last one")
    func auditHolds() throws {
        var house = try open()
        let first = try house.meta.nextAudit
        for _ in 1...100 {
            _ = try house.fail(.user(bob))
            let seconds = try house.heldSeconds(.user(bob)) ?? 0
            house.now = house.now.advanced(milliseconds: seconds * 1_000)
        }
        let told = try (first..<house.meta.nextAudit).compactMap { number -> AuditRow? in
            let value = try house.tables.get(.audit, Key.of(number))
            let row = try value.map { try AuditRow(key: Key.of(number), value: $0) }
            return row?.action == .logInHeld ? row : nil
        }
        #expect(told.map(\.details) == [[.count(5)], [.count(15)], [.count(100)]])
        #expect(told.allSatisfy { $0.target == .user(bob) && $0.outcome == .denied })
    }

    @Test("Below level 2 nothing is counted, and nobody held back")
    func belowLevel() throws {
        var house = House()
        var command = House.bootstrap
        command.featureLevel = 1
        _ = try house.apply(.bootstrap(command), by: .node)
        for _ in 1...9 {
            let outcome = try house.fail(.user(House.adminID))
            #expect(outcome.refusal == .undecodable)
        }
        #expect(try house.logIn(House.adminID, from: "192.0.2.1").refusal == nil)
        #expect(house.tables.count(.logInFailures) == 0)
    }
}

extension Digest256 {
    /// The digest of a name that nobody has.
    fileprivate static func invented(_ number: Int) -> Digest256 {
        guard let digest = Digest256(bytes: House.hash(Key.of(UInt64(number)))) else {
            preconditionFailure()
        }
        return digest
    }
}

extension InMemoryTables {
    /// The hash that the state must have for these rows.
    fileprivate func rowsHash() throws -> StateHash {
        var hash = StateHash.empty
        for table in Table.allCases {
            for row in rows(table) { hash.add(StateHash.row(table, row.key, row.value)) }
        }
        return hash
    }
}

extension House {
    /// Makes it a table of a hundred thousand, as far as the count says.
    fileprivate mutating func fillLogInTable() throws {
        try LogInCountRow(rows: Limits.logInRows).put(tables)
        var meta = try self.meta
        meta.rowsHash = try tables.rowsHash()
        try meta.write(tables)
    }

    fileprivate mutating func fail(
        _ subject: LogInSubject, from address: Text = "203.0.113.9"
    ) throws -> Outcome {
        let command = Command(
            .failLogIn(.init(subject: subject, reason: .wrongPassword)),
            header: CommandHeader(actor: .anonymous, address: address))
        return try apply(bytes: command.encoded())
    }

    mutating func logIn(
        _ user: UserID, from address: Text, authVersion: UInt64 = 1
    ) throws -> Outcome {
        let command = Command(
            start(user, nonce: UInt64(log.count), authVersion: authVersion),
            header: CommandHeader(actor: .anonymous, address: address))
        return try apply(bytes: command.encoded())
    }

    fileprivate func isHeld(_ user: UserID, from address: Text) throws -> Bool {
        try logInHeldUntil(.user(user), in: .platform, from: address, now: now, tables) != nil
    }

    fileprivate func heldSeconds(_ subject: LogInSubject) throws -> UInt64? {
        try logInHeldUntil(subject, in: .platform, from: "203.0.113.9", now: now, tables)
            .map { $0.milliseconds(since: now) / 1_000 }
    }

    /// How many count, from anywhere unknown.
    fileprivate func failures(_ subject: LogInSubject) throws -> UInt32 {
        let key = LogInFailureRow.key(.platform, subject)
        guard let tally = try LogInFailureRow.row(key, tables)?.tally, now < tally.forgottenAt
        else { return 0 }
        return tally.failures
    }
}
