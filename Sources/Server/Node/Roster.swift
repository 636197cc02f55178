internal import AuthCore
internal import AuthService
internal import PeerTransport
internal import RaftCore
internal import StateStore

/// What one view of the state says of the members.
struct Roster: Sendable {
    /// The configuration as of the view.
    let configuration: ConfState
    /// Who registered, or is expected to.
    let rows: [NodeID: MemberRow]
    /// What is ordered of them.
    let plans: [NodeID: MemberPlanRow]
    /// The least number that nobody has or ever had; 0 when nothing is known.
    let nextNumber: UInt64

    /// What a node says that has lost its state.
    static let unknown = Roster(
        configuration: ConfState(voters: []), rows: [:], plans: [:], nextNumber: 0)
    /// Whether nothing is known: there is no state to say it.
    var isUnknown: Bool { nextNumber == 0 }

    /// What part this node has, as far as it knows.
    enum Standing: Equatable {
        /// It belongs to the cluster.
        case member
        /// It is about to.
        case joining
        /// It is about to leave: whoever has a choice goes elsewhere.
        case leaving
        /// It does not belong to the cluster any more.
        case removed
    }

    /// Reads a view. A store whose state was lost says nothing of anybody.
    ///
    /// - Throws: when the state cannot be read.
    init(_ store: any StateStore) throws {
        guard store.lost == nil else {
            self = .unknown
            return
        }
        self = try store.read { view in
            let configuration = view.meta.configuration
            return Roster(
                configuration: configuration,
                rows: Dictionary(
                    try Listing.members(view).map { ($0.node, $0) }, uniquingKeysWith: { $1 }),
                plans: Dictionary(
                    try Listing.plans(view).map { ($0.node, $0) }, uniquingKeysWith: { $1 }),
                nextNumber: try NodeNumbers.next(in: configuration, view))
        }
    }

    init(
        configuration: ConfState, rows: [NodeID: MemberRow], plans: [NodeID: MemberPlanRow],
        nextNumber: UInt64
    ) {
        self.configuration = configuration
        self.rows = rows
        self.plans = plans
        self.nextNumber = nextNumber
    }

    /// What admission depends on: another one means that everybody is looked at again.
    struct Admission: Equatable {
        let members: [NodeID]
        let incarnations: [NodeID: Incarnation]
    }

    var admission: Admission {
        Admission(members: configuration.members, incarnations: rows.mapValues(\.incarnation))
    }

    /// Plans that go on, in the order in which they were ordered.
    var pendingPlans: [MemberPlanRow] {
        plans.values.filter { $0.refusal == nil }.sorted { $0.order < $1.order }
    }

    /// What part a node has.
    func standing(of node: NodeID) -> Standing {
        guard configuration.isMember(node) else {
            // Who is removed hears nothing more, and so not that the plan has ended.
            let isGone = plans.values.contains { plan in
                plan.plan == .remove && plan.node == node || plan.plan == .replace(node)
            }
            let isExpected = rows[node] != nil && !isGone || node.rawValue >= nextNumber
            return configuration.isEmpty || isExpected ? .joining : .removed
        }
        let isToGo = pendingPlans.contains { plan in
            switch plan.plan {
            case .remove: plan.node == node
            // Not before the other one runs: until then this one is as good as ever.
            case .replace(let old): old == node && rows[plan.node]?.isExpected == false
            case .join, .promote, .demote: false
            }
        }
        return isToGo || configuration.leaving.contains(node) ? .leaving : .member
    }

    /// Whom to dial, and where: everybody whom a configuration names. What the file says counts for
    /// who has not registered, and for nodes of which nothing is known here yet: a node that was
    /// away for long, or is new, must reach somebody. So must one that has lost its state: it goes
    /// where it last knew them to be, too.
    func peers(
        inForce: ConfState, configured: [NodeConfiguration.Member], noted: KnownPeers
    ) -> [NodeID: PeerAddress] {
        var peers: [NodeID: PeerAddress] = [:]
        for member in configured
        where configuration.isEmpty || inForce.isMember(member.id)
            || member.id.rawValue >= nextNumber
        { peers[member.id] = member.peer }
        if isUnknown { peers.merge(noted.addresses) { $1 } }
        for member in inForce.members + configuration.members {
            if let row = rows[member], let address = PeerAddress(parsing: row.peer.string) {
                peers[member] = address
            }
        }
        return peers
    }

    /// How a plan has ended; nil as long as it goes on.
    func end(of node: NodeID, order: LogIndex) -> PlanEnd? {
        guard !isUnknown else { return nil }
        // Another order in its place: this one has ended, and how is not known any more.
        guard let row = plans[node], row.order == order else { return .done }
        if let refusal = row.refusal { return .refused(refusal) }
        return row.plan.isReached(node, in: configuration) ? .done : nil
    }
}
