/// A bounded number of buckets, found by their names.
struct BudgetTable<Entry: Sendable>: Sendable {
    private struct Slot: Sendable {
        var id: BudgetID
        var entry: Entry
    }

    private let countMax: Int
    private var slots: [Slot] = []
    // Looked up, never iterated.
    private var slotOfID: [BudgetID: Int] = [:]
    /// Where it is looked next for an entry that may go.
    private var hand = 0

    /// Entries that are looked at for one that may go.
    private static var looksMax: Int { 256 }

    init(countMax: Int) { self.countMax = countMax }

    /// How many there are.
    var count: Int { slots.count }

    /// Where an entry is; valid until the next `place`.
    func position(of id: BudgetID) -> Int? { slotOfID[id] }

    /// The name of the entry at a position.
    func id(at position: Int) -> BudgetID { slots[position].id }

    /// The entry at a position.
    subscript(position: Int) -> Entry {
        get { slots[position].entry }
        _modify { yield &slots[position].entry }
    }

    /// Makes room for an entry, and puts it there; nil when there is none. Who is there already is
    /// let go only if it `mayGo`.
    ///
    /// - Precondition: there is no entry of this name.
    mutating func place(
        _ id: BudgetID, _ entry: Entry, mayGo: (inout Entry) -> Bool
    ) -> Int? {
        precondition(slotOfID[id] == nil, "two buckets of one name")
        if slots.count < countMax {
            slots.append(Slot(id: id, entry: entry))
            slotOfID[id] = slots.count - 1
            return slots.count - 1
        }
        for _ in 0..<min(Self.looksMax, slots.count) {
            let position = hand
            hand = (hand + 1) % slots.count
            guard mayGo(&slots[position].entry) else { continue }
            slotOfID[slots[position].id] = nil
            slots[position] = Slot(id: id, entry: entry)
            slotOfID[id] = position
            return position
        }
        return nil
    }
}
