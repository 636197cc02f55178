import RaftCore
import RaftWire
import Synchronization

@testable import PeerTransport

/// Things that happened, in order, to be waited for. A test that waits in vain is ended by its
/// time limit.
final class EventLog<Event: Sendable>: Sendable {
    private struct Waiter {
        let number: Int
        let matches: @Sendable ([Event]) -> Bool
        let continuation: CheckedContinuation<Void, Never>
    }
    private struct State {
        var events: [Event] = []
        var waiters: [Waiter] = []
        var waitersMade = 0
        var cancelled: Set<Int> = []
    }
    private let state = Mutex(State())

    var events: [Event] { state.withLock { $0.events } }

    func append(_ event: Event) {
        let ready = state.withLock { state in
            state.events.append(event)
            let events = state.events
            let ready = state.waiters.filter { $0.matches(events) }
            state.waiters.removeAll { $0.matches(events) }
            return ready
        }
        for waiter in ready { waiter.continuation.resume() }
    }

    /// Returns when everything that happened so far satisfies the condition, or the test's time
    /// is over.
    func wait(until matches: @escaping @Sendable ([Event]) -> Bool) async {
        let number = state.withLock { state in
            state.waitersMade += 1
            return state.waitersMade
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if matches(state.events) || state.cancelled.contains(number) { return true }
                    state.waiters.append(
                        Waiter(number: number, matches: matches, continuation: continuation))
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.cancelled.insert(number)
                let waiter = state.waiters.first { $0.number == number }
                state.waiters.removeAll { $0.number == number }
                return waiter
            }
            waiter?.continuation.resume()
        }
    }
}

extension EventLog where Event: Equatable {
    func wait(for event: Event, times: Int = 1) async {
        await wait { $0.count(where: { $0 == event }) >= times }
    }
}

/// What a transport told its node.
enum PeerEvent: Equatable, Sendable {
    case received(PeerMessage, from: NodeID)
    case connected(NodeID)
    case lost(NodeID, ConnectionLoss)
    case snapshot(SnapshotOffer, from: NodeID)
}

final class RecordingDelegate: PeerTransportDelegate {
    let log = EventLog<PeerEvent>()
    /// How many events there were at each pause behind messages.
    let pauses = EventLog<Int>()
    func received(_ message: PeerMessage, from peer: NodeID) {
        log.append(.received(message, from: peer))
    }
    func receivedAll() { pauses.append(log.events.count) }
    func connected(_ peer: NodeID) { log.append(.connected(peer)) }
    func connectionLost(_ peer: NodeID, _ loss: ConnectionLoss) { log.append(.lost(peer, loss)) }
    func snapshotReceived(_ offer: SnapshotOffer, from peer: NodeID) {
        log.append(.snapshot(offer, from: peer))
    }
}
