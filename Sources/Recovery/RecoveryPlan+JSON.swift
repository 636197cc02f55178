public import APITypes
internal import RaftCore

// Plans travel from machine to machine as files, by an operator's hand.

extension RecoveryPlan {
    /// The version of the spelling.
    private static let version: Int64 = 1

    /// The plan as JSON.
    public var json: JSONValue {
        .object([
            "recovery_plan": .integer(Self.version), "cluster_id": .string(clusterName),
            "node": .string("\(node)"), "term": .unsigned(term.rawValue),
            "committed": .unsigned(committed.rawValue), "applied": Self.show(applied),
            "last": Self.show(last), "promised": Self.show(promised),
            "log_damage": .strings(logDamage), "state_damage": .optional(stateDamage),
            "voters": Self.show(configuration.voters),
            "voters_outgoing": Self.show(configuration.votersOutgoing),
            "learners": Self.show(configuration.learners),
            "learners_next": Self.show(configuration.learnersNext),
            "learners_outgoing": Self.show(configuration.learnersOutgoing),
            "feature_level": .unsigned(UInt64(featureLevel)),
            "bootstrapped": .bool(isBootstrapped), "recovery_begun": .bool(isBegun),
        ])
    }

    /// The cluster's id in 32 hexadecimal digits, as the configuration of a node has it.
    public var clusterName: String {
        clusterID.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Reads what `json` has written.
    ///
    /// - Throws: `RecoveryError` for anything else.
    public init(json: JSONValue) throws(RecoveryError) {
        guard json["recovery_plan"]?.integer == Self.version else {
            throw RecoveryError("it is no plan that this release can read")
        }
        let fields = Fields(json: json)
        let configuration = ConfState(
            voters: try fields.nodes("voters"),
            votersOutgoing: try fields.nodes("voters_outgoing"),
            learners: try fields.nodes("learners"),
            learnersNext: try fields.nodes("learners_next"),
            learnersOutgoing: try fields.nodes("learners_outgoing"))
        guard configuration.isWellFormed else { throw RecoveryError("its members contradict") }
        self.init(
            clusterID: try fields.cluster("cluster_id"), node: try fields.node("node"),
            term: Term(try fields.number("term")),
            committed: LogIndex(try fields.number("committed")),
            applied: try fields.entry("applied"), last: try fields.entry("last"),
            promised: try fields.entry("promised"), logDamage: try fields.texts("log_damage"),
            stateDamage: json["state_damage"]?.string, configuration: configuration,
            featureLevel: UInt32(clamping: try fields.number("feature_level")),
            isBootstrapped: json["bootstrapped"]?.bool == true,
            isBegun: json["recovery_begun"]?.bool == true)
    }

    private static func show(_ entry: EntryID) -> JSONValue {
        .object([
            "index": .unsigned(entry.index.rawValue), "term": .unsigned(entry.term.rawValue),
        ])
    }

    private static func show(_ nodes: [NodeID]) -> JSONValue { .strings(nodes.map { "\($0)" }) }
}

/// Takes the fields of a plan out of its JSON.
private struct Fields {
    let json: JSONValue

    private func wrong(_ name: String) -> RecoveryError { RecoveryError("\(name) cannot be read") }

    func number(_ name: String) throws(RecoveryError) -> UInt64 {
        guard let number = json[name]?.unsigned else { throw wrong(name) }
        return number
    }

    func entry(_ name: String) throws(RecoveryError) -> EntryID {
        guard let index = json[name]?["index"]?.unsigned, let term = json[name]?["term"]?.unsigned
        else { throw wrong(name) }
        return EntryID(index: LogIndex(index), term: Term(term))
    }

    func node(_ name: String) throws(RecoveryError) -> NodeID {
        guard let node = json[name]?.string.flatMap({ NodeID(name: $0) }) else { throw wrong(name) }
        return node
    }

    func nodes(_ name: String) throws(RecoveryError) -> [NodeID] {
        let texts = try texts(name)
        let nodes = texts.compactMap { NodeID(name: $0) }
        guard nodes.count == texts.count else { throw wrong(name) }
        return nodes
    }

    func texts(_ name: String) throws(RecoveryError) -> [String] {
        guard let values = json[name]?.array else { throw wrong(name) }
        let texts = values.compactMap(\.string)
        guard texts.count == values.count, texts.count <= 64 else { throw wrong(name) }
        return texts
    }

    func cluster(_ name: String) throws(RecoveryError) -> [UInt8] {
        let digits = (json[name]?.string ?? "").compactMap(\.hexDigitValue)
        guard digits.count == 32 else { throw wrong(name) }
        return stride(from: 0, to: 32, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
