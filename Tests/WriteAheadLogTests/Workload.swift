import RaftCore

@testable import WriteAheadLog

/// What a log must hold: the state that a recovered log is compared with.
struct Model: Equatable {
    var logStart: EntryID = .zero
    var entries: [Entry] = []
    var term: Term = .zero
    var vote: NodeID?

    var last: EntryID { entries.last.map(\.id) ?? logStart }

    mutating func append(_ entry: Entry) {
        let kept = Int(entry.index.distance(from: logStart.index)) - 1
        entries.removeSubrange(kept...)
        entries.append(entry)
    }
}

/// One thing that an owner does with a log.
enum Step {
    /// Requests that are synced together.
    case write([PersistRequest])
    case trim(UInt64)
    /// A snapshot was installed in the state, and the log begins anew behind it.
    case reset(EntryID, HardState)
    case prepare
}

/// Runs steps against a log and notes what was acknowledged and what was on its way.
final class Workload {
    let disk: FaultyFileSystem
    let options: WALOptions
    private(set) var log: WriteAheadLog?
    /// What was acknowledged.
    private(set) var acknowledged = Model()
    /// What the log may hold instead, as far as the step under way got.
    private(set) var possible: [Model] = [Model()]
    /// What the state beside the log holds durably.
    private(set) var state = DurableState.empty
    private(set) var error: WALError?
    /// Calls up to the end of opening and of each step.
    private(set) var marks: [Int] = []

    init(disk: FaultyFileSystem, options: WALOptions) {
        self.disk = disk
        self.options = options
    }

    /// Opens a new log and runs the steps, until one fails.
    func run(_ steps: [Step]) {
        do throws(WALError) {
            log = try openLog(disk, options: options)
                .log
            marks.append(disk.calls)
            for step in steps {
                try run(step)
                acknowledged = possible.last!
                possible = [acknowledged]
                marks.append(disk.calls)
            }
        } catch {
            self.error = error
        }
    }

    private func run(_ step: Step) throws(WALError) {
        switch step {
        case .write(let requests):
            var model = acknowledged
            possible = [model]
            // Term and vote may come before any of the entries that are synced with them.
            for case let hardState? in requests.map(\.hardState) {
                model.term = hardState.term
                model.vote = hardState.vote
            }
            if requests.contains(where: { $0.hardState != nil }) { possible.append(model) }
            for entry in requests.flatMap(\.entries) {
                if entry.index <= model.last.index {
                    // A group may end just behind the truncation.
                    model.append(entry)
                    var cut = model
                    cut.entries.removeLast()
                    possible.append(cut)
                } else {
                    model.append(entry)
                }
                possible.append(model)
            }
            for request in requests { try log!.append(request) }
            try log!.sync()
        case .trim(let index):
            let bound = acknowledged.entries.first { $0.index.rawValue == index }!
            // The state had applied it durably before.
            state = DurableState(applied: bound.id, snapshot: state.snapshot)
            try log!.trim(upTo: bound.index, durable: bound.index)
        case .reset(let entry, let hardState):
            state = DurableState(applied: entry, snapshot: entry)
            var model = Model(logStart: entry)
            model.term = acknowledged.term
            model.vote = acknowledged.vote
            possible = [model]
            model.term = hardState.term
            model.vote = hardState.vote
            possible.append(model)
            try log!.reset(to: entry, hardState: hardState)
        case .prepare:
            _ = try log!.prepareReserve()
        }
    }

    /// What is wrong with a recovered log, or nil.
    func complaint(about recovered: RecoveredLog) -> String? {
        if recovered.logStart.index > state.applied.index {
            return "starts at \(recovered.logStart), and the state needs \(state.applied)"
        }
        for model in possible {
            guard recovered.hardState.term == model.term, recovered.hardState.vote == model.vote
            else { continue }
            // What was trimmed may be gone or still be there.
            let start = max(recovered.logStart.index, model.logStart.index)
            let there = recovered.entries.filter { $0.index > start }
            let expected = model.entries.filter { $0.index > start }
            if there == expected, recovered.last == model.last { return nil }
        }
        let found = recovered.entries.map { "\($0.index.rawValue)@\($0.term.rawValue)" }
        return "\(recovered.hardState), from \(recovered.logStart): \(found)"
    }
}

/// A short life of a log that goes through everything: votes, appends, group commit, truncations,
/// several segments, trimming, reuse, and a snapshot.
let everything: [Step] = [
    .write([request([], term: 1, vote: 2)]),
    .write([request([entry(1, 1), entry(2, 1)], term: 1, vote: 2)]),
    .prepare, .prepare,
    .write([request([entry(3, 1)]), request([entry(4, 1, bytes: 5000)])]),
    .write([request([entry(3, 2), entry(4, 2)], term: 2, vote: 2)]),
    .write([request([entry(5, 2, bytes: 9000)])]),
    .prepare, .prepare,
    .write([request([entry(6, 2, bytes: 9000), entry(7, 2, bytes: 9000)])]),
    .trim(3),
    .prepare, .prepare,
    .write([request([entry(6, 3)], term: 3, vote: 1), request([entry(7, 3)])]),
    .write([request([entry(8, 3, bytes: 12_000)])]),
    .write([request([entry(9, 3, bytes: 12_000)])]),
    .trim(8),
    .prepare, .prepare,
    .reset(EntryID(50, 4), HardState(term: Term(4), vote: NodeID(3))),
    .write([request([entry(51, 4)])]),
    .prepare,
    .write([request([entry(52, 4), entry(53, 4)])]),
]
