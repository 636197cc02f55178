internal import NIOCore
internal import Synchronization

/// The connections that stand, so that they can be closed politely.
final class ConnectionRegistry: Sendable {
    private let members = Mutex<[ObjectIdentifier: NIOLoopBound<HTTPConnection>]>([:])
    private let draining = Atomic(false)

    /// Called on the connection's event loop.
    func add(_ connection: HTTPConnection, on loop: any EventLoop) {
        members.withLock {
            $0[ObjectIdentifier(connection)] = NIOLoopBound(connection, eventLoop: loop)
        }
        if draining.load(ordering: .relaxed) { connection.drain() }
    }

    /// Called on the connection's event loop.
    func remove(_ connection: HTTPConnection) {
        members.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(connection)) }
    }

    /// Lets every connection close: at once when idle, otherwise with its answer.
    func drain() {
        draining.store(true, ordering: .relaxed)
        for bound in members.withLock({ Array($0.values) }) {
            bound.eventLoop.execute { bound.value.drain() }
        }
    }

    /// How many connections stand.
    var count: Int { members.withLock { $0.count } }
}
