import RaftCore
import Testing
import WriteAheadLog

@testable import SimulationKit

@Suite("The simulated disk") struct DiskTests {
    private let block = Inode.blockBytes

    private func bytes(_ value: UInt8, blocks: Int = 1) -> [UInt8] {
        [UInt8](repeating: value, count: blocks * block)
    }

    @Test("reads what was written, at any offset")
    func readsBack() {
        let inode = Inode()
        var model: [UInt8] = []
        var random = RandomSource(seed: 5)
        for round in 0..<300 {
            let offset = Int(random.next(below: 40_000))
            let count = 1 + Int(random.next(below: 9_000))
            let written = [UInt8](repeating: UInt8(round % 255 + 1), count: count)
            inode.write(written[...], at: offset)
            if model.count < offset + count {
                model += [UInt8](repeating: 0, count: offset + count - model.count)
            }
            model.replaceSubrange(offset..<(offset + count), with: written)
            let from = Int(random.next(below: UInt64(model.count)))
            let found = inode.read(at: from, count: 5_000)
            #expect(found == Array(model[from..<min(model.count, from + 5_000)]))
        }
        #expect(inode.count == model.count)
    }

    @Test("the power takes of what was not synced whole blocks, and nothing that was synced")
    func powerLoss() {
        let inode = Inode()
        inode.write(bytes(1, blocks: 3)[...], at: 0)
        inode.synchronize()
        inode.write(bytes(2, blocks: 2)[...], at: block)
        inode.write(bytes(3)[...], at: 3 * block)
        var kept = [true, true, false, true].makeIterator()
        let (lost, stayed) = inode.losePower { kept.next() ?? false }
        #expect(lost == 1 && stayed == 2)
        #expect(inode.read(at: 0, count: block) == bytes(1))
        #expect(inode.read(at: block, count: block) == bytes(2))
        #expect(inode.read(at: 2 * block, count: block) == bytes(1))
        #expect(inode.read(at: 3 * block, count: block) == bytes(3))
    }

    @Test("what a failed sync did not write is shown until it is forgotten, and no sync writes it")
    func failedSync() {
        let inode = Inode()
        inode.write(bytes(1, blocks: 2)[...], at: 0)
        inode.synchronize()
        inode.write(bytes(2, blocks: 2)[...], at: 0)
        inode.failSync()
        #expect(inode.read(at: 0, count: block) == bytes(2))
        // Written again, and so synced after all.
        inode.write(bytes(3)[...], at: 0)
        inode.synchronize()
        _ = inode.losePower { true }
        #expect(inode.read(at: 0, count: block) == bytes(3))
        #expect(inode.read(at: block, count: block) == bytes(1))
    }

    @Test("what is forgotten is as on the disk, with no power lost")
    func forgotten() {
        let inode = Inode()
        inode.write(bytes(1)[...], at: 0)
        inode.synchronize()
        inode.write(bytes(2)[...], at: 0)
        inode.failSync()
        inode.forgetAbandoned { true }
        #expect(inode.read(at: 0, count: block) == bytes(1))
    }

    @Test("a sync fails once when it is told to")
    func failsOnce() throws {
        let disk = SimulatedFileSystem()
        let file = try disk.open("file", .create)
        try disk.write(file, bytes(1), at: 0)
        disk.failsNextSync = true
        #expect(throws: FileSystemError.self) { try disk.synchronizeData(file) }
        try disk.synchronizeData(file)
        #expect(disk.failedSyncs == 1)
    }
}

@Suite("Clocks of nodes") struct ClockTests {
    @Test("a clock never goes back, and tells when it will show a time", arguments: 1...20)
    func monotonic(seed: UInt64) {
        var random = RandomSource(seed: seed)
        var clock = NodeClock(
            zero: random.next(below: 1 << 40), driftPartsPerMillion: 1_000, wallError: 0)
        var now: UInt64 = 0
        var shown = clock.steady(at: 0)
        for _ in 0..<200 {
            now += 1 + random.next(below: 1_000_000)
            #expect(clock.steady(at: now) >= shown)
            shown = clock.steady(at: now)
            switch random.next(below: 3) {
            case 0: clock.drift(Int64(random.next(below: 200_001)) - 100_000, at: now)
            case 1: clock.freeze(at: now)
            default: clock.thaw(at: now)
            }
            #expect(clock.steady(at: now) == shown, "a change is no jump")
            let wanted = shown.advanced(nanoseconds: 1 + random.next(below: 1_000_000_000))
            guard let moment = clock.world(at: wanted) else { continue }
            #expect(moment >= now)
            #expect(clock.steady(at: moment) >= wanted)
            #expect(moment == now || clock.steady(at: moment - 1) < wanted)
        }
    }
}
