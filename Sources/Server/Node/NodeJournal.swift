internal import AuthCore
internal import AuthService
internal import ByteCodec
internal import RaftCore
internal import Replica
internal import ReplicaRuntime
internal import StateStore
internal import Synchronization

/// Gathers what is to be proposed without anybody waiting: uses of sessions and keys, audit events.
///
/// Bounded: what does not fit is dropped and counted. A crash loses at most one interval of
/// touches, which the API says.
final class NodeJournal: Journal {
    private struct Contents {
        var uses = UseGathering()
        var usage = UsageTill()
        var turns = TellingTurns()
        var events: [AuditEvent] = []
        var denials = DenialTally()
        var droppedEvents: UInt64 = 0
        /// Entries that were proposed, by what they tell.
        var proposed = Proposed()

        var needs: TellingTurns.Needs { TellingTurns.Needs(uses, usage) }

        mutating func keep(_ event: AuditEvent) {
            if events.count < NodeJournal.eventsMax {
                events.append(event)
            } else {
                droppedEvents += 1
            }
        }
    }

    /// How many entries of each kind a node has proposed in this run.
    struct Proposed: Equatable {
        var events: UInt64 = 0
        var uses: UInt64 = 0
        var usage: UInt64 = 0
    }

    private let runtime: ReplicaRuntime
    private let contents = Mutex(Contents())

    private static let eventsMax = 10_000
    /// How long a proposal that nobody waits for is tried, in milliseconds.
    private static let proposalMilliseconds: UInt64 = 10_000
    /// The same for usage, of which nothing is lost when nobody knows: it is told again.
    fileprivate static let usageMilliseconds: UInt64 = 2_000

    init(runtime: ReplicaRuntime) { self.runtime = runtime }

    func touch(_ touch: SessionTouch, idleEnd: Timestamp) {
        contents.withLock { $0.uses.add(touch, idleEnd: idleEnd) }
    }

    func touch(_ touch: KeyTouch) { contents.withLock { $0.uses.add(touch) } }

    func record(_ event: AuditEvent) {
        let now = runtime.clock.steady
        contents.withLock { contents in
            guard event.action != .requestDenied || contents.denials.admits(event, at: now)
            else { return }
            contents.keep(event)
        }
    }

    func propose(_ command: Command) {
        let deadline = runtime.clock.steady.advanced(milliseconds: Self.proposalMilliseconds)
        runtime.propose(command, deadline: deadline) { _ in
            // Nobody waits; what was refused is not worth trying again.
        }
    }

    /// What was proposed of what has gathered.
    var proposed: Proposed { contents.withLock { $0.proposed } }

    /// What could not be kept.
    var dropped: UInt64 {
        contents.withLock { $0.uses.dropped + $0.droppedEvents + $0.denials.dropped }
    }

    /// Proposes audit events that have gathered, and a batch of uses or of usage when it is this
    /// node's turn.
    ///
    /// - Parameter isLast: whether the node stops, so that no turn is waited for.
    /// - Throws: what reading the state throws.
    func flush(isLast: Bool = false) throws {
        let now = runtime.clock.steady
        let events = contents.withLock { contents in
            for event in contents.denials.takeCounted(at: now, isLast: isLast) {
                contents.keep(event)
            }
            let events = Array(contents.events.prefix(Limits.auditBatch))
            contents.events.removeFirst(events.count)
            return events
        }
        if !events.isEmpty {
            contents.withLock { $0.proposed.events += 1 }
            propose(Command(.recordAudit(.init(events: events)), header: .ownNode))
        }
        // Sessions last: what cannot be read for them keeps nothing else back.
        if isLast { return try [TellingTurns.Kind.usage, .keys, .sessions].forEach(tell) }
        guard contents.withLock({ $0.needs.isAny }) else { return }
        let nodes = try runtime.store.read { $0.meta.configuration.members.count }
        let kind = contents.withLock { $0.turns.next(at: now, nodes: nodes, needs: $0.needs) }
        if let kind { try tell(kind) }
    }

    private func tell(_ kind: TellingTurns.Kind) throws {
        switch kind {
        case .sessions:
            proposeUses(
                try runtime.store.read { view in
                    try UseGathering.sessionBatch(
                        locked: { body in contents.withLock { body(&$0.uses) } },
                        idleEnd: { try SessionRow.read($0, view)?.idleExpiresAt })
                })
        case .keys: proposeUses(contents.withLock { $0.uses.keyBatch() })
        case .usage: proposeUsage()
        }
    }

    private func proposeUses(_ uses: Command.Operation?) {
        guard let uses else { return }
        contents.withLock { $0.proposed.uses += 1 }
        propose(Command(uses, header: .ownNode))
    }
}

extension NodeJournal: UsageMeter {
    func count(_ request: Metering) -> QuotaVerdict {
        guard !request.subjects.isEmpty else { return .passed(nil) }
        return contents.withLock { $0.usage.count(request) }
    }

    /// What is to be told of usage: subjects that wait, requests that were not counted, and those
    /// that quotas of keys, users and tenants have refused.
    var usage: (waiting: Int, dropped: UInt64, refused: [UInt64]) {
        contents.withLock { ($0.usage.count, $0.usage.dropped, $0.usage.refused) }
    }

    /// Proposes a batch of usage, or once more one of which nobody knows whether the log has it.
    private func proposeUsage() {
        let batch = contents.withLock { contents -> Command.AddUsage? in
            guard let batch = contents.usage.batch() else { return nil }
            contents.proposed.usage += 1
            return batch
        }
        guard let batch else { return }
        runtime.propose(
            Command(.addUsage(batch), header: .ownNode),
            deadline: runtime.clock.steady.advanced(milliseconds: Self.usageMilliseconds)
        ) { [self] completion in
            let isRecorded = UsageTill.isRecorded(completion)
            contents.withLock { contents in
                if isRecorded {
                    contents.usage.recorded(batch.sequence)
                } else {
                    contents.usage.failed(batch.sequence)
                }
            }
        }
    }
}

extension UsageTill {
    /// Whether a batch is in the log for certain.
    fileprivate static func isRecorded(_ completion: ProposalCompletion) -> Bool {
        guard case .applied(_, let bytes) = completion else { return false }
        do {
            return try Outcome(decoding: bytes).result == .done
        } catch {
            return false
        }
    }
}

extension CommandHeader {
    /// Of what a node proposes by itself.
    static var ownNode: CommandHeader { CommandHeader(actor: .node) }
}
