import NIOCore
import Testing

@testable import Server

@Suite("How long each part of a connection may take")
struct ConnectionTimesTests {
    private func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .seconds(seconds) }

    @Test(
        "the time of a request counts from its own first byte, also when its head came in one read")
    func body() {
        var deadline = ConnectionDeadline(times: ConnectionTimes(), isTLS: false, now: at(0))
        deadline.enter(.body, now: at(50))
        #expect(deadline.moment == at(60), "not from the beginning of the connection")
        deadline.enter(.answering, now: at(51))
        deadline.enter(.idle, now: at(52))
        deadline.enter(.body, now: at(100))
        #expect(deadline.moment == at(110), "nor from the request before")
    }

    @Test("a head and its body share one time")
    func both() {
        var deadline = ConnectionDeadline(times: ConnectionTimes(), isTLS: false, now: at(0))
        deadline.enter(.head, now: at(20))
        #expect(deadline.moment == at(25))
        deadline.enter(.body, now: at(24))
        #expect(deadline.moment == at(30))
    }
}
