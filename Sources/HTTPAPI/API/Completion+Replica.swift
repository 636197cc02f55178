internal import AuthCore
public import AuthService
public import Replica

// What a replica answers, in the words of the use cases: once, for whoever drives exchanges.

extension Completion {
    /// What became of a proposal.
    public init(_ completion: ProposalCompletion) {
        switch completion {
        case .applied(let index, let bytes):
            guard let outcome = Self.outcome(of: bytes) else {
                preconditionFailure("an outcome of our own cannot be read, at \(index)")
            }
            self = .applied(index: index, outcome: outcome)
        case .notProposed(let reason, _): self = .notProposed(ProposalFailure(reason))
        case .unknown: self = .unknown
        }
    }

    private static func outcome(of bytes: [UInt8]) -> Outcome? {
        do { return try Outcome(decoding: bytes) } catch { return nil }
    }

    /// What became of a read.
    public init(_ completion: ReadCompletion) {
        switch completion {
        case .confirmed(let index): self = .readConfirmed(index)
        case .failed(let reason, _):
            let words: AuthService.ReadFailure =
                switch reason {
                case .noLeader: .noLeader
                case .noQuorum: .noQuorum
                case .timeout: .timeout
                case .tooBusy: .tooBusy
                // A node on its way out knows no leader any more, and an unfit one must not
                // listen.
                case .draining, .unfit: .noLeader
                }
            self = .readFailed(words)
        }
    }

    /// What became of a transfer of leadership.
    public init(_ completion: TransferCompletion) {
        switch completion {
        case .done(let leader): self = .transferred(.done(leader: leader))
        case .failed: self = .transferred(.failed)
        case .notLeader(let leader): self = .transferred(.notLeader(leader: leader))
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
