import APITypes
import AuthCore
import ByteCodec
import Testing

@testable import AuthService
@testable import HTTPAPI

@Suite("guessing at log-in (security A7, A8, A9; docs/guessing.md)")
struct GuessingTests {
    private static let password = "password of a user"

    /// One log-in, from anywhere.
    private func tryLogIn(
        _ house: House, _ username: String, _ password: String, from address: String = "127.0.0.1",
        to node: Int = 1
    ) throws -> HouseAnswer {
        house.forgetNeeds()
        return try house.send(
            "POST", "/v1/auth/login",
            body: .object(["username": .string(username), "password": .string(password)]),
            headers: [("X-Request-ID", "r1")], to: node, from: address)
    }

    /// A house with one user of every kind that is not let in.
    private func open(featureLevel: UInt32 = StateMachine.featureLevel) throws -> House {
        let house = try House(featureLevel: featureLevel)
        let admin = try house.logIn()
        _ = try house.makeUser("bob", by: admin)
        let carol = try house.makeUser("carol", by: admin)
        _ = try house.send(
            "PATCH", "/v1/users/\(carol)", token: admin, body: .object(["disabled": .bool(true)]))
        for (name, kind) in [("dave", "person"), ("robot", "service")] {
            let made = try house.send(
                "POST", "/v1/users", token: admin,
                body: .object(["username": .string(name), "kind": .string(kind)]))
            #expect(made.status == 201)
        }
        return house
    }

    /// Every kind of no: unknown, no name at all, wrong, disabled, without a password, a service.
    private static let kinds = [
        ("nobody", "x"), ("NOT A NAME!", "x"), ("bob", "wrong"), ("carol", password),
        ("carol", "wrong"), ("dave", "x"), ("robot", "x"),
    ]

    /// What a client can tell two answers apart by.
    private func shape(_ answer: HouseAnswer) -> [String] {
        let fields = answer.headers.fields.filter { $0.name != "Watchword-Index" }
        return ["\(answer.status)", "\(answer.body)"] + fields.map { "\($0.name): \($0.value)" }
    }

