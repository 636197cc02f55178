import ByteCodec
import RaftCore
import Testing

@testable import AuthCore
@testable import SimulationKit

@Suite("The ledger of API keys rejects what must not be")
struct KeyLedgerTests {
    private static let admin = UserID(bits: 1)
    private static let permission = Permission("code:execute")!
    private static let role = RoleName("executor")!

    private func digest(_ byte: UInt8) -> Digest256 {
        Digest256(bytes: [UInt8](repeating: byte, count: 32))!
    }

    /// A ledger that has followed these commands, which apply has carried out.
    private func ledger(
        gives: Bool = true, then operations: (KeyID) -> [Command.Operation] = { _ in [] }
    ) throws -> (KeyLedger, UInt64) {
        let create = Command.Operation.createKey(
            .init(
                nonce: 1, owner: Self.admin, digest: digest(1),
                scope: .permissions(gives ? [Self.permission] : []),
                expiry: .after(milliseconds: 9_000)))
        let first = try LedgerFixtures.apply([create], InMemoryTables())
        guard case .key(let row)? = first.last?.result else { throw LedgerFixtures.Missing() }
        let all = [create] + operations(row.id)
        let outcomes = try LedgerFixtures.apply(all, InMemoryTables()).dropFirst()
        var ledger = KeyLedger()
        for (operation, outcome) in zip(all, outcomes) {
            ledger.committed(operation, outcome, permission: Self.permission)
        }
        ledger.issued(row.id.number.rawValue, digest(1), at: 10)
        return (ledger, row.id.number.rawValue)
    }

    private func allowed(
        _ ledger: KeyLedger, _ number: UInt64, _ byte: UInt8 = 1, role: RoleName? = nil,
        arrived: UInt64 = 100, clock: UInt64 = 1_000, access: AccessLedger = AccessLedger()
    ) -> String? {
        ledger.allowed(
            number, digest(byte), role: role, arrived: arrived,
            clock: Timestamp(milliseconds: clock), access: access
        )?.rule
    }

    private func refused(
        _ ledger: KeyLedger, _ number: UInt64, _ byte: UInt8 = 1, arrived: UInt64 = 100,
        clock: UInt64 = 1_000, access: AccessLedger = AccessLedger()
    ) -> String? {
        ledger.refused(
            number, digest(byte), arrived: arrived, clock: Timestamp(milliseconds: clock),
            access: access)?.rule
    }

    @Test("A key that lives may be let in, and not refused; one that was never made is neither")
    func living() throws {
        let (ledger, number) = try ledger()
        #expect(allowed(ledger, number) == nil)
        #expect(refused(ledger, number) == "refused")
        #expect(refused(ledger, number, arrived: 10) == nil, "perhaps before it was issued")
        #expect(allowed(ledger, number, 2) == "final")
        #expect(allowed(ledger, number + 1) == "final")
        #expect(refused(ledger, number, 2) == nil)
    }

    @Test("Past its end nobody may let it in, and anybody refuse it")
    func expiry() throws {
        let (ledger, number) = try ledger()
        #expect(allowed(ledger, number, clock: 9_999) == nil)
        #expect(allowed(ledger, number, clock: 10_000) == "expiry")
        #expect(refused(ledger, number, clock: 10_000) == nil)
    }

    @Test("After it was told that it is deleted nobody may let it in")
    func deletion() throws {
        var (ledger, number) = try ledger { [.deleteKey(.init(id: $0))] }
        #expect(allowed(ledger, number, arrived: 300) == nil, "nobody was told yet")
        #expect(refused(ledger, number) == nil)
        let index = try #require(ledger.end(of: number))
        ledger.acknowledgedEnds(number, upTo: index, at: 200)
        #expect(allowed(ledger, number, arrived: 200) == nil)
        #expect(allowed(ledger, number, arrived: 201) == "final")
    }

