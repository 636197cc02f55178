internal import AuthCore
internal import AuthService
internal import ByteCodec
internal import HTTPAPI
internal import RaftCore
internal import Replica
internal import ReplicaRuntime

/// Carries out what use cases need, and gives them their world.
///
/// Completions come on the thread that has the result: one that takes a turn, or a hashing thread.
/// They must only hand on.
final class NeedRunner: Sendable {
    private let runtime: ReplicaRuntime
    private let hashing: any PasswordHashing
    private let membership: MembershipKeeper

    init(
        runtime: ReplicaRuntime, hashing: any PasswordHashing, membership: MembershipKeeper
    ) {
        self.runtime = runtime
        self.hashing = hashing
        self.membership = membership
    }

    /// Takes the turn that follows from needs, unless another thread does.
    func takeTurn() { runtime.takeTurn() }

    /// Carries out one need. The completion is called exactly once, at the deadline at the latest.
    /// Whoever calls this calls `takeTurn` soon.
    func carryOut(
        _ need: Need, deadline: SteadyTime, completion: @escaping @Sendable (Completion) -> Void
    ) {
        switch need {
        case .propose(let command):
            runtime.propose(command, deadline: deadline, takesTurn: true) { result in
                completion(Completion(result))
            }
        case .confirmRead:
            runtime.confirmRead(deadline: deadline, takesTurn: true) { result in
                completion(Completion(result))
            }
        case .awaitIndex(let index):
            runtime.awaitIndex(index, deadline: deadline, takesTurn: true) { result in
                if case .confirmed = result { return completion(.indexReached) }
                completion(Completion(result))
            }
        case .awaitRelease(let index):
            runtime.awaitRelease(index, deadline: deadline, takesTurn: true) { result in
                if case .confirmed = result { return completion(.released) }
                completion(Completion(result))
            }
        case .hash(let job):
            let taken = hashing.submit(job) { completion(.hashed($0)) }
            if !taken { completion(.hashingRefused) }
        case .transfer(let target):
            runtime.transfer(to: target) { result in completion(Completion(result)) }
        case .awaitPlan(let node, let order):
            membership.awaitPlan(of: node, order: order, deadline: deadline) {
                completion(.planEnded($0))
            }
        }
    }
}
