import ByteCodec
import RaftCore
import Testing

@testable import AuthCore
@testable import SimulationKit

@Suite("The ledger of limited sessions rejects what must not be")
struct CrowdLedgerTests {
    private static let user = UserID(bits: 2)

    private func start(_ nonce: UInt64, mayEvict: Bool = false) -> Command.Operation {
        .startSession(
            .init(
                user: Self.user, nonce: nonce,
                verifier: Digest256(bytes: [UInt8](repeating: UInt8(nonce), count: 32))!,
                idleMilliseconds: 1_000, absoluteMilliseconds: 60_000, method: .delegated,
                mayEvict: mayEvict))
    }

    private func limit(_ limit: UInt64?, _ overflow: SessionOverflow) -> Command.Operation {
        .updateSettings(
            .init(sessionsPerUser: limit.map { .set($0) } ?? .clear, overflow: overflow))
    }

    /// What comes of commands when apply carries them out, and what the ledgers say of it; with
    /// another outcome in the place of the last one.
    private func follow(
        _ operations: [Command.Operation], last: ((Outcome) -> Outcome)? = nil
    ) throws -> (ledger: CrowdLedger, rule: String?, outcomes: [Outcome]) {
        let all =
            [.createUser(.init(id: Self.user, username: UserName("somebody")!))] + operations
        var outcomes = Array(try LedgerFixtures.apply(all, InMemoryTables()).dropFirst())
        if let last { outcomes[outcomes.count - 1] = last(outcomes[outcomes.count - 1]) }
        var ledger = CrowdLedger()
        var access = AccessLedger()
        var rule: String?
        for (operation, outcome) in zip(all, outcomes) {
            rule = rule ?? ledger.committed(operation, outcome, access)?.rule
            access.committed(operation, actor: .node, outcome, at: 1)
            if case .session(let row) = outcome.result {
                access.evicted(ledger.evicted(by: row.id.number.rawValue), outcome.index)
            }
        }
        return (ledger, rule, outcomes)
    }

    private func number(_ outcome: Outcome) throws -> UInt64 {
        guard case .session(let row) = outcome.result else { throw LedgerFixtures.Missing() }
        return row.id.number.rawValue
    }

    @Test("The oldest give way, as many as there are too many, and each only once")
    func evictions() throws {
        let (ledger, rule, outcomes) = try follow([
            start(1), start(2), start(3), limit(2, .evictOldest), start(4, mayEvict: true),
            start(5, mayEvict: true),
        ])
        #expect(rule == nil)
        let numbers = try [1, 2, 3, 5, 6].map { try number(outcomes[$0]) }
        #expect(ledger.evicted(by: numbers[3]) == [numbers[0], numbers[1]])
        #expect(ledger.evicted(by: numbers[4]) == [numbers[2]])
        #expect(ledger.evicted(by: numbers[0]).isEmpty)
    }

    @Test("A start that is refused for want of room, or asked to say that others end, is right")
    func refusals() throws {
        let (_, denied, outcomes) = try follow([start(1), limit(1, .deny), start(2)])
        #expect(denied == nil && outcomes.last?.refusal == .quota(.session))
        let (_, asked, others) = try follow([start(1), limit(1, .evictOldest), start(2)])
        #expect(asked == nil && others.last?.refusal == .evictionNeeded)
    }

    @Test("One session too many is found, whether it should be refused or has others end unsaid")
    func tooMany() throws {
        let row = try LedgerFixtures.session(
            SessionID(number: CredentialNumber(9), nonce: 1), of: Self.user, endsAt: 9_000)
        func begun(_ outcome: Outcome) -> Outcome {
            Outcome(result: .session(row), index: outcome.index, stamp: outcome.stamp)
        }
        #expect(try follow([start(1), limit(1, .deny), start(2)], last: begun).rule == "crowd")
        #expect(
            try follow([start(1), limit(1, .evictOldest), start(2)], last: begun).rule == "crowd")
        #expect(try follow([start(1), limit(2, .deny), start(2)], last: begun).rule == nil)
    }

    @Test("A refusal where there is room is found")
    func noReason() throws {
        for (refusal, overflow) in [
            (Refusal.quota(.session), SessionOverflow.deny), (.evictionNeeded, .evictOldest),
        ] {
            let rule = try follow([start(1), limit(2, overflow), start(2)]) {
                Outcome(result: .refused(refusal), index: $0.index, stamp: $0.stamp)
            }.rule
            #expect(rule == "crowd")
        }
    }
}