    @Test("After a rotation the part before lives for the grace time, and no longer")
    func rotation() throws {
        var (ledger, number) = try ledger {
            [.rotateKey(.init(id: $0, digest: digest(2), graceMilliseconds: 500))]
        }
        #expect(allowed(ledger, number, clock: 1_500) == nil, "nobody was told yet")
        ledger.acknowledgedEnds(number, upTo: LogIndex(99), at: 50)
        #expect(allowed(ledger, number, clock: 1_499) == nil)
        #expect(allowed(ledger, number, clock: 1_500) == "expiry")
        #expect(allowed(ledger, number, arrived: 50, clock: 1_500) == nil)
        #expect(allowed(ledger, number, 2, clock: 1_500) == nil)
        #expect(refused(ledger, number, clock: 1_499) == "refused")
        #expect(refused(ledger, number, 2) == nil, "nobody was given it yet")
        ledger.issued(number, digest(2), at: 20)
        #expect(refused(ledger, number, 2) == "refused")
    }

    @Test("A second rotation ends what the first had left, and one without grace what there is")
    func rotations() throws {
        var (ledger, number) = try ledger { id in
            [
                .rotateKey(.init(id: id, digest: digest(2), graceMilliseconds: 5_000)),
                .rotateKey(.init(id: id, digest: digest(3), graceMilliseconds: 0)),
            ]
        }
        ledger.acknowledgedEnds(number, upTo: LogIndex(99), at: 200)
        #expect(allowed(ledger, number, 1, arrived: 201) == "final")
        #expect(allowed(ledger, number, 2, arrived: 201) == "final")
        #expect(allowed(ledger, number, 3, arrived: 201) == nil)
        #expect(refused(ledger, number, 1) == nil)
    }

    @Test("It gives nothing that its owner has lost, nor what is not written in it")
    func owner() throws {
        let (ledger, number) = try ledger()
        var access = AccessLedger()
        #expect(allowed(ledger, number, role: Self.role, access: access) == nil)
        access.acknowledgedLoss(Self.role, of: Self.admin, at: 50)
        #expect(allowed(ledger, number, role: Self.role, arrived: 50, access: access) == nil)
        #expect(allowed(ledger, number, role: Self.role, arrived: 51, access: access) == "owner")
        #expect(allowed(ledger, number, arrived: 51, access: access) == nil)
        let (poor, other) = try self.ledger(gives: false)
        #expect(allowed(poor, other, role: Self.role) == "owner")
        #expect(
            poor.lacking(other, role: Self.role, arrived: 100, access: access) == nil)
    }

    @Test("Who is disabled is let in by no key, and who is not is refused by none")
    func disabled() throws {
        let (ledger, number) = try ledger()
        var access = AccessLedger()
        let user = try LedgerFixtures.user(UserID(bits: 5))
        var row = user
        row.disabled = true
        access.committed(
            .updateUser(.init(id: Self.admin, disabled: true)), actor: .node,
            Outcome(result: .user(row), index: LogIndex(9), stamp: .zero), at: 40)
        #expect(refused(ledger, number, access: access) == nil)
        #expect(allowed(ledger, number, access: access) == nil, "nobody was told yet")
        access.acknowledgedDisabling(Self.admin, at: 50)
        #expect(allowed(ledger, number, arrived: 51, access: access) == "final")
    }

    @Test("Worlds with keys use, rotate and refuse them, and keep every promise", arguments: 1...4)
    func worlds(seed: UInt64) {
        let options = SwarmOptions.drawn(seed: seed, nodes: nil, seconds: 10, emphasis: .keys)
        let report = Simulation.run(seed: seed, options: options)
        #expect(report.violation == nil, "simulate --seed \(seed) --keys --seconds 10")
    }

    @Test("A calm world with keys does all that can be done with them")
    func calm() {
        var options = SwarmOptions.calm(nodes: 3, seconds: 20, operationsPerSecond: 50)
        options.isHTTP = true
        options.mix = [.logIns, .validations, .roles, .revocations, .keys]
        let report = Simulation.run(seed: 5, options: options)
        #expect(report.violation == nil, "seed 5")
        #expect(report.counters[.keysAllowed] > 20)
        #expect(report.counters[.keysRefused] > 5)
        #expect(report.counters[.keysRotated] > 2)
    }

    @Test("No seed draws keys by itself, so that the others run as they did before there were any")
    func drawn() {
        for seed: UInt64 in 1...200 {
            let options = SwarmOptions.drawn(seed: seed, nodes: 3, seconds: 5, emphasis: .http)
            #expect(!options.mix.contains(.keys))
        }
    }
}
