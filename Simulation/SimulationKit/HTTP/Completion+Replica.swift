import AuthCore
import AuthService
import Replica

extension Completion {
    /// What a replica answered to a proposal, in the words of the use cases.
    init(_ completion: ProposalCompletion) {
        switch completion {
        case .applied(let index, let bytes):
            guard let outcome = readable({ try Outcome(decoding: bytes) }) else {
                preconditionFailure("an outcome of our own cannot be read, at \(index)")
            }
            self = .applied(index: index, outcome: outcome)
        case .notProposed(let reason, _): self = .notProposed(ProposalFailure(reason))
        case .unknown: self = .unknown
        }
    }

    /// What a replica answered to a read, in the words of the use cases.
    init(_ completion: ReadCompletion) {
        switch completion {
        case .confirmed(let index): self = .readConfirmed(index)
        case .failed(let reason, _): self = .readFailed(AuthService.ReadFailure(reason))
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
