import AuthCore
import RaftCore
import Replica
import StateStore
import WriteAheadLog

/// One machine: what outlives its processes, and the process that runs on it, if one does.
final class SimulatedNode {
    /// What a process holds, and a crash takes away.
    final class Process {
        /// Names this process among all of the world.
        let epoch: UInt64
        /// The run of its `ProposalID`s.
        let run: UInt64
        var replica: Replica
        /// What the replica was after its last turn, and when it wants the next one.
        var glance: RaftGlance
        var deadline: SteadyTime?
        let log: WriteAheadLog

        /// Turns so far.
        var turns = 0
        var inbox: [ReplicaInput] = []
        var isTurnScheduled = false
        var isPaused = false
        /// When it began.
        var startedAt: UInt64 = 0
        /// When it last went on after a pause.
        var resumedAt: UInt64 = 0
        /// The earliest timer event that is under way.
        var timerAt: UInt64?

        var diskQueue: [DiskWork] = []
        var diskUnderWay: [DiskWork] = []
        var isDiskBusy = false
        var isStorageFull = false
        /// Whether the work under way stands still until there is room.
        var isWaitingForRoom = false
        /// The newest hard state that was handed to the log.
        var hardState: HardState

        var applyQueue: [[Entry]] = []
        var applying: [Entry] = []
        /// Whether something was applied since the last sync of the state.
        var isStateSyncScheduled = false

        /// Snapshots that came whole, by where they end.
        var received: [SnapshotManifest] = []
        /// To which nodes one is made or sent now: one at a time to each.
        var sendingTo: Set<Int> = []
        var isStopping = false
        /// Whether its release cannot apply what is committed.
        var isTooOld = false
        /// When the machine starts it again, if that was said with the order to stop.
        var restartAfter: UInt64?
        /// A cheap stand-in for what HTTP connections know: who waits here.
        var waiting: Set<Ticket> = []
        /// Its own proposals about its state, and the attempts that the history knows them by.
        var duties: [(ticket: Ticket, attempt: Int)] = []
        var checkpoints = CheckpointDuty()
        /// Whether it knows that its state is damaged.
        var isDamageTold = false

        init(
            epoch: UInt64, run: UInt64, replica: Replica, log: WriteAheadLog,
            hardState: HardState
        ) {
            self.epoch = epoch
            self.run = run
            self.replica = replica
            glance = replica.glance
            deadline = replica.deadline
            self.log = log
            self.hardState = hardState
        }
    }

    /// What the thread of the log does, in order.
    enum DiskWork {
        case persist(PersistRequest)
        case trim(LogIndex)
        case install(SnapshotMetadata)
        case rewrite(startingAfter: EntryID, [Entry])
        /// The state is replaced, and the log stays.
        case replaceState(SnapshotMetadata)

        var isInstall: Bool {
            switch self {
            case .install, .replaceState: true
            case .persist, .trim, .rewrite: false
            }
        }

        /// Whether it comes between two syncs and in none.
        var isAlone: Bool {
            switch self {
            case .install, .replaceState, .rewrite: true
            case .persist, .trim: false
            }
        }
    }

    /// Whether a machine is used.
    enum Service {
        /// Never started, with an empty disk.
        case spare
        /// Started, and no member yet.
        case joining
        case inUse
        /// Removed, and taken away before long.
        case leaving
        /// For good: a number is never used again.
        case gone
    }

    let index: Int
    let id: NodeID
    var clock: NodeClock
    /// How often its wall clock was stepped.
    var wallSteps: UInt64 = 0
    let disk = SimulatedFileSystem()
    var store: MemoryStateStore
    /// The same state on real files, if the world is to have that.
    var twin: DiskTwin?
    /// The newest snapshot in the store, durable with it.
    var installed: EntryID = .zero
    var hasLog = false
    var process: Process?
    /// Processes so far, as a node's disk counts them.
    var starts: UInt64 = 0
    /// Whether the machine is off, so that nothing answers at all.
    var isOff = false
    var isRestartScheduled = false
    /// What it is to the cluster, as far as who runs the machines knows.
    var service = Service.inUse
    /// Ends like this in the middle of its next write.
    var armed: (ending: World.Ending, restartAfter: UInt64)?
    /// What syncs take longer, at most.
    var slowExtra: UInt64 = 0
    /// What happens to the disk before the next start.
    var pendingDamage: Fault.Damage?
    /// Whether the disk was ever damaged.
    var isDamaged = false
    /// Whether its log is damaged, and the process does not know.
    var hasLatentDamage = false
    /// When the log was hit, in rounds of the process that looks through it.
    var damagedInRound: UInt64 = 0
    /// Whether its log has lost a part, as far as its processes have said.
    var isRepairing = false
    /// The entries that it lost.
    var entriesLost: UInt64 = 0
    /// Whether it does not know any more what it promised, and stays out.
    var isCasualty = false
    /// Whether what is started here next is of the newer release.
    var isNewer = true
    /// A bit is to flip in the next snapshot that is received here.
    var pendingSnapshotHurt: UInt64?
    /// What was done to its state and is not noticed.
    var hurt: Hurt?
    /// The entries that were applied while something was.
    var appliedHurt: [ClosedRange<LogIndex>] = []
    /// Everything that is left to chance here.
    var random: RandomSource

    init(index: Int, clock: NodeClock, store: MemoryStateStore, random: RandomSource) {
        self.index = index
        self.random = random
        id = NodeID(UInt64(index + 1))
        self.clock = clock
        self.store = store
        do {
            try disk.makeDirectory("data")
            try disk.synchronizeDirectory(".")
        } catch {
            preconditionFailure("an empty disk takes no directory: \(error)")
        }
    }
}
