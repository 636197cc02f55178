import APITypes
import ByteCodec
import Cryptography
import RaftCore
import Testing

@testable import AuthCore
@testable import AuthService
@testable import HTTPAPI

/// Requests that run at the same time on three nodes; which goes on next is drawn.
@Suite("One refresh token redeemed 1,000 times at once (security C8 to C10)")
struct RefreshStormTests {
    private static let requests = 1_000

    let house: House
    let sessionToken: String
    let refreshToken: String

    init() throws {
        house = try House()
        let answer = try house.send(
            "POST", "/v1/auth/login",
            body: .object([
                "username": .string("admin"), "password": .string(House.adminPassword),
                "tokens": .bool(true),
            ]))
        sessionToken = try #require(answer["session_token"])
        refreshToken = try #require(answer["refresh_token"])
    }

    private func redeem(_ token: String, on node: Int) throws -> HouseAnswer {
        try house.send(
            "POST", "/v1/auth/refresh", body: .object(["refresh_token": .string(token)]), to: node)
    }

    /// Redeems the token by all at once, and again where the answer was lost.
    ///
    /// - Parameter disturb: what becomes of a proposal instead, by how many there were before.
    /// - Returns: the successors, and how many failed for good.
    private func storm(
        seed: UInt64, disturb: (_ proposals: Int, Need) throws -> Completion? = { _, _ in nil }
    ) throws -> (successors: Set<String>, answers: Int) {
        let dice = SimulatedRandomBytes(seed: seed)
        func below(_ bound: Int) -> Int {
            Int(dice.bytes(4).reduce(0) { $0 << 8 | UInt64($1) } % UInt64(bound))
        }
        func begin(_ node: Int) throws -> (exchange: Exchange, node: HouseNode) {
            let node = house.nodes[node]
            return (
                try house.begin(
                    "POST", "/v1/auth/refresh",
                    body: .object(["refresh_token": .string(refreshToken)]), on: node), node
            )
        }
        var running = try (0..<Self.requests).map { try begin($0 % 3) }
        var successors: Set<String> = []
        var answers = 0
        var proposals = 0
        while !running.isEmpty {
            let place = below(running.count)
            switch running[place].exchange.step {
            case .need(let need):
                var other: Completion?
                if case .propose = need {
                    other = try disturb(proposals, need)
                    proposals += 1
                }
                let completion = try other ?? house.complete(need, on: running[place].node)
                running[place].exchange.resume(completion)
            case .respond(let response):
                running.swapAt(place, running.count - 1)
                running.removeLast()
                if response.status == 503 {
                    running.append(try begin(below(3)))
                    continue
                }
                #expect(response.status == 200)
                answers += 1
                let json = try JSONValue(parsing: response.body)
                successors.insert(try #require(json["refresh_token"]?.string))
            }
        }
        return (successors, answers)
    }

    private func generation() throws -> UInt32? {
        let node = house.nodes[2]
        try node.catchUp()
        return try node.withView { tables in
            var found: UInt32?
            try tables.scan(.refreshFamilies, from: [], upTo: nil) { key, value in
                found = try RefreshFamilyRow(key: key, value: value).generation
                return true
            }
            return found
        }
    }

    private func isSessionGood() throws -> [Bool] {
        try (1...3).map {
            try house.send("GET", "/v1/validate", token: sessionToken, to: $0, checked: false)
                .status == 200
        }
    }

    /// The token comes back when its grace is over: somebody has a copy, and all ends.
    private func endsByReuse(of successor: String) throws {
        #expect(try isSessionGood() == [true, true, true])
        house.now = house.now.advanced(milliseconds: Limits.refreshGraceMilliseconds + 1)
        #expect(try redeem(refreshToken, on: 3).status == 401)
        #expect(try redeem(successor, on: 1).status == 401)
        #expect(try isSessionGood() == [false, false, false])
        #expect(try generation() == nil)
    }

    @Test("There is one new generation, and all get the same successor", arguments: [1, 2, 3])
    func together(seed: UInt64) throws {
        let (successors, answers) = try storm(seed: seed)
        #expect(successors.count == 1 && answers == Self.requests)
        #expect(try generation() == 2)
        try endsByReuse(of: #require(successors.first))
    }

    @Test("The same when the leader is killed among them, and answers are lost", arguments: [4, 5])
    func leaderKilled(seed: UInt64) throws {
        let house = house
        let (successors, answers) = try storm(seed: seed) { proposals, need in
            switch proposals {
            case 0:
                // It was applied, and whoever asked learns nothing of it.
                _ = try house.complete(need, on: house.nodes[0])
                return .unknown
            case 1..<40: return .notProposed(.noLeader)
            case 40..<80: return .unknown
            case 80..<120:
                _ = try house.complete(need, on: house.nodes[proposals % 3])
                return .unknown
            default: return nil
            }
        }
        #expect(successors.count == 1 && answers == Self.requests)
        #expect(try generation() == 2)
        try endsByReuse(of: #require(successors.first))
    }

    @Test("The same after all nodes have restarted: nothing of it lies in memory")
    func restarted() throws {
        let (first, _) = try storm(seed: 6)
        try house.restart()
        let (again, answers) = try storm(seed: 7)
        #expect(first == again && answers == Self.requests)
        #expect(try generation() == 2)
        house.now = house.now.advanced(milliseconds: Limits.refreshGraceMilliseconds + 1)
        try house.restart()
        house.now = House.start
        try endsByReuse(of: #require(again.first))
    }
}
