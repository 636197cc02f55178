/// What a node tells the leader of one bucket.
public struct BudgetClaim: Equatable, Sendable {
    public var budget: Budget
    /// Requests that passed on credit: to be charged.
    public var spent: UInt32
    /// Requests of a slice that were not used.
    public var returned: UInt32
    /// Requests that are wanted as a slice.
    public var wanted: UInt32
    public init(budget: Budget, spent: UInt32, returned: UInt32, wanted: UInt32) {
        self.budget = budget
        self.spent = spent
        self.returned = returned
        self.wanted = wanted
    }
}

/// Everything that a node has to say to the leader at a moment; with nothing, that it listens.
public struct BudgetClaims: Equatable, Sendable {
    /// The number of the node's run in the upper half, and below it ascending in that run.
    public var sequence: UInt64
    public var claims: [BudgetClaim]
    public init(sequence: UInt64, claims: [BudgetClaim]) {
        self.sequence = sequence
        self.claims = claims
    }

    /// Claims in one message.
    public static let countMax = 2_048
}

/// The leader's answer to one claim.
public struct BudgetGrant: Equatable, Sendable {
    public var id: BudgetID
    /// Requests that may pass, and are charged already.
    public var granted: UInt32
    /// What the bucket holds behind that, in millionths of a request.
    public var level: Int64
    public init(id: BudgetID, granted: UInt32, level: Int64) {
        self.id = id
        self.granted = granted
        self.level = level
    }
}

/// The leader's answer to claims: a grant for each that it could count, in their order.
public struct BudgetGrants: Equatable, Sendable {
    /// As claimed.
    public var sequence: UInt64
    public var grants: [BudgetGrant]
    public init(sequence: UInt64, grants: [BudgetGrant]) {
        self.sequence = sequence
        self.grants = grants
    }
}

/// What the leader tells the others of a bucket, so that whoever leads next knows it.
public struct BudgetLevel: Equatable, Sendable {
    public var budget: Budget
    /// In millionths of a request.
    public var level: Int64
    public init(budget: Budget, level: Int64) {
        self.budget = budget
        self.level = level
    }
}
