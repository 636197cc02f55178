internal import AuthCore
internal import ByteCodec
internal import Dispatch
internal import Glibc
internal import LMDB
internal import RaftCore
internal import Synchronization

// What a store does about a state that may not be believed.

extension LMDBStateStore {
    public var damage: StateStoreError? { health.damage }

    public var lost: LostState? { state.withLock { $0.lost } }

    public func observeDamage(_ observer: @escaping @Sendable (StateStoreError) -> Void) {
        health.observe(observer)
    }

    public func scrub() throws -> ScrubReport {
        try health.check()
        let generation = try state.withLock { try Self.present($0) }.generation
        let file = directory.state(generation.number) + "/data.mdb"
        // So many tries: between the view's beginning and the reading of the roots commits may
        // pass.
        for _ in 0..<Self.scrubTries {
            let view = try noting { try generation.environment.beginRead() }
            let check = try noting { try StateCheck.run(file: file, commit: view.id) }
            _ = consume view
            if let check {
                return ScrubReport(
                    applied: check.meta.applied.index, rows: check.rows, pages: check.pages)
            }
        }
        throw StateStoreError(.busy, "commits passed by \(Self.scrubTries) times")
    }

    private static let scrubTries = 16

    public func giveUp() throws {
        let (number, lost) = state.withLock { state in
            (
                state.number,
                LostState(
                    applied: state.published?.applied ?? state.lost?.applied ?? .zero,
                    installedSnapshot: state.published?.origin
                        ?? state.lost?.installedSnapshot ?? .zero)
            )
        }
        health.note(StateStoreError(.damaged, "given up"))
        try final {
            do { try directory.noteLoss(of: number, lost) } catch {
                // Most likely for want of room, which a new name needs none of.
                try directory.setAside(number)
            }
        }
    }

    /// Notes damage that a call of the library, or a check, has found.
    func noting<R: ~Copyable>(_ body: () throws -> R) throws -> R {
        do {
            return try translated(body)
        } catch let error as StateStoreError where error.code == .damaged {
            health.note(error)
            throw error
        }
    }

    func note(_ damage: StateDamage) -> StateStoreError {
        let error = StateStoreError(.damaged, "table \(damage.table): \(damage.what)")
        health.note(error)
        return error
    }

    static func present(_ state: borrowing State) throws -> Published {
        guard let published = state.published else {
            throw StateStoreError(.damaged, "the state was lost")
        }
        return published
    }
}

// MARK: - Before the opening

extension LMDBStateStore {
    /// What the data directory holds before anything of it is opened.
    struct Found {
        /// nil: there was never a state.
        var number: UInt64?
        /// Which of its commits counts; nil: the newest, of a release that synced each.
        var synced: SyncedCommit?
        /// Whether `CURRENT` says so.
        var isPointerWhole = true
        /// Why it must not be opened.
        var damage: StateStoreError?
        var lost = LostState()
    }

    static func find(
        _ directory: StoreDirectory, _ options: LMDBStateStoreOptions
    ) throws -> Found {
        let pointer: StoreDirectory.Pointer?
        do {
            pointer = try directory.readCurrent()
        } catch let damage as StateStoreError where damage.code == .damaged {
            return Found(
                number: try directory.newestNumber() ?? 1, isPointerWhole: false, damage: damage)
        }
        guard let pointer else { return Found() }
        let number = pointer.number
        if let lost = try directory.readLoss(of: number), !Planted.damagedStateKept.isOn {
            return Found(
                number: number,
                damage: StateStoreError(.damaged, "\(directory.state(number)) was given up"),
                lost: lost)
        }
        do {
            let synced = try directory.readSynced(pointer)
            let found = Found(number: number, synced: synced)
            guard options.checksWhenOpened else { return found }
            let file = directory.state(number) + "/data.mdb"
            try directory.files.perform("check", file) {
                _ = try StateCheck.ofUnwritten(
                    file: file, metaPage: synced?.metaPage, workers: workers)
            }
            _ = try directory.readOrigin(of: number)
            return found
        } catch let damage as StateStoreError where damage.code == .damaged {
            return Found(number: number, damage: noting(damage, of: number, directory))
        }
    }

    /// Nothing else runs before the opening. More than a few are no faster than a disk.
    private static let workers = FileCheck.Workers { work in
        let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        DispatchQueue.concurrentPerform(iterations: min(4, max(1, cores))) { _ in work() }
    }

    /// Notes what was found before the opening. If that fails, for want of room, the node starts
    /// without a state all the same: the next start finds what this one has found.
    private static func noting(
        _ damage: StateStoreError, of number: UInt64, _ directory: StoreDirectory
    ) -> StateStoreError {
        do {
            try directory.noteLoss(of: number, LostState())
            return damage
        } catch {
            return StateStoreError(.damaged, "\(damage.detail); not noted: \(error)")
        }
    }
}
