import StateStore

/// Something that goes wrong, with everything that decides what it does. Times are in
/// microseconds of the world.
enum Fault: Equatable, Sendable {
    /// kill -9. In a write: at the next moment at which the disk is busy.
    case kill(Target, restartAfter: UInt64, inWrite: Bool)
    /// The machine goes off.
    case powerLoss(Target, restartAfter: UInt64, inWrite: Bool)
    /// Everything ends at once.
    case crashAll(isPowerLoss: Bool, restartAfter: UInt64)
    /// SIGTERM.
    case stop(Target, restartAfter: UInt64)
    /// SIGSTOP, and SIGCONT later. The machine lives: its kernel takes what comes.
    case pause(Target, lasting: UInt64)
    /// The whole machine sleeps: nothing of it answers, and its steady clock, which counts that
    /// (CLOCK_BOOTTIME), is ahead when it wakes.
    case suspend(Target, lasting: UInt64)
    /// Leadership is asked for, for a node or for the best one.
    case transfer(Target, to: Int?)

    case cut(CutShape, lasting: UInt64)
    /// Links that come and go.
    case flap(CutShape, times: Int, down: UInt64, up: UInt64)
    /// A connection breaks, and both ends live.
    case reset(Target, peer: Target)
    /// Messages take longer by this.
    case slowLink(CutShape, extra: UInt64, lasting: UInt64)

    /// The wall clock is off by this many milliseconds from now on.
    case wallStep(Target, milliseconds: Int64)
    /// The steady clock runs this much too fast from now on.
    case drift(Target, partsPerMillion: Int64)
    /// The steady clock stands still.
    case freeze(Target, lasting: UInt64)

    /// Syncs take longer by up to this.
    case slowDisk(Target, extra: UInt64, lasting: UInt64)
    /// No room for another byte.
    case fullDisk(Target, lasting: UInt64)
    /// The next sync fails, and what it should have written is forgotten by the kernel, which
    /// shows it until it needs the memory.
    case failSync(Target)
    /// The process is killed, or its machine goes off, and its disk is damaged before the next
    /// start. With the power goes what the state has not made durable: that the log must have.
    case damage(Target, Damage, losesPower: Bool, restartAfter: UInt64)

    /// The disk is damaged while the process runs and does not notice.
    case decay(Target, Damage)
    /// A row of the state is not what was written. The place chooses which.
    case hurtState(Target, RowDamage, place: UInt64)
    /// A bit flips in what was received of a snapshot.
    case hurtSnapshot(Target, place: UInt64)

    /// Somebody asks whoever leads for other members.
    case members(MemberChange)

    /// The process is stopped, and one of another release is started.
    case release(Target, isNewer: Bool, restartAfter: UInt64)
    /// An operator raises the feature level.
    case raise(Target)

    /// What is asked for. Who cannot be meant is taken for somebody near who can.
    enum MemberChange: Equatable, Sendable {
        /// A machine that never was a member is started with an empty disk and becomes a learner.
        case add
        /// All learners, or one, become voters.
        case promote(all: Bool)
        case demote(Target)
        case remove(Target)
        /// A learner takes the place of a voter.
        case replace(Target)
    }

    /// Whom it hits, when it comes.
    enum Target: Equatable, Sendable {
        case node(Int)
        /// Who leads then; if nobody does, this one.
        case leader(or: Int)
        /// One of those who do not lead then.
        case follower(Int)
    }

    /// Which links are hit.
    enum CutShape: Equatable, Sendable {
        case links([Link])
        /// All links of a node.
        case isolate(Target)
        /// It is heard, and hears nobody.
        case deafen(Target)
        /// It hears, and is heard by nobody.
        case mute(Target)
        /// Between two, both ways.
        case between(Target, Target)
    }

    /// One direction between two nodes.
    struct Link: Equatable, Sendable {
        let from: Int
        let to: Int
    }

    /// What happened to a disk while nobody looked.
    enum Damage: String, CaseIterable, Sendable {
        /// A bit is another.
        case bitFlip = "bit-flip"
        /// A write never came.
        case lostWrite = "lost-write"
        /// A write went to another place.
        case misdirectedWrite = "misdirected-write"
        /// A block cannot be read.
        case unreadable
    }

    /// One of the kinds, for the trace and for counting.
    var number: UInt64 {
        switch self {
        case .kill: 0
        case .powerLoss: 1
        case .crashAll: 2
        case .stop: 3
        case .pause: 4
        case .transfer: 5
        case .cut: 6
        case .flap: 7
        case .reset: 8
        case .slowLink: 9
        case .wallStep: 10
        case .drift: 11
        case .freeze: 12
        case .slowDisk: 13
        case .fullDisk: 14
        case .failSync: 15
        case .damage: 16
        case .members: 17
        case .release: 18
        case .raise: 19
        case .suspend: 20
        case .decay: 21
        case .hurtState: 30
        case .hurtSnapshot: 31
        }
    }
}
