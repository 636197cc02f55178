import AuthCore
import AuthService
import ByteCodec
import RaftCore
import Replica
import StateStore

// A validation by a thread that may be stopped between any two of its steps: it has the request,
// opens a view, decides and looks at the lease, answers. Whatever happens in between, rule 4 of
// leases holds. Deciding by itself is one instant: it looks at nothing but the view.

extension HTTPLayer {
    /// The thread takes its next step, usually at once.
    func dawdle(_ event: HTTPEvent) {
        let isStopped = random.chance(1, in: 4)
        schedule(event, in: 1 + random.upTo(isStopped ? options.dawdleMax : 100))
    }

    func look(_ number: Int) {
        guard let service = serviceAtWork(number, .look(flight: number)) else { return }
        service.lookAhead(isOnlyPlanted: false)
        flights[number]?.view = service.kept
        service.kept = nil
        dawdle(.decide(flight: number))
    }

    func decide(_ number: Int) {
        guard let service = serviceAtWork(number, .decide(flight: number)) else { return }
        service.kept = flights[number]?.view
        flights[number]?.view = nil
        answer(number, service)
    }

    func say(_ number: Int) {
        guard let service = serviceAtWork(number, .say(flight: number)),
            let response = flights[number]?.prepared
        else { return }
        respond(number, response, service)
    }

    /// The service whose thread this is; nil while it stands still, and when it is gone.
    private func serviceAtWork(_ number: Int, _ event: HTTPEvent) -> NodeService? {
        guard let flight = flights[number], let service = service(of: flight) else { return nil }
        guard !service.process.isPaused else {
            service.stopped.append(event)
            return nil
        }
        guard !flight.isAbandoned else {
            service.flights.removeAll { $0 == number }
            drop(number)
            return nil
        }
        return service
    }
}

/// What a thread that validates has before it, from the moment at which it opened its view on.
struct ThreadView {
    let world: AuthService.World
}

extension NodeService {
    /// Opens the view of a validation that is decided later.
    ///
    /// The planted defects take a view, or a look at the lease, from before the request. In the
    /// server this would be in `NodeEnvironment`, of which this service is the counterpart.
    func lookAhead(isOnlyPlanted: Bool) {
        let isViewOld = Planted.viewBeforeRequest.isOn
        let isLeaseOld = Planted.leaseBeforeRequest.isOn
        guard !isOnlyPlanted || isViewOld || isLeaseOld else { return }
        var surroundings = surroundings
        if let view = isViewOld ? viewAhead : readable({ try store.read { $0 } }) {
            surroundings = surroundings.replacing(
                views: OpenView(view: view, origin: origin))
        }
        if isLeaseOld { surroundings = surroundings.replacing(gate: PastGate(lease: leaseAhead)) }
        kept = ThreadView(world: surroundings)
    }

    /// What the planted defects keep for requests to come.
    func keepForLater() {
        if Planted.viewBeforeRequest.isOn { viewAhead = readable { try store.read { $0 } } }
        if Planted.leaseBeforeRequest.isOn {
            leaseAhead = world.leases[node].flatMap { steady < $0.end ? $0 : nil }
        }
    }
}

/// A view that stays open.
// Unchecked, because it stays in its world, and a world runs in one thread.
private struct OpenView: ViewSource, @unchecked Sendable {
    let view: ReadView
    let origin: LogIndex
    func withView<R>(_ body: (any TableReader) throws -> R) throws -> R { try body(view) }
}

/// The planted defect: a lease that was looked at before.
private struct PastGate: ReadGate {
    let lease: ReadLease?
    func admitsAllow(viewedAt index: LogIndex) -> Bool { lease.map { index >= $0.index } ?? false }
}
