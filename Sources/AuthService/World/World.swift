public import AuthCore
public import ByteCodec
public import Cryptography
public import RaftCore

/// Everything that a use case may ask of its surroundings without waiting, given anew with each
/// step. Nothing else comes in: no clock, no chance, no global.
public final class World: Sendable {
    /// Opens views of this node's state.
    public let views: any ViewSource
    /// Where ids, verifiers, salts and nonces come from.
    public let random: any RandomBytes
    /// This node's wall clock now.
    public let now: Timestamp
    /// The keys that this node has opened; nil while it is sealed or the cluster is not made.
    public let keys: ServiceKeys?
    /// Composes and reads tokens; nil until the cluster is made.
    public let tokens: TokenCodec?
    /// What the operator chose.
    public let options: AuthOptions
    /// What this node knows of itself and its cluster.
    public let node: NodeFacts
    /// Decides whether an allow may rest on a view of this node alone.
    public let gate: any ReadGate
    /// Takes what is to be recorded without anybody waiting for it.
    public let journal: any Journal
    /// Signs the certificates of nodes; nil where nobody can.
    public let certifier: (any NodeCertifier)?
    /// Counts requests against limits.
    public let limiter: any Limiter
    /// Counts requests for usage and quotas.
    public let meter: any UsageMeter
    /// What users may do, as it was resolved before.
    public let rights: RightsMemory

    public init(
        views: any ViewSource, random: any RandomBytes, now: Timestamp, keys: ServiceKeys?,
        tokens: TokenCodec?, options: AuthOptions, node: NodeFacts,
        gate: any ReadGate = ConfirmEveryRead(),
        journal: any Journal, certifier: (any NodeCertifier)? = nil,
        limiter: any Limiter = Unlimited(), meter: any UsageMeter = Unmetered(),
        rights: RightsMemory = RightsMemory()
    ) {
        self.views = views
        self.random = random
        self.now = now
        self.keys = keys
        self.tokens = tokens
        self.options = options
        self.node = node
        self.gate = gate
        self.journal = journal
        self.certifier = certifier
        self.limiter = limiter
        self.meter = meter
        self.rights = rights
    }

    /// The same surroundings, but that views and lease are others.
    public func replacing(
        views: (any ViewSource)? = nil, gate: (any ReadGate)? = nil
    ) -> World {
        World(
            views: views ?? self.views, random: random, now: now, keys: keys, tokens: tokens,
            options: options, node: node, gate: gate ?? self.gate, journal: journal,
            certifier: certifier, limiter: limiter, meter: meter, rights: rights)
    }
}

/// Opens consistent views of the state.
public protocol ViewSource: Sendable {
    /// Opens a view that holds everything applied so far, and closes it when `body` returns.
    /// Nothing that `body` was given may be kept.
    func withView<R>(_ body: (any TableReader) throws -> R) throws -> R

    /// The last entry of the newest snapshot that was installed in place of the state.
    var origin: LogIndex { get }
}

/// A view with its one row of facts at hand.
///
/// An object and no structure, because it is passed on in every request.
public final class StateView {
    /// The tables. Not to be kept.
    public let tables: any TableReader
    public let meta: StateMeta
    /// The moment against which deadlines are held: the later of the state's time and this node's
    /// clock, so that a clock that is wrong can only shorten a life.
    public let now: Timestamp
    let memory: RightsMemory
    let origin: LogIndex

    init(
        tables: any TableReader, meta: consuming StateMeta, now: Timestamp, memory: RightsMemory,
        origin: LogIndex
    ) {
        self.tables = tables
        self.meta = meta
        self.now = now
        self.memory = memory
        self.origin = origin
    }

    /// What a user may do.
    ///
    /// - Parameter remembered: what the memory has of the user, where it was asked already.
    func rights(of user: KnownUser, _ remembered: Rights? = nil) throws -> Rights {
        try memory.rights(of: user, remembered, meta, origin: origin, tables)
    }
}

extension World {
    /// Opens a view.
    ///
    /// - Returns: what `body` returns; `unconfirmed` when the state could not be read: it may be
    ///   damaged, and then this node knows nothing, another one does.
    func view<R>(
        _ body: (StateView) throws -> Result<R, ServiceFailure>
    ) -> Result<R, ServiceFailure> {
        // Before the view is opened: a state that is replaced in between is then resolved anew.
        let origin = views.origin
        do {
            return try views.withView { tables in
                let meta = try StateMeta.read(tables)
                let time = Planted.expiryByOwnClock.isOn ? now : max(now, meta.lastStamp)
                return try body(
                    StateView(
                        tables: tables, meta: meta, now: time, memory: rights, origin: origin))
            }
        } catch {
            return .failure(.unconfirmed)
        }
    }
}

/// Whether this node may answer *allow* by itself (docs/lease.md, rule 4).
public protocol ReadGate: Sendable {
    /// Whether an allow decided on a view of this applied index, opened after the request had
    /// arrived, may be answered without asking anybody.
    ///
    /// Called after the decision, so that the lease and the clock are read last.
    func admitsAllow(viewedAt index: LogIndex) -> Bool
}

/// Without a lease: every answer is confirmed by a quorum.
public struct ConfirmEveryRead: ReadGate {
    public init() {}
    public func admitsAllow(viewedAt index: LogIndex) -> Bool { false }
}

/// Takes what is to be proposed later, gathered with others. Bounded: what does not fit is
/// dropped and counted.
public protocol Journal: Sendable {
    /// A use of a session that is idle from `idleEnd` on unless this is told.
    func touch(_ touch: SessionTouch, idleEnd: Timestamp)
    /// A use of a key.
    func touch(_ touch: KeyTouch)
    /// An event for the audit trail that changed nothing.
    func record(_ event: AuditEvent)
    /// A command that nobody waits for.
    func propose(_ command: Command)
}
