import RaftCore
import RaftWire
import Testing

@testable import PeerTransport

@Suite("Link to a peer") struct LinkMachineTests {
    private func machine(after events: [LinkMachine.Event] = []) -> LinkMachine {
        var machine = LinkMachine(options: PeerTransportOptions())
        for event in events { _ = machine.handle(event) }
        return machine
    }

    @Test("a start dials, and a connection is reported")
    func start() {
        var link = machine()
        #expect(link.handle(.start) == [.openOutbox, .dial(isVerification: false)])
        #expect(link.handle(.dialled(run: 1)) == [.openOutbox, .reportConnected])
    }

    @Test("a connection that ends is verified by one dial at once, and nothing is said yet")
    func debounce() {
        var link = machine(after: [.start, .dialled(run: 1)])
        #expect(link.handle(.outgoingEnded(isSilence: false)) == [.dial(isVerification: true)])
        var alive = link
        #expect(alive.handle(.dialled(run: 1)) == [.openOutbox, .reportConnected])
        var dead = link
        #expect(
            dead.handle(.dialFailed(.refused)) == [
                .closeOutbox, .reportLost(.closed), .pause(milliseconds: 20),
            ])
        for weak in [LinkMachine.DialFailure.timedOut, .rejected] {
            var silent = link
            #expect(
                silent.handle(.dialFailed(weak)) == [
                    .closeOutbox, .reportLost(.silent), .pause(milliseconds: 20),
                ])
        }
    }

    @Test("a peer that was restarted within the verification was dead")
    func restarted() {
        var link = machine(after: [
            .start, .dialled(run: 1), .outgoingEnded(isSilence: false),
        ])
        #expect(
            link.handle(.dialled(run: 2)) == [
                .reportLost(.closed), .openOutbox, .reportConnected,
            ])
    }

    @Test("a peer that dials with another run makes our own connection suspect (openraft #1770)")
    func deadConnectionToRestartedPeer() {
        var link = machine(after: [.start, .dialled(run: 1)])
        #expect(link.handle(.incomingEstablished(run: 1)) == [])
        #expect(
            link.handle(.incomingEstablished(run: 2))
                == [.closeOutgoing, .dial(isVerification: true)])
        #expect(
            link.handle(.dialled(run: 2)) == [
                .reportLost(.closed), .openOutbox, .reportConnected,
            ])
    }

    @Test("silence is reported as silence")
    func silence() {
        var link = machine(after: [.start, .dialled(run: 1)])
        #expect(
            link.handle(.outgoingEnded(isSilence: true)) == [
                .closeOutbox, .reportLost(.silent), .pause(milliseconds: 20),
            ])
    }

    @Test("an incoming connection that ends is a reason to look, whatever the state")
    func incomingEnds() {
        var up = machine(after: [.start, .dialled(run: 1)])
        #expect(up.handle(.incomingEnded(isSilence: false)) == [.probe])
        var waiting = machine(after: [.start, .dialFailed(.refused)])
        #expect(
            waiting.handle(.incomingEnded(isSilence: false))
                == [.cancelPause, .dial(isVerification: true)])
        var dialling = machine(after: [.start])
        #expect(dialling.handle(.incomingEnded(isSilence: false)) == [])
        #expect(
            dialling.handle(.dialFailed(.refused)) == [
                .closeOutbox, .reportLost(.closed), .pause(milliseconds: 20),
            ])
    }

    @Test("pauses double up to their cap, and begin anew after a success")
    func backoff() {
        var link = machine(after: [.start])
        var pauses: [Int64] = []
        for _ in 0..<40 {
            for case .pause(let milliseconds) in link.handle(.dialFailed(.refused)) {
                pauses.append(milliseconds)
            }
            #expect(link.handle(.pauseOver) == [.dial(isVerification: false)])
        }
        #expect(pauses.prefix(7) == [20, 40, 80, 160, 320, 640, 1_000])
        #expect(pauses.allSatisfy { $0 <= 1_000 } && pauses.count == 40)
        _ = link.handle(.dialled(run: 1))
        #expect(link.handle(.outgoingEnded(isSilence: true)).last == .pause(milliseconds: 20))
    }

    @Test("a peer that dials is dialled back without waiting")
    func dialsBack() {
        var link = machine(after: [.start, .dialFailed(.refused)])
        #expect(
            link.handle(.incomingEstablished(run: 1))
                == [.cancelPause, .openOutbox, .dial(isVerification: false)])
    }

    @Test("a first dial that fails is no loss")
    func neverConnected() {
        var link = machine(after: [.start])
        #expect(link.handle(.dialFailed(.refused)) == [.closeOutbox, .pause(milliseconds: 20)])
    }

    @Test("a stopped link does nothing, whatever happens")
    func stopped() {
        let ways: [[LinkMachine.Event]] = [
            [], [.start], [.start, .dialled(run: 1)], [.start, .dialFailed(.refused)],
        ]
        for way in ways {
            var link = machine(after: way + [.stop])
            let events: [LinkMachine.Event] = [
                .stop, .dialled(run: 1), .dialFailed(.refused), .outgoingEnded(isSilence: false),
                .incomingEstablished(run: 1), .incomingEnded(isSilence: true), .pauseOver,
            ]
            for event in events { #expect(link.handle(event) == []) }
        }
    }
}

