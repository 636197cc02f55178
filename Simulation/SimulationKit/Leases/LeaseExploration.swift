/// Every state that a `LeaseModel` can reach, breadth first, so that the first broken promise is
/// one of the shortest stories that break it.
public struct LeaseExploration: Equatable, Sendable {
    /// Different states seen.
    public private(set) var states = 1
    /// Steps of the longest story looked at.
    public private(set) var depth = 0
    /// Whether there was nothing more to see.
    public private(set) var isComplete = false
    /// Whether a promise was broken.
    public private(set) var isBroken = false
    /// States in which the narrowing was acknowledged: without any, nothing was shown.
    public private(set) var acknowledged = 0
    /// Of these the ones in which a lease was in use.
    public private(set) var leasedAfterwards = 0

    /// Explores until everything was seen, a promise is broken, or there are too many states.
    public init(_ world: LeaseModel.World, statesMax: Int) {
        let first = LeaseModel(world)
        var seen: Set<[UInt8]> = [first.key]
        var layer = [first]
        while !layer.isEmpty {
            var next: [LeaseModel] = []
            for state in layer {
                for successor in state.successors() where seen.insert(successor.key).inserted {
                    states += 1
                    count(successor)
                    if isBroken { return }
                    next.append(successor)
                }
                if states > statesMax { return }
            }
            layer = next
            depth += 1
        }
        isComplete = true
    }

    private mutating func count(_ state: LeaseModel) {
        guard state.isAcknowledged else { return }
        acknowledged += 1
        if state.isAnyLeased { leasedAfterwards += 1 }
        if state.isBroken { isBroken = true }
    }
}
