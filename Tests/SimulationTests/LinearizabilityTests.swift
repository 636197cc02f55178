import Testing

@testable import SimulationKit

@Suite("linearizability of objects (Herlihy and Wing 1990)") struct LinearizabilityTests {
    private typealias Secret = Linearizability<SecretModel>

    private func done(
        _ operation: SecretModel.Operation, _ began: UInt64, _ ended: UInt64?
    ) -> Observation<SecretModel.Operation> {
        Observation(operation: operation, began: began, ended: ended)
    }

    private func isViolated(_ history: [Observation<SecretModel.Operation>]) -> Bool {
        if case .violated = Secret.check(history) { true } else { false }
    }

    @Test("an honest history has an order, whatever order it is written down in")
    func honest() {
        let history = [
            done(.read(value: 7, version: 1), 30, 40), done(.readNothing, 0, 5),
            done(.put(.absent, value: 7, version: 1), 10, 20),
            done(.put(.version(1), value: 8, version: 2), 50, 60),
            done(.putRefused(.version(1)), 70, 80), done(.delete(found: true), 90, 95),
            done(.readNothing, 96, 97), done(.put(.absent, value: 9, version: 3), 98, 99),
        ]
        #expect(Secret.check(history) == .linearizable)
    }

    @Test("a read that misses what was acknowledged before it began is found")
    func staleRead() {
        #expect(
            isViolated([
                done(.put(.any, value: 1, version: 1), 0, 10), done(.readNothing, 11, 20),
            ]))
        // At the same time it may come first.
        #expect(
            Secret.check([
                done(.put(.any, value: 1, version: 1), 0, 10), done(.readNothing, 9, 20),
            ]) == .linearizable)
    }

    @Test("two writers who both took the place of one version are found")
    func lostUpdate() {
        #expect(
            isViolated([
                done(.put(.any, value: 1, version: 1), 0, 1),
                done(.put(.version(1), value: 2, version: 2), 2, 9),
                done(.put(.version(1), value: 3, version: 3), 2, 9),
            ]))
    }

    @Test("a condition on a version that is deleted does not hold")
    func deletedVersion() {
        #expect(
            isViolated([
                done(.put(.any, value: 1, version: 1), 0, 1), done(.delete(found: true), 2, 3),
                done(.put(.version(1), value: 2, version: 2), 4, 5),
            ]))
    }

    @Test("reads that go back are found")
    func readsGoBack() {
        #expect(
            isViolated([
                done(.put(.any, value: 1, version: 1), 0, 1),
                done(.put(.any, value: 2, version: 2), 2, 50),
                done(.read(value: 2, version: 2), 10, 20),
                done(.read(value: 1, version: 1), 30, 40),
            ]))
    }

    @Test("what has no known outcome may take effect late, or never, and not twice")
    func unknown() {
        let put = done(.put(.any, value: 1, version: nil), 0, nil)
        #expect(Secret.check([put, done(.readNothing, 10, 20)]) == .linearizable)
        #expect(
            Secret.check([
                put, done(.readNothing, 10, 20), done(.read(value: 1, version: 1), 90, 99),
            ]) == .linearizable)
        #expect(
            isViolated([
                put, done(.read(value: 1, version: 1), 10, 20), done(.readNothing, 30, 40),
            ]))
        #expect(
            isViolated([
                put, done(.read(value: 1, version: 1), 1, 2),
                done(.put(.any, value: 5, version: 2), 3, 4),
                done(.read(value: 1, version: 3), 5, 6),
            ]))
    }

    @Test("a role that is seen after it was taken back is found")
    func grants() {
        func check(_ operations: [GrantModel.Operation]) -> Linearizability<GrantModel>.Verdict {
            Linearizability<GrantModel>.check(
                operations.enumerated().map { offset, operation in
                    let began = UInt64(offset) * 10
                    return Observation(operation: operation, began: began, ended: began + 5)
                })
        }
        #expect(check([.grant, .read(isHeld: true), .takeBack(found: true)]) == .linearizable)
        #expect(
            check([.grant, .takeBack(found: true), .read(isHeld: true)]) != .linearizable)
        #expect(check([.takeBack(found: true)]) != .linearizable)
    }

    @Test("a log-in with a password that was changed before is found")
    func accounts() {
        func check(
            _ operations: [AccountModel.Operation]
        ) -> Linearizability<AccountModel>.Verdict {
            Linearizability<AccountModel>.check(
                operations.enumerated().map { offset, operation in
                    let began = UInt64(offset) * 10
                    return Observation(operation: operation, began: began, ended: began + 5)
                })
        }
        let begin: [AccountModel.Operation] = [.create(password: 1), .setPassword(2)]
        #expect(check(begin + [.logIn(password: 2, isDone: true)]) == .linearizable)
        #expect(check(begin + [.logIn(password: 1, isDone: false)]) == .linearizable)
        #expect(check(begin + [.logIn(password: 1, isDone: true)]) != .linearizable)
        #expect(check(begin + [.logIn(password: 2, isDone: false)]) != .linearizable)
        #expect(
            check(begin + [.setDisabled(true), .logIn(password: 2, isDone: true)])
                != .linearizable)
        #expect(
            check(begin + [.changePassword(old: 1, new: 3, isDone: true)]) != .linearizable)
    }

    @Test("a search that takes too long says so")
    func undecided() {
        let history = (0..<40).map {
            done(.put(.any, value: UInt64($0), version: nil), 0, nil)
        }
        let impossible = [done(.read(value: 99, version: 20), 1, 2)]
        #expect(Secret.check(history + impossible, stepsMax: 1_000) == .undecided)
    }

    @Test("a long history of one client after another takes as many steps as it has operations")
    func long() {
        let history = (1...2_000).map { version in
            done(
                .put(.any, value: UInt64(version), version: UInt64(version)),
                UInt64(version) * 10, UInt64(version) * 10 + 5)
        }
        #expect(Secret.check(history, stepsMax: 2_000) == .linearizable)
    }
}
