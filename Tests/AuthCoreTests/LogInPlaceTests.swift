import ByteCodec
import Testing

@testable import AuthCore

@Suite("Log-ins from places that were not known (security J)") struct LogInPlaceTests {
    @Test("A log-in from a network that was not known is told of, and the first one is not")
    func newNetwork() throws {
        var house = try House.open()
        let bob = UserID(bits: 9)
        try house.makeUser(9)
        let first = try house.meta.nextAudit
        func elsewhere() throws -> [AuditRow] {
            try house.tables.rows(.audit).map { try AuditRow(key: $0.key, value: $0.value) }
                .filter { $0.sequence >= first && $0.action == .logInElsewhere }
        }
        _ = try house.logIn(bob, from: "192.0.2.1")
        _ = try house.logIn(bob, from: "192.0.2.9")
        #expect(try elsewhere().isEmpty)
        #expect(try house.logIn(bob, from: "198.51.100.7").refusal == nil)
        let told = try elsewhere()
        #expect(told.map(\.target) == [.user(bob)] && told.first?.address == "198.51.100.7")
        _ = try house.logIn(bob, from: "198.51.100.7")
        _ = try house.logIn(bob, from: "192.0.2.1")
        #expect(try elsewhere().count == 1)
    }
}
