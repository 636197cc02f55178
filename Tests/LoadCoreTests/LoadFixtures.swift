import LoadCore
import RaftCore

/// A moment so many milliseconds after an arbitrary beginning.
func moment(_ milliseconds: UInt64) -> Moment {
    Moment(nanoseconds: 7_000_000_000).advanced(byMilliseconds: milliseconds)
}

/// What a server says to a request that it has done.
func good(_ request: LoadRequest, number: Int = 0) -> LoadAnswer {
    let session = #"{"session":{"id":"ses_\#(number)"},"session_token":"wws_x"}"#
    let refreshed = #"{"refresh_token":"wwr_next\#(number)"}"#
    return switch request.kind {
    case .start, .login: answer(201, session, to: request.kind)
    case .refresh: answer(200, refreshed, to: request.kind)
    case .validate, .secret: answer(200, "", to: request.kind)
    case .revoke: answer(204, "", to: request.kind)
    }
}

/// What a server says to a request that it has not done.
func refusal(_ status: Int, _ code: String, to kind: RequestKind = .validate) -> LoadAnswer {
    answer(status, #"{"code":"\#(code)"}"#, to: kind)
}

private func answer(_ status: Int, _ body: String, to kind: RequestKind) -> LoadAnswer {
    LoadAnswer(LoadResponse(status: status, body: Array(body.utf8)), to: kind)
}

/// A mix that is right.
func mix(_ text: String) throws -> Mix { try Mix(parsing: text) }

/// Ten sessions, three users and the refresh tokens that are given.
func subjects(_ text: String, refreshTokens: [String] = []) throws -> Subjects {
    Subjects(
        sessions: 10..<20, users: 3, refreshTokens: refreshTokens, mix: try mix(text),
        random: RandomSource(seed: 1))
}

/// The only lane of a load.
func lane(
    _ text: String, connections: Int = 1, ratePerSecond: UInt64? = nil, queueMax: Int = 10
) throws -> Lane {
    Lane(
        options: LaneOptions(
            connections: connections, ratePerSecond: ratePerSecond, lane: 0, of: 1,
            queueMax: queueMax, timeoutMilliseconds: 1_000),
        mix: try mix(text), subjects: try subjects(text, refreshTokens: ["wwr_a"]),
        random: RandomSource(seed: 2))
}

/// A plan that is right.
func plan(_ text: String = "validate=1", ratePerSecond: UInt64? = nil) throws -> LoadPlan {
    LoadPlan(
        mix: try mix(text), connections: 8, ratePerSecond: ratePerSecond,
        duration: TimeSpan(milliseconds: 10_000), warmUp: TimeSpan(milliseconds: 2_000),
        interval: TimeSpan(milliseconds: 1_000), timeout: TimeSpan(milliseconds: 10_000),
        sessions: 100, users: 10, queueMax: 1_000, threads: 2, seed: 42)
}
