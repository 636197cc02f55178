import AuthService
import RaftCore
import Testing

@Suite("Whose turn it is to be told")
struct TellingTurnsTests {
    private func time(_ milliseconds: UInt64) -> SteadyTime {
        SteadyTime(nanoseconds: milliseconds * 1_000_000)
    }

    @Test(
        "All nodes together make at most one entry in a second, of all kinds",
        arguments: [1, 2, 3, 5, 7])
    func pacing(nodes: Int) {
        var turns = [TellingTurns](repeating: TellingTurns(), count: nodes)
        let needs = TellingTurns.Needs(sessions: .full, keys: .full, usage: .pressing)
        var entries = 0
        let seconds = 600
        for tick in 0..<(seconds * 5) {
            for node in turns.indices {
                // Nodes look every 200 ms, at moments of their own.
                let now = time(UInt64(tick) * 200 + UInt64(node) * 7)
                if turns[node].next(at: now, nodes: nodes, needs: needs) != nil { entries += 1 }
            }
        }
        #expect(entries <= seconds + nodes)
        #expect(entries > seconds * 4 / 5)
    }

    @Test("What makes no full batch waits five seconds, and no turn is used up by nothing")
    func patience() {
        var turns = TellingTurns()
        let few = TellingTurns.Needs(sessions: .patient, keys: .none, usage: .none)
        let none = TellingTurns.Needs(sessions: .none, keys: .none, usage: .none)
        let due = (0..<100).filter { tick in
            let now = time(UInt64(tick) * 200)
            #expect(turns.next(at: now, nodes: 3, needs: none) == nil)
            return turns.next(at: now, nodes: 3, needs: few) == .sessions
        }
        #expect(due == [0, 25, 50, 75])
    }

    @Test("Kinds that want it alike go in turn; what presses goes more often, and none for ever")
    func shares() {
        func told(
            _ sessions: TellingTurns.Need, _ keys: TellingTurns.Need, _ usage: TellingTurns.Need
        ) -> [TellingTurns.Kind] {
            var turns = TellingTurns()
            let needs = TellingTurns.Needs(sessions: sessions, keys: keys, usage: usage)
            return (0..<22).compactMap {
                turns.next(at: time(UInt64($0) * 5_000), nodes: 1, needs: needs)
            }
        }
        #expect(
            told(.full, .full, .full).prefix(4) == [.sessions, .keys, .usage, .sessions])
        #expect(told(.none, .patient, .patient).prefix(4) == [.keys, .usage, .keys, .usage])
        let quotas = told(.patient, .none, .pressing)
        #expect(quotas.prefix(4) == [.sessions, .usage, .sessions, .usage])
        // One that may idle for a minute is told of every 15 s by five nodes, whatever else waits.
        let busy = told(.patient, .full, .pressing)
        for begin in 0..<20 { #expect(busy[begin..<(begin + 3)].contains(.sessions)) }
        let crowded = told(.pressing, .full, .pressing)
        #expect(crowded.filter { $0 == .sessions }.count == 16)
        #expect(crowded.filter { $0 == .usage }.count == 4)
        #expect(crowded.filter { $0 == .keys }.count == 2)
    }
}
