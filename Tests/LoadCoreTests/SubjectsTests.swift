import LoadCore
import Testing

@Suite("Whom requests are about") struct SubjectsTests {
    @Test("a validation is of one of the lane's own sessions")
    func validates() throws {
        var subjects = try subjects("validate=1")
        var seen: Set<Int> = []
        for _ in 0..<200 {
            guard case .validate(let session) = subjects.request(of: .validate) else { continue }
            seen.insert(session)
        }
        #expect(seen == Set(10..<20))
    }

    @Test("a session that was begun is revoked, once")
    func revokes() throws {
        var subjects = try subjects("start=1,revoke=1")
        let start = subjects.request(of: .start)
        #expect(start.kind == .start)
        subjects.learn(from: good(start, number: 5), to: start)
        #expect(subjects.request(of: .revoke) == .revoke(id: "ses_5"))
        #expect(subjects.request(of: .revoke).kind == .start)
    }

    @Test("a revocation with nothing to revoke is made good by a later beginning")
    func owes() throws {
        var subjects = try subjects("start=1,revoke=1")
        let first = subjects.request(of: .revoke)
        #expect(first.kind == .start)
        // Nothing to revoke yet: what is owed stays owed.
        let second = subjects.request(of: .start)
        #expect(second.kind == .start)
        subjects.learn(from: good(first, number: 1), to: first)
        subjects.learn(from: good(second, number: 2), to: second)
        #expect(subjects.request(of: .start) == .revoke(id: "ses_1"))
        #expect(subjects.request(of: .start).kind == .start)
        #expect(subjects.request(of: .revoke) == .revoke(id: "ses_2"))
    }

    @Test("log-ins stand in for revocations where the mix has no starts")
    func standsIn() throws {
        var subjects = try subjects("login=1,revoke=1")
        #expect(subjects.request(of: .revoke).kind == .login)
    }

    @Test("a refresh token is on its way once at a time, and its successor comes after it")
    func refreshes() throws {
        var subjects = try subjects("refresh=1", refreshTokens: ["wwr_a"])
        let first = subjects.request(of: .refresh)
        #expect(first == .refresh(holder: 0, token: "wwr_a"))
        #expect(subjects.request(of: .refresh).kind == .validate)
        subjects.learn(from: good(first, number: 7), to: first)
        #expect(subjects.request(of: .refresh) == .refresh(holder: 0, token: "wwr_next7"))
    }

    @Test("a token that was surely not redeemed is tried again")
    func triesAgain() throws {
        var subjects = try subjects("refresh=1", refreshTokens: ["wwr_a"])
        let first = subjects.request(of: .refresh)
        subjects.learn(from: refusal(503, "no_leader", to: .refresh), to: first)
        #expect(subjects.request(of: .refresh) == first)
        #expect(subjects.tokensGivenUp == 0)
    }

    @Test(
        "a token of which nobody knows whether it was redeemed is never shown again",
        arguments: [refusal(503, "outcome_unknown", to: .refresh), nil])
    func givesUp(_ answer: LoadAnswer?) throws {
        var subjects = try subjects("refresh=1", refreshTokens: ["wwr_a"])
        let first = subjects.request(of: .refresh)
        if let answer {
            subjects.learn(from: answer, to: first)
        } else {
            subjects.learn(unanswered: first)
        }
        #expect(subjects.request(of: .refresh).kind == .validate)
        #expect(subjects.tokensGivenUp == 1)
    }
}
