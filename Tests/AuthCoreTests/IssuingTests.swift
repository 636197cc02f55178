import ByteCodec
import Foundation
import RaftCore
import Testing

@testable import AuthCore

@Suite("The one gate of every credential (security A10)")
struct IssuingTests {
    private let owner = UserID(bits: 9)

    /// The ways of getting a credential for a user, and what each one shows.
    private enum Way: CaseIterable {
        case logIn, delegated, refresh, createKey, rotateKey
    }

    private enum Fate: CaseIterable {
        case none, disabled, deleted, enrolled
    }

    @Test("Nobody who is disabled or deleted gets one, by any way")
    func table() throws {
        for way in Way.allCases {
            for fate in Fate.allCases {
                var house = try House.open()
                try house.makeUser(9)
                _ = try house.startSession(owner, refresh: digest(1))
                let key = try house.makeKey(of: owner)
                switch fate {
                case .none: break
                case .disabled:
                    _ = try house.apply(.updateUser(.init(id: owner, disabled: true)), by: .node)
                case .deleted: _ = try house.apply(.deleteUser(.init(id: owner)), by: .node)
                case .enrolled: try house.enrol(owner)
                }
                let actor: Actor = way == .logIn || way == .refresh ? .anonymous : .node
                let outcome = try house.apply(try operation(way, house, key), by: actor)
                let isIssued = fate == .none || fate == .enrolled && way != .logIn
                #expect((outcome.refusal == nil) == isIssued, "\(way), \(fate)")
                guard way == .refresh, fate == .disabled else { continue }
                // And again when the user is enabled: what ended stays so.
                _ = try house.apply(.updateUser(.init(id: owner, disabled: false)), by: .node)
                let late = try house.apply(try operation(way, house, key), by: actor)
                #expect(late.refusal != nil)
            }
        }
    }

    private func operation(
        _ way: Way, _ house: House, _ key: KeyRow
    ) throws -> Command.Operation {
        switch way {
        case .logIn: return house.start(owner)
        case .delegated: return house.start(owner, authVersion: nil, method: .delegated)
        case .refresh:
            let row = try #require(house.tables.rows(.refreshFamilies).last)
            let family = try RefreshFamilyRow(key: row.key, value: row.value)
            return .rotateRefresh(
                .init(
                    number: family.number, presented: digest(1), successor: digest(2),
                    sealedSuccessor: [1]))
        case .createKey:
            return .createKey(
                .init(
                    nonce: 4, owner: owner, digest: digest(0xC2), scope: .permissions([]),
                    expiry: .never))
        case .rotateKey:
            return .rotateKey(.init(id: key.id, digest: digest(0xC3), graceMilliseconds: 0))
        }
    }

    @Test("The gate says no to nobody, to the disabled, and to who has shown nothing")
    func gate() throws {
        var house = try House.open()
        try house.makeUser(9)
        let user = try #require(try UserRow.read(.platform, owner, house.tables))
        for factors in [Factors.password, .delegated, .refreshToken, .keyHolder] {
            #expect(mayIssue(user, of: .open, factors, hasSecondFactor: false) == nil)
            #expect(mayIssue(nil, of: .open, factors, hasSecondFactor: true) == .notFound(.user))
            let alone = mayIssue(user, of: .open, factors, hasSecondFactor: true)
            #expect(alone == (factors == .password ? .codeRequired : nil))
            #expect(mayIssue(user, of: .open, [factors, .code], hasSecondFactor: true) == nil)
            var disabled = user
            disabled.disabled = true
            #expect(mayIssue(disabled, of: .open, factors, hasSecondFactor: true) == .userDisabled)
        }
        for factors in [Factors([]), .code] {
            #expect(
                mayIssue(user, of: .open, factors, hasSecondFactor: false)
                    == .insufficientPermissions)
        }
    }

    @Test("Every operation that issues a credential asks it, and nothing else decides")
    func uses() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let apply = root.appending(path: "Sources/AuthCore/Apply")
        var uses: [String: Int] = [:]
        var makers: Set<String> = []
        for file in try FileManager.default.contentsOfDirectory(
            at: apply, includingPropertiesForKeys: nil)
        {
            let text = try String(contentsOf: file, encoding: .utf8)
            let name = file.lastPathComponent
            let count = text.components(separatedBy: "mayIssue(").count - 1
            if count > 0 { uses[name] = count }
            // What a credential is made of: a new row of a session or key, or another digest of
            // one that there is.
            for maker in ["= SessionRow(", "= KeyRow(", "key.digest = ", ".rotate(to:"]
            where text.contains(maker) { makers.insert(name) }
        }
        #expect(
            uses == [
                "Execution+Sessions.swift": 1, "Execution+Refresh.swift": 1,
                "Execution+Keys.swift": 2,
            ])
        #expect(makers == Set(uses.keys))
    }
}

extension House {
    fileprivate mutating func makeKey(of owner: UserID) throws -> KeyRow {
        let outcome = try apply(
            .createKey(
                .init(
                    nonce: 3, owner: owner, digest: digest(0xC1), scope: .permissions([]),
                    expiry: .never)), by: .node)
        guard case .key(let key) = outcome.result else { throw NoKey() }
        return key
    }

    /// Gives a user a second factor that is confirmed.
    fileprivate mutating func enrol(_ user: UserID) throws {
        try SecondFactorRow(
            tenant: .platform, user: user, enrolment: 1, secret: SealedBlob(term: 1, bytes: [1]),
            enrolledAt: now, confirmedAt: now, lastStep: 0, recoveryCodes: []
        ).put(tables)
    }

    private struct NoKey: Error {}
}
