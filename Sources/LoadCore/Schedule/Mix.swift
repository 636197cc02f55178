public import RaftCore

/// In which proportion a load asks for what: a weight for each kind.
public struct Mix: Equatable, Sendable, CustomStringConvertible {
    /// The greatest weight of one kind.
    public static let weightMax: UInt64 = 1_000_000

    /// By the raw value of the kind; the sum is not 0.
    private let weights: [UInt64]

    /// Reads what an operator writes, as `validate=95,refresh=3,start=1,revoke=1`.
    ///
    /// - Throws: when a kind is unknown or named twice, when a weight is not a whole number from 0
    ///   to `weightMax`, when nothing has a weight, or when more is revoked than is begun.
    public init(parsing text: String) throws(LoadOptionsError) {
        var weights: [UInt64?] = Array(repeating: nil, count: RequestKind.allCases.count)
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let (kind, weight) = try Self.entry(part)
            guard weights[kind.rawValue] == nil else {
                throw LoadOptionsError("the mix names \(kind.name) twice")
            }
            weights[kind.rawValue] = weight
        }
        self.weights = weights.map { $0 ?? 0 }
        guard total > 0 else { throw LoadOptionsError("nothing in the mix has a weight") }
        // Only sessions that the load itself has begun are revoked: the prepared ones are needed.
        guard weight(of: .revoke) <= weight(of: .start) + weight(of: .login) else {
            throw LoadOptionsError(
                "the mix revokes more sessions than it begins: revoke is at most start and login "
                    + "together")
        }
    }

    private static func entry(
        _ part: Substring
    ) throws(LoadOptionsError) -> (RequestKind, UInt64) {
        let sides = part.split(separator: "=", omittingEmptySubsequences: false)
        guard sides.count == 2 else {
            throw LoadOptionsError(
                "the mix is written as validate=95,refresh=3,start=1,revoke=1, not \"\(part)\"")
        }
        guard let kind = RequestKind(name: sides[0]) else {
            let known = RequestKind.allCases.map(\.name).joined(separator: ", ")
            throw LoadOptionsError("the mix knows \(known), not \"\(sides[0])\"")
        }
        guard let weight = UInt64(sides[1]), weight <= weightMax else {
            throw LoadOptionsError(
                "the weight of \(kind.name) is a whole number from 0 to \(weightMax), "
                    + "not \"\(sides[1])\"")
        }
        return (kind, weight)
    }

    /// The weight of a kind; 0 when the load does not ask for it.
    public func weight(of kind: RequestKind) -> UInt64 { weights[kind.rawValue] }

    /// Whether the load asks for this kind at all.
    public func has(_ kind: RequestKind) -> Bool { weight(of: kind) > 0 }

    /// The kinds with a weight, in the order of their raw values.
    public var kinds: [RequestKind] { RequestKind.allCases.filter(has) }

    /// The sum of all weights: at least 1.
    public var total: UInt64 { weights.reduce(0, +) }

    /// A kind by chance, each as often as its weight says.
    public func draw(_ random: inout RandomSource) -> RequestKind {
        var point = random.next(below: total)
        for kind in RequestKind.allCases {
            let weight = weight(of: kind)
            if point < weight { return kind }
            point -= weight
        }
        preconditionFailure("a point beyond the total of \(total)")
    }

    public var description: String {
        kinds.map { "\($0.name)=\(weight(of: $0))" }.joined(separator: ",")
    }
}
