import ByteCodec
import RaftCore
import Testing

@testable import AuthCore

@Suite struct RefreshTests {
    /// A session with a refresh family that was rotated some times, each time to the next byte.
    private func open(rotations: UInt8) throws -> (House, SessionRow) {
        var house = try House.open()
        let session = try house.startSession(house.makeUser(1), refresh: digest(1))
        for step in 0..<rotations {
            let outcome = try house.apply(
                rotate(session, from: step + 1, to: step + 2), by: .anonymous)
            precondition(outcome.refusal == nil, "\(outcome)")
            house.now = house.now.advanced(milliseconds: 60_000)
        }
        return (house, session)
    }

    private func rotate(
        _ session: SessionRow, from: UInt8, to: UInt8
    ) -> Command.Operation {
        .rotateRefresh(
            .init(
                number: session.id.number, presented: digest(from), successor: digest(to),
                sealedSuccessor: [from, to]))
    }

    @Test("The current token makes the next generation and slides the session")
    func current() throws {
        var (house, session) = try open(rotations: 0)
        house.now = house.now.advanced(milliseconds: 60_000)
        let outcome = try house.apply(rotate(session, from: 1, to: 2), by: .anonymous)
        guard case .refreshed(let row, let generation) = outcome.result else {
            Issue.record("\(outcome)")
            return
        }
        #expect(generation == 2)
        #expect(row.idleExpiresAt == house.now.advanced(milliseconds: 1_800_000))
        #expect(try RefreshFamilyRow.read(session.id.number, house.tables)?.current == digest(2))
        #expect(try house.lastAudit()?.action == .sessionRefresh)
    }

    @Test(
        "The token before it gets the same successor within 10 s, then revokes (security C10)",
        arguments: [(0, true), (10_000, true), (10_001, false), (3_600_000, false)]
            as [(UInt64, Bool)])
    func previous(after: UInt64, inGrace: Bool) throws {
        var (house, session) = try open(rotations: 0)
        _ = try house.apply(rotate(session, from: 1, to: 2), by: .anonymous)
        house.now = house.now.advanced(milliseconds: after)
        let outcome = try house.apply(rotate(session, from: 1, to: 3), by: .anonymous)
        if inGrace {
            if case .refreshedBefore(_, let generation, let sealed) = outcome.result {
                #expect(generation == 2 && sealed == [1, 2])
            } else {
                Issue.record("\(outcome)")
            }
            #expect(try house.isAllowed(session))
        } else {
            #expect(outcome.refusal == .refreshReused)
            #expect(try house.verdict(session) == .deny(.ended, isFinal: true))
        }
    }

    @Test("Any older token of the family revokes family and session, even within the grace time")
    func older() throws {
        for age in 2...6 as ClosedRange<UInt8> {
            var (house, session) = try open(rotations: 6)
            let audit = try house.meta.nextAudit
            let outcome = try house.apply(
                rotate(session, from: 7 - age, to: 99), by: .anonymous)
            #expect(outcome.refusal == .refreshReused, "generation n-\(age)")
            #expect(house.tables.count(.refreshFamilies) == 0)
            #expect(try SessionRow.read(session.id, house.tables) == nil)
            let row = try house.lastAudit()
            #expect(row?.action == .sessionRefreshReuse && row?.outcome == .denied)
            #expect(row?.sequence == audit)
            let after = try house.apply(rotate(session, from: 7, to: 98), by: .anonymous)
            #expect(after.refusal == .refreshUnknown)
        }
    }

    @Test("A token of no family changes nothing, however its number was come by")
    func unknown() throws {
        var (house, session) = try open(rotations: 1)
        let family = try RefreshFamilyRow.read(session.id.number, house.tables)
        let outcome = try house.apply(rotate(session, from: 77, to: 78), by: .anonymous)
        #expect(outcome.refusal == .refreshUnknown)
        #expect(try RefreshFamilyRow.read(session.id.number, house.tables) == family)
        let none = try house.startSession(UserID(bits: 1))
        #expect(
            try house.apply(rotate(none, from: 1, to: 2), by: .anonymous).refusal
                == .refreshUnknown)
    }

    @Test("Many redeem the same token: one new generation, one successor (security C8)")
    func race() throws {
        var (house, session) = try open(rotations: 0)
        var sealed: [[UInt8]] = []
        for attempt in 2...50 as ClosedRange<UInt8> {
            let outcome = try house.apply(
                rotate(session, from: 1, to: attempt), by: .anonymous)
            if case .refreshedBefore(_, 2, let answer) = outcome.result { sealed.append(answer) }
        }
        #expect(sealed == Array(repeating: [1, 2], count: 48))
        #expect(try RefreshFamilyRow.read(session.id.number, house.tables)?.generation == 2)
    }

    @Test("Nobody refreshes a session that has ended, or of a user who is disabled or gone")
    func ended() throws {
        let ends: [(inout House, SessionRow) throws -> Void] = [
            { house, session in house.now = session.expiresAt },
            { house, session in house.now = session.idleExpiresAt },
            { house, session in
                _ = try house.apply(
                    .updateUser(.init(id: session.user, disabled: true)), by: .node)
            },
            { house, session in
                _ = try house.apply(.deleteUser(.init(id: session.user)), by: .node)
            },
            { house, session in
                _ = try house.apply(.revokeSessions(.init(user: session.user)), by: .node)
            },
            { house, session in
                _ = try house.apply(.revokeSession(.init(session: session.id)), by: .node)
            },
        ]
        for end in ends {
            var (house, session) = try open(rotations: 0)
            try end(&house, session)
            let outcome = try house.apply(rotate(session, from: 1, to: 2), by: .anonymous)
            #expect(outcome.refusal == .refreshUnknown)
        }
    }

    @Test("A family remembers a bounded number of tokens, the newest ones")
    func ancestors() throws {
        var family = RefreshFamilyRow(
            number: CredentialNumber(1), generation: 1, current: tagged(0), previous: nil,
            rotatedAt: .zero, sealedSuccessor: [], ancestors: [])
        for step in 1...400 { family.rotate(to: tagged(step), sealed: [], at: .zero) }
        #expect(family.ancestors.count == Limits.refreshAncestors)
        let late = Timestamp(milliseconds: 60_000)
        #expect(family.standing(of: tagged(398), at: late) == .reused)
        #expect(family.standing(of: tagged(399 - Limits.refreshAncestors), at: late) == .reused)
        #expect(family.standing(of: tagged(398 - Limits.refreshAncestors), at: late) == .unknown)
    }

    @Test("A view tells what is worth proposing, and is sure only of what has ended")
    func verdict() throws {
        let (house, session) = try open(rotations: 2)
        func decide(_ number: UInt64, _ byte: UInt8) throws -> RefreshVerdict {
            try decideRefresh(
                of: CredentialNumber(number), presented: digest(byte), house.tables)
        }
        let number = session.id.number.rawValue
        let row = try #require(try SessionRow.read(session.id, house.tables))
        for byte in [1, 2, 3] as [UInt8] { #expect(try decide(number, byte) == .propose(row)) }
        #expect(try decide(number, 9) == .deny(isFinal: false))
        #expect(try decide(number - 1, 1) == .deny(isFinal: true))
        #expect(try decide(number + 1, 1) == .deny(isFinal: false))
    }

    private func tagged(_ number: Int) -> Digest256 {
        let bytes = Key.of(UInt64(number)) + Array(repeating: 0, count: 24)
        guard let digest = Digest256(bytes: bytes) else { preconditionFailure() }
        return digest
    }
}
