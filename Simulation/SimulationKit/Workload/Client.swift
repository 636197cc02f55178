import AuthCore
import RaftCore
import Replica

/// Somebody who uses the cluster: one operation at a time, through any node.
struct Client {
    enum State: Equatable {
        case idle
        case writing(Ticket, attempt: Int)
        case reading(Ticket, floor: LogIndex)
    }

    let index: Int
    /// Everything that it leaves to chance.
    var random: RandomSource
    /// What it is still to do, the next at the end, if that is planned.
    var planned: [PlannedOperation] = []
    /// When the operation under way began.
    var began: UInt64 = 0
    var state = State.idle
    var node = 0
    /// The number of the operation under way in the recording, if there is one.
    var recorded: Int?
    /// An operation whose outcome is not known, to be asked for again.
    var unfinished: Unfinished?
    /// Sessions that this client began, newest last, with what it knows of them.
    var sessions: [KnownSession] = []
    var users: [UserID] = []

    struct Unfinished: Equatable {
        let operation: Int
        let command: Command.Operation
        let key: RequestKey?
    }

    struct KnownSession: Equatable {
        let id: SessionID
        var isRevoked = false
        /// A revocation was asked for, and may have happened.
        var isDoubtful = false
    }
}

extension Command.Operation {
    /// What the client wants, in a few words.
    var told: String {
        switch self {
        case .bootstrap: "bootstrap"
        case .createUser: "create user"
        case .startSession: "log in"
        case .revokeSession: "revoke session"
        case .revokeSessions: "revoke all sessions"
        case .putSecret: "put secret"
        case .sweep: "sweep"
        case .setPassword: "set password"
        case .touchSessions: "touch sessions"
        default: "other"
        }
    }
}
