import AuthCore
import ByteCodec
import RaftCore
import Testing

@testable import SimulationKit

@Suite("The ledger of access tokens rejects what must not be")
struct AccessTokenLedgerTests {
    private static let start = Timestamp(milliseconds: 1_700_000_000_000)

    private func id(_ byte: UInt8) throws -> Digest256 {
        try #require(Digest256(bytes: Array(repeating: byte, count: 32)))
    }

    /// A key is made, so many milliseconds after the beginning, by the entry of this index.
    private func rotate(
        _ ledger: inout AccessTokenLedger, to byte: UInt8, index: UInt64, after: UInt64,
        isRevoking: Bool = false
    ) throws {
        let operation = Command.RotateSigningKeys(
            expectedVersion: index, id: try id(byte), algorithm: .edDSA,
            publicKey: Array(repeating: byte, count: 32),
            privateKey: SealedBlob(term: 1, bytes: []), leadMilliseconds: 1_000,
            keepMilliseconds: 2_000, isRevoking: isRevoking)
        ledger.committed(
            .rotateSigningKeys(operation),
            Outcome(
                result: .done, index: LogIndex(index),
                stamp: Self.start.advanced(milliseconds: after)))
    }

    private func token(_ byte: UInt8, endsAfter: UInt64 = 60_000) throws -> KnownAccessToken {
        KnownAccessToken(
            text: "t", session: 0, key: try id(byte),
            expiresAt: Self.start.advanced(milliseconds: endsAfter))
    }

    private func clock(_ after: UInt64) -> Timestamp { Self.start.advanced(milliseconds: after) }

    @Test("A token of a key that was told to be dropped is taken by nobody")
    func dropped() throws {
        var ledger = AccessTokenLedger()
        try rotate(&ledger, to: 1, index: 1, after: 0)
        try rotate(&ledger, to: 2, index: 2, after: 10, isRevoking: true)
        let token = try token(1)
        // Told to nobody yet.
        #expect(ledger.allowed(token, arrived: 50, clock: clock(20)) == nil)
        #expect(ledger.mayRefuse(token, clock: clock(20)))
        ledger.acknowledgedDrops(upTo: LogIndex(2), at: 100)
        #expect(ledger.allowed(token, arrived: 100, clock: clock(20)) == nil)
        #expect(ledger.allowed(token, arrived: 101, clock: clock(20)) != nil)
        #expect(ledger.allowed(try self.token(2), arrived: 101, clock: clock(20)) == nil)
        #expect(!ledger.mayRefuse(try self.token(2), clock: clock(20)))
    }

    @Test("A rotation keeps the key before for its time, and no longer")
    func kept() throws {
        var ledger = AccessTokenLedger()
        try rotate(&ledger, to: 1, index: 1, after: 0)
        try rotate(&ledger, to: 2, index: 2, after: 500)
        let token = try token(1)
        #expect(ledger.allowed(token, arrived: 1, clock: clock(3_499)) == nil)
        #expect(!ledger.mayRefuse(token, clock: clock(3_499)))
        #expect(ledger.allowed(token, arrived: 1, clock: clock(3_500)) != nil)
        #expect(ledger.mayRefuse(token, clock: clock(3_500)))
        // One that waits makes room for the next.
        try rotate(&ledger, to: 3, index: 3, after: 700)
        #expect(ledger.allowed(token, arrived: 1, clock: clock(3_600)) == nil)
        #expect(ledger.mayRefuse(try self.token(2), clock: clock(700)))
    }

    @Test("A token is taken until its own end, and by no key that nobody made")
    func ends() throws {
        var ledger = AccessTokenLedger()
        try rotate(&ledger, to: 1, index: 1, after: 0)
        let token = try token(1, endsAfter: 400)
        #expect(ledger.allowed(token, arrived: 1, clock: clock(399)) == nil)
        #expect(ledger.allowed(token, arrived: 1, clock: clock(400)) != nil)
        #expect(!ledger.mayRefuse(token, clock: clock(399)))
        #expect(ledger.allowed(try self.token(9), arrived: 1, clock: clock(1)) != nil)
    }

    @Test("Worlds with access tokens keep every promise", arguments: 2...3)
    func worlds(seed: UInt64) {
        let options = SwarmOptions.drawn(seed: seed, nodes: nil, seconds: 8, emphasis: .tokens)
        let report = Simulation.run(seed: seed, options: options)
        #expect(report.violation == nil, "simulate --seed \(seed) --tokens --seconds 8")
    }

    @Test("A calm world with access tokens does all that can be done with them")
    func calm() {
        var options = SwarmOptions.calm(nodes: 3, seconds: 20, operationsPerSecond: 50)
        options.isHTTP = true
        options.mix = [.logIns, .validations, .refreshes, .revocations, .accessTokens]
        let report = Simulation.run(seed: 5, options: options)
        #expect(report.violation == nil, "seed 5")
        #expect(report.counters[.accessTokensTaken] > 20)
        #expect(report.counters[.accessTokensRefused] > 5)
        #expect(report.counters[.signingKeysRotated] > 0)
    }

    @Test("No seed draws access tokens by itself")
    func notDrawn() {
        for seed in 1...UInt64(200) {
            let options = SwarmOptions.drawn(seed: seed, nodes: 3, seconds: 5, emphasis: .http)
            #expect(!options.mix.contains(.accessTokens))
        }
    }
}
