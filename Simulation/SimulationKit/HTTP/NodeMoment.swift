import AuthCore
import ByteCodec
import StateStore

/// What the clocks of a node show at a moment, and what time its state has reached.
struct NodeMoment {
    var wall: Timestamp = .zero
    var state: Timestamp = .zero
    /// How often its wall clock was stepped by then.
    var steps: UInt64 = 0

    /// The time by which it judges deadlines.
    var time: Timestamp { max(wall, state) }
}

extension World {
    /// The clocks of a node now.
    func moment(_ node: Int) -> NodeMoment {
        do {
            return NodeMoment(
                wall: nodes[node].clock.wall(at: now),
                state: try nodes[node].store.read { $0.meta.lastStamp },
                steps: nodes[node].wallSteps)
        } catch {
            oracle.fail("S16", "n\(node + 1) cannot be read: \(error)")
            return NodeMoment()
        }
    }
}