@Suite("Outbox") struct OutboxTests {
    private func heartbeat(_ sequence: UInt64) -> PeerMessage {
        .raft(
            Message(
                from: NodeID(1), to: NodeID(2), term: Term(1),
                body: .heartbeat(commit: .zero, sequence: sequence)))
    }

    private func open(_ countMax: Int, _ bytesMax: Int = 1 << 20) -> Outbox {
        var outbox = Outbox(countMax: countMax, bytesMax: bytesMax)
        outbox.isOpen = true
        return outbox
    }

    @Test("the first message of a turn asks for a drain, the others ride along")
    func coalesces() {
        var outbox = open(8)
        #expect(outbox.append(heartbeat(1)).needsDrain)
        #expect(!outbox.append(heartbeat(2)).needsDrain)
        #expect(outbox.take(bytesWanted: 1 << 20) == [heartbeat(1), heartbeat(2)])
        #expect(outbox.append(heartbeat(3)).needsDrain)
    }

    @Test("a full outbox throws away the oldest message of the consensus")
    func dropsOldest() {
        var outbox = open(3)
        _ = outbox.append(.readIndex(request: 1))
        _ = outbox.append(heartbeat(1))
        _ = outbox.append(heartbeat(2))
        let verdict = outbox.append(.readIndex(request: 2))
        #expect(verdict == Outbox.Verdict(isAccepted: true, dropped: 1, needsDrain: false))
        #expect(
            outbox.take(bytesWanted: 1 << 20)
                == [.readIndex(request: 1), heartbeat(2), .readIndex(request: 2)])
    }

    @Test("what cannot be repeated is refused rather than thrown away")
    func refuses() {
        var outbox = open(2)
        _ = outbox.append(.readIndex(request: 1))
        _ = outbox.append(.readIndex(request: 2))
        #expect(!outbox.append(heartbeat(1)).isAccepted)
        #expect(outbox.count == 2)
    }

    @Test("bytes are bounded, and counted back when they leave")
    func bytes() {
        var outbox = open(100, 300)
        for number in 0..<50 {
            _ = outbox.append(heartbeat(UInt64(number)))
            #expect(outbox.bytes <= 300)
        }
        while !outbox.take(bytesWanted: 1).isEmpty {}
        #expect(outbox.bytes == 0)
    }

    @Test("a closed outbox takes nothing and keeps nothing")
    func closed() {
        var outbox = open(8)
        _ = outbox.append(heartbeat(1))
        #expect(outbox.close() == 1)
        #expect(!outbox.append(heartbeat(2)).isAccepted)
        #expect(outbox.take(bytesWanted: 100).isEmpty)
    }
}
