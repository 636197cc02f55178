import AuthCore
import ByteCodec
import RaftCore
import Testing

@testable import SimulationKit

@Suite("what clients were told, held against what is committed") struct HistoryTests {
    private let id = ProposalID(node: NodeID(2), run: 1, counter: 35)

    /// What the history says of a second copy that is answered with `refusal`.
    private func secondCopy(isNarrowing: Bool, _ refusal: Refusal) -> Violation? {
        let history = History()
        let command = Command(.beginCheckpoint, header: CommandHeader(actor: .node)).encoded()
        _ = history.attempt(history.begin(hasKey: false), command)
        let payload = Proposal(
            id: id, oldestPending: id.counter, stamp: .zero, isNarrowing: isNarrowing,
            command: command
        ).encoded()
        var violation: Violation?
        for (number, result) in [Outcome.Result.done, .refused(refusal)].enumerated() {
            let index = LogIndex(UInt64(number) + 1)
            let outcome = Outcome(result: result, index: index, stamp: .zero).encoded()
            violation = history.committed(
                Entry(index: index, term: Term(1), kind: .command, payload: payload),
                AppliedEntry(
                    index: index, proposal: id, outcome: outcome, wasDuplicate: number > 0))
        }
        return violation
    }

    @Test("a copy of what was asked for and not answered has the first one's outcome (C3)")
    func repetition() {
        #expect(secondCopy(isNarrowing: false, .forgotten)?.rule == "C3")
        #expect(secondCopy(isNarrowing: true, .undecodable)?.rule == "C3")
    }

    @Test("what waits for leases only has its outcome, which the log may forget (docs/lease.md)")
    func heldBack() {
        #expect(secondCopy(isNarrowing: true, .forgotten) == nil)
    }
}
