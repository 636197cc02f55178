internal import ByteCodec
internal import Synchronization

/// Whether a store's state may be believed. Once it may not, it stays so for the life of the
/// process: it goes on without a state when it starts again.
///
/// Any thread.
final class StoreHealth: Sendable {
    private struct State {
        var damage: StateStoreError?
        var observer: (@Sendable (StateStoreError) -> Void)?
    }

    private let state = Mutex(State())
    // For the path of every view.
    private let isDamaged = Atomic<Bool>(false)

    /// Begins in good health, or without a state for this reason.
    init(_ damage: StateStoreError? = nil) {
        state.withLock { $0.damage = damage }
        isDamaged.store(damage != nil, ordering: .releasing)
    }

    /// What is wrong, as it was first found.
    var damage: StateStoreError? {
        isDamaged.load(ordering: .acquiring) ? state.withLock { $0.damage } : nil
    }

    /// Refuses whoever would believe a damaged state.
    func check() throws {
        if let damage, !Planted.damagedStateAnswers.isOn { throw damage }
    }

    /// Notes what was found; the first time the observer is told.
    func note(_ damage: StateStoreError) {
        let observer = state.withLock { state -> (@Sendable (StateStoreError) -> Void)? in
            guard state.damage == nil else { return nil }
            state.damage = damage
            return state.observer
        }
        isDamaged.store(true, ordering: .releasing)
        observer?(damage)
    }

    /// Tells of damage from now on, and at once if there is some already.
    func observe(_ observer: @escaping @Sendable (StateStoreError) -> Void) {
        let damage = state.withLock { state in
            state.observer = observer
            return state.damage
        }
        if let damage { observer(damage) }
    }

    /// Another state has taken the place of the one that was lost.
    func recover() {
        state.withLock { $0.damage = nil }
        isDamaged.store(false, ordering: .releasing)
    }
}
