import ByteCodec
import RaftCore
import Testing

@testable import AuthCore

extension Command.RotateSigningKeys {
    /// A key that nobody has, of 32 equal bytes.
    init(
        _ byte: UInt8, version: UInt64, algorithm: SigningAlgorithm = .edDSA,
        lead: UInt64 = 600_000, keep: UInt64 = 300_000, isRevoking: Bool = false
    ) {
        self.init(
            expectedVersion: version, id: digest(byte), algorithm: algorithm,
            publicKey: Array(repeating: byte, count: algorithm.publicKeyBytes),
            privateKey: SealedBlob(term: 1, bytes: [byte, 1, 2]), leadMilliseconds: lead,
            keepMilliseconds: keep, isRevoking: isRevoking)
    }
}

@Suite("Signing keys") struct SigningKeyTests {
    private func keys(_ house: House) throws -> SigningKeys { try SigningKeys.read(house.tables) }

    private func states(_ house: House) throws -> [String] {
        let keys = try keys(house)
        return keys.rows.map { keys.state(of: $0, at: house.now)?.rawValue ?? "ended" }
    }

    private func verdict(_ byte: UInt8, _ house: House) throws -> SigningKeyVerdict {
        try decideSigningKey(digest(byte), meta: house.meta, wall: .zero, house.tables)
    }

    /// Lets time pass for the state too.
    private func wait(_ milliseconds: UInt64, _ house: inout House) throws {
        house.now = house.now.advanced(milliseconds: milliseconds)
        _ = try house.apply(.touchSessions(.init(touches: [])), by: .node)
    }

    @Test("The first key signs at once; its successor is published before it signs")
    func rotation() throws {
        var house = try House.open()
        #expect(try keys(house).version == 0 && keys(house).signer(at: house.now) == nil)
        let first = Command(
            .rotateSigningKeys(.init(1, version: 0)), header: CommandHeader(actor: .node))
        #expect(!first.isNarrowing)
        #expect(try house.apply(first.operation, by: .node).result == .done)
        #expect(try states(house) == ["current"])
        #expect(try house.lastAudit()?.action == .signingKeysRotate)
        let second = try house.apply(.rotateSigningKeys(.init(2, version: 1)), by: .node)
        #expect(second.result == .done)
        #expect(try states(house) == ["current", "next"])
        #expect(try keys(house).isRotating(at: house.now))
        try wait(599_999, &house)
        #expect(try keys(house).signer(at: house.now)?.id == digest(1))
        try wait(1, &house)
        #expect(try states(house) == ["previous", "current"])
        guard case .good = try verdict(1, house) else {
            Issue.record("what was signed a moment ago is good")
            return
        }
        try wait(299_999, &house)
        #expect(try states(house) == ["previous", "current"])
        try wait(1, &house)
        #expect(try states(house) == ["ended", "current"])
        #expect(try verdict(1, house) == .bad(isFinal: true))
        // A clock that is ahead shortens a life, and proves nothing.
        #expect(try keys(house).rows.count == 2)
        _ = try house.apply(.sweep(.init(limit: 1)), by: .node)
        #expect(try keys(house).rows.map(\.id) == [digest(2)])
        #expect(try verdict(1, house) == .bad(isFinal: false))
    }

    @Test("A clock that is ahead ends a key early, and not for good")
    func ownClock() throws {
        var house = try House.open()
        _ = try house.apply(.rotateSigningKeys(.init(1, version: 0)), by: .node)
        _ = try house.apply(.rotateSigningKeys(.init(2, version: 1, lead: 0)), by: .node)
        let end = house.now.advanced(milliseconds: 300_000)
        let ahead = try decideSigningKey(
            digest(1), meta: house.meta, wall: end, house.tables)
        #expect(ahead == .bad(isFinal: false))
    }

    @Test("Revoking drops every other key at once, and the new one signs at once")
    func revoking() throws {
        var house = try House.open()
        for (byte, version) in [(UInt8(1), UInt64(0)), (2, 1)] {
            _ = try house.apply(.rotateSigningKeys(.init(byte, version: version)), by: .node)
        }
        let operation = Command.Operation.rotateSigningKeys(
            .init(3, version: 2, algorithm: .rs256, isRevoking: true))
        #expect(Command(operation, header: CommandHeader(actor: .node)).isNarrowing)
        #expect(try house.apply(operation, by: house.admin).result == .done)
        #expect(try keys(house).rows.map(\.id) == [digest(3)])
        #expect(try states(house) == ["current"])
        #expect(try house.lastAudit()?.action == .signingKeysRevoke)
        #expect(try verdict(1, house) == .bad(isFinal: false))
    }

