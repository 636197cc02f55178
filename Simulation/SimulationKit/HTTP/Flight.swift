import AuthService
import HTTPAPI
import RaftCore

/// One request on its way: from who asks, perhaps through the load balancer, into a process, and
/// the answer back.
struct Flight {
    /// The way that a request takes to a node.
    enum Way {
        /// Straight to this node, as gateways do that ask the node beside them.
        case direct
        /// Through the load balancer.
        case balanced(Balancer.Backend)
    }

    let client: Int
    let way: Way
    /// As it goes over the wire.
    let bytes: [UInt8]
    /// Its `X-Request-ID`.
    let requestID: String
    /// What it asks, for whoever judges the answer.
    let intent: Intent
    var node: Int
    /// Nodes that could not be reached with it.
    var failed: [Int] = []

    // Inside the process.
    var epoch: UInt64 = 0
    /// As the interface is to see it, until it has.
    var request: HTTPRequest?
    /// What the thread that validates it has opened.
    var view: ThreadView?
    var exchange: Exchange?
    var deadline = SteadyTime.zero
    var completion: Completion?
    /// The entry whose outcome, or what it left, the answer is made of; nil while that is unknown.
    var reflected: LogIndex?
    /// When the interface took it.
    var arrived: UInt64?
    /// What the node's clocks showed then.
    var clock = NodeMoment()
    /// How often the family had gone on then, and whether its token was the current one.
    var family: (rotations: UInt64, isCurrent: Bool)?
    /// Every read that begins now must show this much.
    var floor: LogIndex = .zero
    /// When the answer was made.
    var answeredAt: UInt64?
    /// The answer, until it is given.
    var prepared: HTTPResponse?
    var response: HTTPResponse?
    /// The number of the operation in the recording.
    var recorded: Int?
    /// Whether the load balancer counts it among the requests of its node.
    var isCounted = false
    /// Whether who asked has hung up.
    var isAbandoned = false

    /// Whether the answer can be about what this entry did.
    func mayReflect(_ entry: LogIndex) -> Bool { reflected.map { entry <= $0 } ?? true }
}

/// What a request asks, as far as its answer is judged by it.
struct Intent {
    /// The session whose token it carries.
    var session: Int?
    /// The role that alone gives the permission that it asks for.
    var needsRole = false
    /// Whether it is a read that a quorum confirms.
    var isLinearizableRead = false
    /// Whether it carries an `Idempotency-Key`.
    var hasKey = false
    var kind: HTTPOperation.Kind

    /// Whether it asks who holds a token, and nothing else.
    var isValidation: Bool {
        switch kind {
        case .validate, .useKey, .useLimited, .useAccessToken, .useInTenant: true
        default: false
        }
    }
}
