/// Events in the order of their time, and among equal times in the order in which they were
/// scheduled: the only order there is in a world.
///
/// A binary heap of plain numbers; the events themselves stand still in a slab.
struct EventQueue<Event> {
    private struct Key {
        let time: UInt64
        let sequence: UInt64
        let slot: Int
        func precedes(_ other: Key) -> Bool {
            time != other.time ? time < other.time : sequence < other.sequence
        }
    }

    private var heap: [Key] = []
    private var slab: [Event?] = []
    private var free: [Int] = []
    private var nextSequence: UInt64 = 0

    /// How many events wait.
    var count: Int { heap.count }

    /// When the next one happens.
    var nextTime: UInt64? { heap.first?.time }

    /// Adds an event. Complexity: O(log n).
    mutating func schedule(_ event: Event, at time: UInt64) {
        let slot: Int
        if let reused = free.popLast() {
            slot = reused
            slab[slot] = event
        } else {
            slot = slab.count
            slab.append(event)
        }
        let key = Key(time: time, sequence: nextSequence, slot: slot)
        nextSequence += 1
        heap.append(key)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard key.precedes(heap[parent]) else { break }
            heap[child] = heap[parent]
            child = parent
        }
        heap[child] = key
    }

    /// Takes out the next event. Complexity: O(log n).
    mutating func pop() -> (time: UInt64, event: Event)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty { sink(last) }
        guard let event = slab[first.slot].take() else { preconditionFailure("an empty slot") }
        free.append(first.slot)
        return (first.time, event)
    }

    private mutating func sink(_ key: Key) {
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1].precedes(heap[child]) { child += 1 }
            guard heap[child].precedes(key) else { break }
            heap[parent] = heap[child]
            parent = child
        }
        heap[parent] = key
    }
}