    @Test("A key that waits makes room for the next one: it has signed nothing")
    func replacedNext() throws {
        var house = try House.open()
        for (byte, version) in [(UInt8(1), UInt64(0)), (2, 1), (3, 2)] {
            #expect(
                try house.apply(.rotateSigningKeys(.init(byte, version: version)), by: .node)
                    .result == .done)
            try wait(60_000, &house)
        }
        let found = try keys(house).rows
        #expect(found.map(\.id) == [digest(1), digest(3)])
        // The present key signs until the new one does.
        #expect(found[0].endsAt == found[1].signsFrom.advanced(milliseconds: 300_000))
    }

    @Test("Two nodes that rotate at once make one step")
    func stale() throws {
        var house = try House.open()
        _ = try house.apply(.rotateSigningKeys(.init(1, version: 0)), by: .node)
        let late = try house.apply(.rotateSigningKeys(.init(2, version: 0)), by: .node)
        #expect(late.refusal == .stale(current: 1))
        let again = try house.apply(.rotateSigningKeys(.init(1, version: 1)), by: .node)
        #expect(again.refusal == .exists(.key))
        #expect(try keys(house).rows.count == 1)
    }

    @Test("What no key can be is refused, and so is one key too many")
    func refused() throws {
        var house = try House.open()
        var short = Command.RotateSigningKeys(1, version: 0)
        short.publicKey.removeLast()
        #expect(
            try house.apply(.rotateSigningKeys(short), by: .node).refusal == .invalid(.form))
        let long = Command.RotateSigningKeys(
            1, version: 0, lead: Limits.signingKeyLeadMilliseconds + 1)
        #expect(
            try house.apply(.rotateSigningKeys(long), by: .node).refusal == .invalid(.duration))
        for version in 0..<UInt64(Limits.signingKeys) {
            let body = Command.RotateSigningKeys(UInt8(version + 1), version: version, lead: 0)
            #expect(try house.apply(.rotateSigningKeys(body), by: .node).result == .done)
            try wait(1, &house)
        }
        let more = Command.RotateSigningKeys(99, version: UInt64(Limits.signingKeys), lead: 0)
        #expect(try house.apply(.rotateSigningKeys(more), by: .node).refusal == .quota(.key))
    }

    @Test("It takes a permission of its own, which another tenant cannot have")
    func permissions() throws {
        var house = try House.open()
        let keeper = try house.makeActor(7, ["signing-keys:write"])
        let stranger = try house.makeActor(8, ["keys:write", "users:write"])
        let body = Command.RotateSigningKeys(1, version: 0)
        #expect(
            try house.apply(.rotateSigningKeys(body), by: stranger).refusal
                == .insufficientPermissions)
        #expect(
            try house.apply(.rotateSigningKeys(body), by: .anonymous).refusal
                == .insufficientPermissions)
        #expect(try house.apply(.rotateSigningKeys(body), by: keeper).result == .done)
        #expect(permission("signing-keys:write").isPlatformOnly)
        #expect(permission("signing-keys:read").isAdministrative(at: 2))
        // The first release did not know that this is power over the server.
        let power = EffectivePermissions(
            tenant: .platform, roles: [], permissions: [.signingKeysWrite, .keysWrite])
        #expect(power.administrative(at: 1).permissions == [.keysWrite])
        #expect(power.administrative(at: 2).permissions.count == 2)
    }

    @Test("A session that a signature names is judged by its id, as by its token")
    func sessionByID() throws {
        var house = try House.open()
        let user = try house.makeUser(9)
        let session = try house.startSession(user)
        func judged(_ id: SessionID) throws -> SessionVerdict {
            try decideValidation(of: id, wall: .zero, house.tables)
        }
        guard case .allow(let facts) = try judged(session.id) else {
            Issue.record("the session lives")
            return
        }
        #expect(facts.session == session)
        let other = SessionID(number: session.id.number, nonce: session.id.nonce + 1)
        #expect(try judged(other) == .deny(.wrongVerifier, isFinal: true))
        let later = SessionID(number: try house.meta.nextNumber, nonce: 1)
        #expect(try judged(later) == .deny(.unknown, isFinal: false))
        _ = try house.apply(.revokeSession(.init(session: session.id)), by: .node)
        #expect(try judged(session.id) == .deny(.ended, isFinal: true))
    }
}
