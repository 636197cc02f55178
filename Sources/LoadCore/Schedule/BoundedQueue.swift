/// First in, first out, and never more than `capacity`.
///
/// Invariant: `taken` is less than half of what `elements` holds, or 32 at most.
public struct BoundedQueue<Element: Sendable>: Sendable {
    /// The most that waits at once.
    public let capacity: Int
    private var elements: [Element] = []
    /// How many at the front of `elements` have left.
    private var taken = 0

    public init(capacity: Int) {
        precondition(capacity >= 0, "capacity \(capacity)")
        self.capacity = capacity
    }

    /// How many wait.
    public var count: Int { elements.count - taken }
    public var isEmpty: Bool { count == 0 }

    /// Puts one behind all others; false, and nothing changed, when there is no room.
    @discardableResult
    public mutating func append(_ element: Element) -> Bool {
        guard count < capacity else { return false }
        elements.append(element)
        return true
    }

    /// Takes the one that has waited longest; nil when none does.
    ///
    /// - Complexity: O(1), amortised.
    public mutating func popFirst() -> Element? {
        guard taken < elements.count else { return nil }
        let element = elements[taken]
        taken += 1
        if taken > 32, taken * 2 > elements.count {
            elements.removeFirst(taken)
            taken = 0
        }
        return element
    }

    /// Takes those out that fit.
    ///
    /// - Complexity: O(n).
    public mutating func removeAll(where fits: (Element) -> Bool) {
        elements.removeFirst(taken)
        taken = 0
        elements.removeAll(where: fits)
    }
}
