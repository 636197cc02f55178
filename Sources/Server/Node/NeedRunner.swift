internal import AuthCore
internal import AuthService
internal import ByteCodec
internal import RaftCore
internal import Replica
internal import ReplicaRuntime

/// Carries out what use cases need, and gives them their world.
///
/// Completions come on the thread that has the result: the loop, or a hashing thread. They must
/// only hand on.
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

    /// Carries out one need. The completion is called exactly once, at the deadline at the latest.
    func carryOut(
        _ need: Need, deadline: SteadyTime, completion: @escaping @Sendable (Completion) -> Void
    ) {
        switch need {
        case .propose(let command):
            runtime.propose(command, deadline: deadline) { result in
                completion(Completion(result))
            }
        case .confirmRead:
            runtime.confirmRead(deadline: deadline) { result in completion(Completion(result)) }
        case .awaitIndex(let index):
            runtime.awaitIndex(index, deadline: deadline) { result in
                if case .confirmed = result { return completion(.indexReached) }
                completion(Completion(result))
            }
        case .awaitRelease(let index):
            runtime.awaitRelease(index, deadline: deadline) { result in
                if case .confirmed = result { return completion(.released) }
                completion(Completion(result))
            }
        case .hash(let job):
            let taken = hashing.submit(job) { completion(.hashed($0)) }
            if !taken { completion(.hashingRefused) }
        case .transfer(let target):
            runtime.transfer(to: target) { result in
                completion(.transferred(TransferResult(result)))
            }
        case .awaitPlan(let node, let order):
            membership.awaitPlan(of: node, order: order, deadline: deadline) {
                completion(.planEnded($0))
            }
        }
    }
}

extension Completion {
    /// What the replica answered, in the words of the use cases.
    fileprivate init(_ completion: ProposalCompletion) {
        switch completion {
        case .applied(let index, let bytes):
            guard let outcome = Self.outcome(of: bytes) else {
                preconditionFailure("an outcome of our own cannot be read, at \(index)")
            }
            self = .applied(index: index, outcome: outcome)
        case .notProposed(let reason, _):
            self = .notProposed(ProposalFailure(reason))
        case .unknown:
            self = .unknown
        }
    }

    private static func outcome(of bytes: [UInt8]) -> Outcome? {
        do { return try Outcome(decoding: bytes) } catch { return nil }
    }

    fileprivate init(_ completion: ReadCompletion) {
        switch completion {
        case .confirmed(let index):
            self = .readConfirmed(index)
        case .failed(let reason, _):
            self = .readFailed(AuthService.ReadFailure(reason))
        }
    }
}

extension ProposalFailure {
    fileprivate init(_ reason: NotProposedReason) {
        self =
            switch reason {
            case .noLeader: .noLeader
            case .noQuorum: .noQuorum
            case .tooBusy: .tooBusy
            case .tooLarge: .tooLarge
            case .storageFull: .storageFull
            case .draining, .unfit: .draining
            }
    }
}

extension AuthService.ReadFailure {
    fileprivate init(_ reason: ReplicaReadFailure) {
        self =
            switch reason {
            case .noLeader: .noLeader
            case .noQuorum: .noQuorum
            case .timeout: .timeout
            case .tooBusy: .tooBusy
            // A node on its way out knows no leader any more, and an unfit one must not listen.
            case .draining, .unfit: .noLeader
            }
    }
}

extension TransferResult {
    fileprivate init(_ completion: TransferCompletion) {
        self =
            switch completion {
            case .done(let leader): .done(leader: leader)
            case .failed: .failed
            case .notLeader(let leader): .notLeader(leader: leader)
            }
    }
}
