import LoadCore
import Testing

@Suite("A lane in an open loop") struct OpenLaneTests {
    /// One request each 10 ms over `connections` that are open.
    private func running(connections: Int = 1, queueMax: Int = 10) throws -> Lane {
        var lane = try lane(
            "secret=1", connections: connections, ratePerSecond: 100, queueMax: queueMax)
        for number in 0..<connections { _ = lane.connected(number, at: moment(0)) }
        #expect(lane.begin(at: moment(0)).count == 1)
        return lane
    }

    @Test("sends in the intended moments, whether answers come or not")
    func paced() throws {
        var lane = try running(connections: 3)
        #expect(lane.sendDue(at: moment(9)) == [])
        #expect(lane.nextMoment == moment(10))
        #expect(lane.sendDue(at: moment(10)).map(\.connection) == [1])
        #expect(lane.sendDue(at: moment(20)).map(\.connection) == [2])
        #expect(lane.flights == 3)
    }

    @Test("an answer alone sends nothing")
    func answered() throws {
        var lane = try running()
        #expect(lane.answered(0, good(.secret), closes: false, at: moment(1)) == nil)
        #expect(lane.sendDue(at: moment(10)).count == 1)
    }

    @Test("counts latency from the intended moment, so a stall is charged with all it delayed")
    func noCoordinatedOmission() throws {
        var lane = try running()
        // The server stalls for 35 ms: three more requests become due meanwhile.
        #expect(lane.sendDue(at: moment(35)) == [])
        for _ in 0..<3 {
            #expect(lane.answered(0, good(.secret), closes: false, at: moment(35)) != nil)
        }
        #expect(lane.answered(0, good(.secret), closes: false, at: moment(35)) == nil)
        let tally = lane.takeTally()
        #expect(tally.succeeded() == 4)
        #expect(tally.waited == 3)
        #expect(tally.longestQueue == 3)
        #expect(tally.latency().greatestMicroseconds == 35_000)
        #expect(tally.latency().leastMicroseconds == 5_000)
        // 35, 25, 15 and 5 ms, as far as the histogram tells them apart.
        #expect((19_900_000...20_100_000).contains(tally.latency().meanNanoseconds))
    }

    @Test("counts a request as late that was sent late, though a connection was free")
    func lateTimer() throws {
        var lane = try running(connections: 2)
        #expect(lane.sendDue(at: moment(14)).count == 1)
        _ = lane.answered(1, good(.secret), closes: false, at: moment(15))
        #expect(lane.takeTally().latency().greatestMicroseconds == 5_000)
    }

    @Test("keeps no more waiting than the queue holds, and counts the rest as not sent")
    func bounded() throws {
        var lane = try running(queueMax: 2)
        #expect(lane.sendDue(at: moment(50)) == [])
        let tally = lane.takeTally()
        #expect(tally.waited == 2)
        #expect(tally.notSent(.secret) == 3)
        #expect(tally.notSent() == 3)
    }

    @Test("what waits goes out when a connection is opened")
    func connects() throws {
        var lane = try lane("secret=1", connections: 1, ratePerSecond: 100)
        #expect(lane.begin(at: moment(0)) == [])
        #expect(lane.connected(0, at: moment(5))?.request == .secret)
        _ = lane.answered(0, good(.secret), closes: false, at: moment(6))
        #expect(lane.takeTally().latency().greatestMicroseconds == 6_000)
    }

    @Test("does not send over an idle connection that was lost")
    func loses() throws {
        var lane = try running(connections: 2)
        lane.lost(1, "connection_lost", at: moment(5))
        #expect(lane.sendDue(at: moment(10)) == [])
        #expect(lane.connected(1, at: moment(12))?.connection == 1)
        #expect(lane.takeTally().failed() == 0)
    }

    @Test("sends what waits when it is ended, and nothing that was not due")
    func ends() throws {
        var lane = try running()
        _ = lane.sendDue(at: moment(20))
        lane.end(abandonsQueue: false)
        #expect(lane.nextMoment == nil)
        #expect(lane.sendDue(at: moment(90)) == [])
        #expect(lane.answered(0, good(.secret), closes: false, at: moment(91)) != nil)
        #expect(lane.answered(0, good(.secret), closes: false, at: moment(92)) != nil)
        #expect(lane.answered(0, good(.secret), closes: false, at: moment(93)) == nil)
        #expect(lane.isQuiet)
    }

    @Test("gives up what waits when it is ended at once, and counts it")
    func interrupted() throws {
        var lane = try running()
        _ = lane.sendDue(at: moment(20))
        lane.end(abandonsQueue: true)
        #expect(!lane.isQuiet)
        lane.abandon(at: moment(25))
        #expect(lane.isQuiet)
        let tally = lane.takeTally()
        #expect(tally.notSent() == 2)
        #expect(tally.failed() == 1)
    }
}
