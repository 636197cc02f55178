import LoadCore
import RaftCore
import Testing

@Suite("The mix of requests") struct MixTests {
    @Test("is read as it is written, and says itself in the order of kinds")
    func reads() throws {
        let mix = try Mix(parsing: "revoke=1,validate=95,start=1,refresh=3")
        #expect(mix.description == "validate=95,refresh=3,start=1,revoke=1")
        #expect(mix.total == 100)
        #expect(mix.kinds == [.validate, .refresh, .start, .revoke])
        #expect(!mix.has(.login))
    }

    @Test(
        "refuses what is no mix",
        arguments: [
            "", "validate", "validate=", "validate=1,", "validate=-1", "validate=1.5",
            "validate=1=2", "validate=1000001", "validate=1,validate=1", "validte=1",
            "Validate=1", "validate=0", "revoke=1", "validate=9,start=1,revoke=2",
        ])
    func refuses(_ text: String) {
        #expect(throws: LoadOptionsError.self) { try Mix(parsing: text) }
    }

    @Test("names what it does not know")
    func names() throws {
        let error = #expect(throws: LoadOptionsError.self) { try Mix(parsing: "validte=1") }
        #expect(error?.description.contains("\"validte\"") == true)
        #expect(error?.description.contains("validate, refresh") == true)
    }

    @Test("log-ins and starts together may be revoked")
    func revokesLogIns() throws {
        #expect(try Mix(parsing: "start=1,login=2,revoke=3").weight(of: .revoke) == 3)
    }

    @Test("draws each kind as often as its weight says, and no other")
    func draws() throws {
        let mix = try Mix(parsing: "validate=90,secret=10")
        var random = RandomSource(seed: 7)
        var drawn: [RequestKind: Int] = [:]
        for _ in 0..<10_000 { drawn[mix.draw(&random), default: 0] += 1 }
        #expect(Set(drawn.keys) == [.validate, .secret])
        #expect((900...1_100).contains(drawn[.secret] ?? 0))
    }

    @Test("draws the same from the same seed")
    func repeats() throws {
        let mix = try Mix(parsing: "validate=1,secret=1,start=1")
        var (first, second) = (RandomSource(seed: 9), RandomSource(seed: 9))
        let once = (0..<100).map { _ in mix.draw(&first) }
        #expect(once == (0..<100).map { _ in mix.draw(&second) })
    }
}
