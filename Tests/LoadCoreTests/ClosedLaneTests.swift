import LoadCore
import Testing

@Suite("A lane in a closed loop") struct ClosedLaneTests {
    @Test("sends nothing before it is begun, and then over every open connection")
    func begins() throws {
        var lane = try lane("secret=1", connections: 3)
        #expect(lane.connected(0, at: moment(0)) == nil)
        #expect(lane.connected(2, at: moment(1)) == nil)
        #expect(lane.begin(at: moment(5)).map(\.connection) == [0, 2])
        #expect(lane.connected(1, at: moment(6))?.connection == 1)
        #expect(lane.flights == 3)
    }

    @Test("sends the next request over the connection whose answer has come")
    func continues() throws {
        var lane = try lane("secret=1", connections: 2)
        for number in 0..<2 { _ = lane.connected(number, at: moment(0)) }
        _ = lane.begin(at: moment(0))
        let next = lane.answered(1, good(.secret), closes: false, at: moment(3))
        #expect(next?.connection == 1)
        #expect(next?.request == .secret)
        let tally = lane.takeTally()
        #expect(tally.succeeded(.secret) == 1)
        #expect(tally.latency(of: .secret).greatestMicroseconds == 3_000)
    }

    @Test("counts latency from the sending")
    func latency() throws {
        var lane = try lane("secret=1")
        _ = lane.connected(0, at: moment(0))
        _ = lane.begin(at: moment(100))
        _ = lane.answered(0, good(.secret), closes: false, at: moment(104))
        _ = lane.answered(0, good(.secret), closes: false, at: moment(110))
        #expect(lane.takeTally().latency().greatestMicroseconds == 6_000)
    }

    @Test("sends nothing over a connection that closes, until it is open again")
    func closes() throws {
        var lane = try lane("secret=1")
        _ = lane.connected(0, at: moment(0))
        _ = lane.begin(at: moment(0))
        #expect(lane.answered(0, good(.secret), closes: true, at: moment(1)) == nil)
        #expect(lane.connected(0, at: moment(2))?.request == .secret)
    }

    @Test("counts a lost connection, and the request that was on it as failed")
    func loses() throws {
        var lane = try lane("secret=1")
        _ = lane.connected(0, at: moment(0))
        _ = lane.begin(at: moment(0))
        lane.lost(0, "connection_lost", at: moment(9))
        let tally = lane.takeTally()
        #expect(tally.connectionsLost == 1)
        #expect(tally.failed(.secret) == 1)
        #expect(tally.failures.keys.map(\.code) == ["connection_lost"])
        #expect(tally.failedLatency.greatestMicroseconds == 9_000)
        #expect(lane.isQuiet)
    }

    @Test("fails what has no answer in time, once, and names the connections to close")
    func expires() throws {
        var lane = try lane("secret=1", connections: 2)
        for number in 0..<2 { _ = lane.connected(number, at: moment(0)) }
        _ = lane.begin(at: moment(0))
        _ = lane.answered(1, good(.secret), closes: false, at: moment(500))
        #expect(lane.expire(at: moment(999)) == [])
        #expect(lane.expire(at: moment(1_000)) == [0])
        lane.lost(0, "connection_lost", at: moment(1_001))
        #expect(lane.expire(at: moment(1_001)) == [])
        let tally = lane.takeTally()
        #expect(tally.failures.map { ($0.key.code, $0.value) }.map(\.0) == ["timeout"])
        #expect(tally.failed() == 1)
    }

    @Test("finishes what is on its way when it is ended, and begins nothing")
    func ends() throws {
        var lane = try lane("secret=1", connections: 2)
        for number in 0..<2 { _ = lane.connected(number, at: moment(0)) }
        _ = lane.begin(at: moment(0))
        lane.end(abandonsQueue: false)
        #expect(!lane.isQuiet)
        #expect(lane.answered(0, good(.secret), closes: false, at: moment(1)) == nil)
        #expect(lane.answered(1, good(.secret), closes: false, at: moment(1)) == nil)
        #expect(lane.isQuiet)
        #expect(lane.takeTally().succeeded() == 2)
    }

    @Test("tells each thing once")
    func taken() throws {
        var lane = try lane("refresh=1")
        _ = lane.connected(0, at: moment(0))
        _ = lane.begin(at: moment(0))
        lane.lost(0, "connection_lost", at: moment(1))
        #expect(lane.takeTally().tokensGivenUp == 1)
        #expect(lane.takeTally() == Tally())
    }

    @Test("sends the same for the same seed")
    func repeats() throws {
        func run() throws -> [LoadRequest] {
            var lane = try lane("validate=5,start=3,revoke=2,secret=1")
            _ = lane.connected(0, at: moment(0))
            var requests: [LoadRequest] = []
            var next = lane.begin(at: moment(0)).first
            for number in 0..<100 {
                guard let request = next?.request else { break }
                requests.append(request)
                next = lane.answered(
                    0, good(request, number: number), closes: false, at: moment(1))
            }
            return requests
        }
        let once = try run()
        #expect(once.count == 100)
        #expect(try run() == once)
    }
}
