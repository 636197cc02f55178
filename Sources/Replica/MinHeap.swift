/// A binary heap: items by ascending key.
///
/// Nothing is ever taken out of the middle. Who is taken out checks whether there is still
/// something to do, and `isCrowded` tells when such leftovers should be thrown out.
struct MinHeap<Key: Comparable & Sendable, Item: Sendable>: Sendable {
    private var heap: [(key: Key, item: Item)] = []

    /// How many items there are.
    var count: Int { heap.count }

    /// The smallest key. Complexity: O(1).
    var first: Key? { heap.first?.key }

    /// Whether far more items are kept than `live` things could need.
    func isCrowded(live: Int) -> Bool { heap.count > 4_096 && heap.count > live * 8 }

    /// Adds an item. Complexity: O(log n).
    mutating func insert(_ key: Key, _ item: Item) {
        heap.append((key, item))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].key < heap[parent].key else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes out an item with the smallest key if that is at most `limit`. Complexity: O(log n).
    mutating func pop(upTo limit: Key) -> Item? {
        guard let first = heap.first, first.key <= limit else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sinkFirst()
        }
        return first.item
    }

    /// Takes out everything, in no order. Complexity: O(n).
    mutating func takeAll() -> [Item] {
        defer { heap.removeAll() }
        return heap.map(\.item)
    }

    /// Takes out what `isUnwanted`, in no order. Complexity: O(n log n).
    @discardableResult
    mutating func remove(where isUnwanted: (Item) -> Bool) -> [Item] {
        let all = heap
        heap.removeAll(keepingCapacity: true)
        var removed: [Item] = []
        for (key, item) in all {
            if isUnwanted(item) { removed.append(item) } else { insert(key, item) }
        }
        return removed
    }

    private mutating func sinkFirst() {
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < heap.count else { return }
            let right = left + 1
            let child = right < heap.count && heap[right].key < heap[left].key ? right : left
            guard heap[child].key < heap[parent].key else { return }
            heap.swapAt(child, parent)
            parent = child
        }
    }
}
