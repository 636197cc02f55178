#if PLANTED_DEFECTS
import ByteCodec
import Testing

/// The judge is judged: each defect that can be planted in the core must be found. Only in a build
/// with `WATCHWORD_PLANTED=1`, and alone, because a planted defect is in every core of the process:
/// `WATCHWORD_PLANTED=1 swift test --filter PlantedTests`.
@Suite("A planted defect (M3)", .serialized)
struct PlantedTests {
    static let defects: [Planted] = [
        .voteNotDurable, .commitOldTerm, .acknowledgeBeforeSync, .staleCompletion,
        .readIndexBeforeOwnTerm, .readIndexUnconfirmed, .truncateMatchingSuffix,
        .staleSnapshotTruncates, .halfIsQuorum, .voteForOlderLog,
    ]

    @Test("is found by random runs", arguments: defects)
    func isFound(_ defect: Planted) {
        unsafe Planted.active = defect
        defer { unsafe Planted.active = nil }
        for seed in 1...UInt64(400) {
            var run = RandomRun(seed: seed, nodes: 3 + 2 * Int(seed % 2), changesMembers: false)
            do {
                for _ in 0..<3000 { try run.step() }
            } catch {
                print("\(defect.rawValue): seed \(seed): \(error)")
                return
            }
        }
        Issue.record("\(defect.rawValue) was not found in 400 runs")
    }
}
#endif