    @Test("every kind of no takes the same steps and is the same bytes, from the first to the last")
    func sameAnswers() throws {
        let house = try open()
        var first: [[[String]]] = []
        for (name, password) in Self.kinds where (name, password) != ("carol", "wrong") {
            var answers: [[String]] = []
            for _ in 1...7 {
                let jobs = house.hashJobs.count
                answers.append(shape(try tryLogIn(house, name, password)))
                answers[answers.count - 1].append("\(house.needs)")
                answers[answers.count - 1].append("hashes: \(house.hashJobs.count - jobs)")
            }
            first.append(answers)
        }
        for answers in first { #expect(answers == first[0]) }
        #expect(first[0][0].contains(#"["hash", "confirm", "propose"]"#))
        #expect(first[0][4][0] == "401")
        #expect(first[0][5][0] == "429" && first[0][5].contains("hashes: 0"))
    }

    @Test("a name that is held back is refused unheard: 429, Retry-After, no hash, no entry")
    func heldBack() throws {
        let house = try open()
        for _ in 1...5 { #expect(try tryLogIn(house, "bob", "wrong").status == 401) }
        let entries = house.commands.count
        for password in ["wrong", Self.password] {
            let jobs = house.hashJobs.count
            let answer = try tryLogIn(house, "bob", password)
            #expect(answer.status == 429 && answer.code == "rate_limited")
            #expect(answer.headers["Retry-After"] == "1")
            #expect(house.hashJobs.count == jobs && house.needs == ["confirm"])
        }
        #expect(house.commands.count == entries)
        house.now = house.now.advanced(milliseconds: 1_000)
        #expect(try tryLogIn(house, "bob", "wrong").status == 401)
        #expect(try tryLogIn(house, "bob", Self.password).headers["Retry-After"] == "2")
        house.now = house.now.advanced(milliseconds: 2_000)
        #expect(try tryLogIn(house, "bob", Self.password).status == 201)
    }

    @Test("forty spellings of one name share one counter (security A8)", arguments: 0..<4)
    func spellings(round: Int) throws {
        let house = try open()
        var spellings: [String] = []
        for mask in 0..<8 {
            let letters = Array("bob").enumerated().map { index, letter in
                mask >> index & 1 == 1 ? letter.uppercased() : String(letter)
            }
            let word = letters.joined()
            spellings += [word, " \(word)", "\(word)\u{3000}", "\u{FEFF}\(word)\u{200B}"]
            spellings.append(
                String(
                    String.UnicodeScalarView(
                        word.unicodeScalars.map {
                            Unicode.Scalar($0.value - 0x21 + 0xFF01) ?? $0
                        })))
        }
        #expect(Set(spellings).count == 40)
        for place in 0..<5 {
            let spelling = spellings[(place * 9 + round * 7) % 40]
            #expect(try tryLogIn(house, spelling, "wrong").status == 401, "\(spelling)")
        }
        for spelling in spellings {
            #expect(try tryLogIn(house, spelling, Self.password).status == 429, "\(spelling)")
        }
        house.now = house.now.advanced(milliseconds: 1_000)
        // Not every spelling is one at which somebody is let in, and names alike are others.
        #expect(try tryLogIn(house, " bob", Self.password).status == 401)
        for other in ["bob2", "bob+tag", "bob@example.com", "bоb"] {
            #expect(try tryLogIn(house, other, "wrong").status == 401)
        }
    }

    @Test("other nodes are no way around it, and neither is one that lags")
    func nodes() throws {
        let house = try open()
        for count in 1...5 {
            #expect(try tryLogIn(house, "bob", "wrong", to: 1 + count % 3).status == 401)
        }
        for node in 1...3 {
            #expect(try tryLogIn(house, "bob", Self.password, to: node).status == 429)
        }
        // Node 2 has not seen the last failures, and says so only when it proposes.
        let lagging = try open()
        try lagging.nodes[1].catchUp()
        for _ in 1...5 { _ = try tryLogIn(lagging, "bob", "wrong", to: 1) }
        #expect(try tryLogIn(lagging, "bob", Self.password, to: 2).code == "rate_limited")
        #expect(lagging.needs == ["hash", "confirm", "propose"])
        let other = try open()
        try other.nodes[1].catchUp()
        for _ in 1...5 { _ = try tryLogIn(other, "bob", "wrong", to: 1) }
        #expect(try tryLogIn(other, "bob", "wrong", to: 2).code == "rate_limited")
        #expect(other.needs == lagging.needs)
    }

    @Test("what fails behind the hash fails alike for a right and for a wrong password")
    func failures() throws {
        let readFailures: [ReadFailure] = [.noLeader, .noQuorum, .timeout, .tooBusy]
        let proposalFailures: [ProposalFailure] = [
            .noLeader, .noQuorum, .tooBusy, .tooLarge, .storageFull, .draining,
        ]
        let failures: [(String, Completion)] =
            readFailures.map { ("confirm", .readFailed($0)) }
            + proposalFailures.map { ("propose", .notProposed($0)) }
            + [("propose", .unknown), ("hash", .hashingRefused)]
        for (kind, failure) in failures {
            var logIns: [[String]] = []
            var changes: [[String]] = []
            for password in ["wrong", Self.password] {
                let house = try open()
                let session = try house.logIn("bob", Self.password)
                house.interfere = { House.name($0) == kind ? failure : nil }
                logIns.append(shape(try tryLogIn(house, "bob", password)) + house.needs)
                house.forgetNeeds()
                let change = try house.send(
                    "PUT", "/v1/users/self/password", token: session,
                    body: .object([
                        "old_password": .string(password),
                        "new_password": .string("quite another password"),
                    ]), headers: [("X-Request-ID", "r1")])
                changes.append(shape(change) + house.needs)
            }
            #expect(logIns[0] == logIns[1], "\(kind): \(failure)")
            #expect(changes[0] == changes[1], "\(kind): \(failure)")
            #expect(logIns[0][0] != "401" && logIns[0][0] != "201")
        }
    }

    @Test("guesses that are under way together count one by one, right or wrong")
    func concurrent() throws {
        let house = try open()
        // While one is hashed, four others fail and a fifth brings the delay.
        var isUnderWay = false
        // What asks the house holds it.
        defer { house.interfere = { _ in nil } }
        house.interfere = { need in
            guard case .hash = need, !isUnderWay else { return nil }
            isUnderWay = true
            for _ in 1...5 {
                do { _ = try self.tryLogIn(house, "bob", "wrong", to: 2) } catch {
                    Issue.record(error)
                }
            }
            return nil
        }
        let answer = try tryLogIn(house, "bob", Self.password)
        #expect(isUnderWay && answer.code == "rate_limited")
    }

    @Test("whoever holds a name back from elsewhere keeps nobody out where they were (A9)")
    func elsewhere() throws {
        let house = try open()
        #expect(try tryLogIn(house, "bob", Self.password, from: "192.0.2.1").status == 201)
        for place in 1...200 {
            _ = try tryLogIn(house, "bob", "wrong", from: "198.51.100.\(place)")
            house.now = house.now.advanced(milliseconds: 400)
        }
        #expect(try tryLogIn(house, "bob", Self.password, from: "198.51.100.9").status == 429)
        #expect(try tryLogIn(house, "bob", Self.password, from: "192.0.2.77").status == 201)
    }

    @Test("a stolen session is no way to guess the password")
    func ownPassword() throws {
        let house = try open()
        let session = try house.logIn("bob", Self.password)
        func change(_ old: String) throws -> HouseAnswer {
            try house.send(
                "PUT", "/v1/users/self/password", token: session,
                body: .object([
                    "old_password": .string(old), "new_password": .string("quite another password"),
                ]))
        }
        for _ in 1...5 { #expect(try change("wrong").code == "invalid_credentials") }
        #expect(try change(Self.password).code == "rate_limited")
        #expect(try tryLogIn(house, "bob", Self.password).status == 429)
        house.now = house.now.advanced(milliseconds: 1_000)
        #expect(try change(Self.password).status == 204)
    }

    @Test("below feature level 2 a failure writes nothing into the log, as before")
    func belowLevel() throws {
        let house = try open(featureLevel: 1)
        let entries = house.commands.count
        for _ in 1...9 {
            #expect(try tryLogIn(house, "bob", "wrong").status == 401)
            #expect(house.needs == ["hash", "confirm"])
        }
        #expect(house.commands.count == entries)
        let reasons = house.nodes[0].events.flatMap(\.details)
        #expect(reasons == Array(repeating: .reason(.wrongPassword), count: 9))
        #expect(try tryLogIn(house, "bob", Self.password).status == 201)
    }

    @Test("what is typed as a name that nobody has goes into no command in clear")
    func typedNames() throws {
        let house = try open()
        let canary = "my-password-by-mistake"
        _ = try tryLogIn(house, canary, "x")
        let bytes = try #require(house.commands.last).encoded()
        #expect(!String(decoding: bytes, as: UTF8.self).contains(canary))
        guard case .failLogIn(let body) = house.commands.last?.operation,
            case .name = body.subject
        else {
            Issue.record("\(String(describing: house.commands.last))")
            return
        }
    }
}
