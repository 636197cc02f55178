import AuthCore
import ByteCodec
import Foundation
import RaftCore
import Testing

@testable import LMDB
@testable import StateStore

/// Files as a power loss leaves them: the pages of a commit are there, and its last step, the
/// meta page, is not (`NOMETASYNC`).
@Suite("Power loss")
struct PowerLossTests {
    private static let metaBytes = 2 * 4096

    private struct Moment {
        var dump: Dump
        var durable: LogIndex
        var metaPages: [UInt8]

        /// The newest commit that they tell of.
        var commit: UInt64 {
            [metaPages.prefix(4096), metaPages.suffix(4096)]
                .compactMap { MetaPage(Array($0))?.commit }.max() ?? 0
        }
    }

    @Test(
        "the state that was durable is whole in the file, one and two commits later (D6)",
        arguments: 1...4)
    func metaPagesLost(seed: Int) throws {
        var random = RandomSource(seed: UInt64(seed))
        var entries = EntryMaker(seed: UInt64(seed))
        let directory = try TemporaryDirectory()
        let store = try diskStore(directory)
        let file = directory.path + "/state.0000000000000001/data.mdb"
        var moments: [Moment] = []
        var applied: [[Entry]] = []
        var images = 0
        func moment() throws -> Moment {
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
            return Moment(
                dump: try store.dump(), durable: store.durableAppliedIndex,
                metaPages: Array(bytes.prefix(Self.metaBytes)))
        }
        for step in 0..<25 {
            moments.append(try moment())
            let batch = entries.batch(1 + Int(random.next(below: 40)))
            applied.append(batch)
            _ = try store.apply(batch)
            let newest = try moment().commit
            for back in 1...2 where moments.count > back {
                // The pages of the newest commit, under the meta pages of an older one. Where trees
                // were made there is a commit more, and nothing promises the third.
                let moment = moments[moments.count - back]
                guard newest - moment.commit <= 2 else { continue }
                images += 1
                try check(
                    file, moment, then: applied.suffix(back).flatMap { $0 },
                    "seed \(seed), step \(step), \(back) back")
            }
            // What the store calls durable is what each image still has.
            let last = moments[moments.count - 1]
            #expect(store.durableAppliedIndex == last.dump.meta.applied.index)
            if moments.count > 1 {
                #expect(last.durable == moments[moments.count - 2].dump.meta.applied.index)
            }
        }
        #expect(images >= 44)
    }

    private func check(
        _ file: String, _ moment: Moment, then batch: [Entry], _ comment: Comment
    ) throws {
        let image = try TemporaryDirectory()
        do { _ = try diskStore(image) }
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
        bytes.replaceSubrange(0..<Self.metaBytes, with: moment.metaPages)
        let target = image.path + "/state.0000000000000001/data.mdb"
        try Data(bytes).write(to: URL(fileURLWithPath: target))
        let found = try diskStore(image)
        #expect(try found.dump() == moment.dump, comment)
        // The log replays the rest.
        _ = try found.apply(batch)
    }

    @Test("the model undoes at most the last commit, and nothing that was synced")
    func model() throws {
        var entries = EntryMaker()
        let store = memoryStore()
        _ = try store.apply(entries.batch(3))
        let first = try store.dump()
        _ = try store.apply(entries.batch(2))
        let second = try store.dump()
        #expect(try store.afterCrash(.kill).dump() == second)
        #expect(try store.afterCrash(.powerLoss(undoesLastCommit: false)).dump() == second)
        let found = store.afterCrash(.powerLoss(undoesLastCommit: true))
        #expect(try found.dump() == first)
        #expect(found.durableAppliedIndex == LogIndex(3))
        try store.forceSync()
        #expect(try store.afterCrash(.powerLoss(undoesLastCommit: true)).dump() == second)
    }

    @Test("a failed commit of the model is final, and is not seen after the crash")
    func modelFailure() throws {
        var entries = EntryMaker()
        let store = memoryStore()
        _ = try store.apply(entries.batch(3))
        let before = try store.dump()
        store.failNextCommit()
        #expect(try code { _ = try store.apply(entries.batch(1)) } == .failed)
        #expect(try code { _ = try store.dump() } == .failed)
        #expect(try store.afterCrash(.kill).dump() == before)
    }

    @Test("a full map refuses a batch and nothing else")
    func full() throws {
        let directory = try TemporaryDirectory()
        var options = smallOptions()
        options.mapSizeBytes = 1 << 20
        options.mapFillPercentMax = 50
        let store = try diskStore(directory, options: options)
        var entries = EntryMaker()
        var before = try store.dump()
        var refused: [Entry] = []
        while refused.isEmpty {
            let batch = entries.batch(200)
            do {
                _ = try store.apply(batch)
                before = try store.dump()
            } catch let error as StateStoreError {
                #expect(error.code == .full)
                refused = batch
            }
        }
        #expect(store.isShortOfSpace)
        #expect(try store.dump() == before)
        _ = try store.apply(Array(refused.prefix(1)))
    }

    #if PLANTED_DEFECTS
    @Test("the planted defect commits the applied index before the data (S16)")
    func appliedIndexApart() throws {
        var entries = EntryMaker()
        let batch = entries.batch(20)
        let right = memoryStore()
        _ = try right.apply(batch)
        unsafe Planted.active = .appliedIndexApart
        defer { unsafe Planted.active = nil }
        let store = memoryStore()
        _ = try store.apply(batch)
        #expect(try store.dump() == right.dump())
        let found = store.afterCrash(.powerLoss(undoesLastCommit: true))
        #expect(found.appliedIndex == LogIndex(20))
        #expect(try found.dump() != right.dump())
    }
    #endif
}
