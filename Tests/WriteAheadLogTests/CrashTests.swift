import RaftCore
import Testing

@testable import WriteAheadLog

@Suite("The log on a disk that stops or fails at any call")
struct CrashTests {
    // The calls at which something changes, one after the last, and whatever lies between them is
    // the same disk.
    private func changingCalls() -> [Int] {
        let dry = Workload(disk: FaultyFileSystem(root: root), options: tinyOptions)
        dry.run(everything)
        #expect(dry.error == nil)
        return dry.disk.changingCalls + [dry.disk.calls + 1]
    }

    @Test("loses nothing acknowledged in a power cut at any call, whatever of the rest survives")
    func powerCut() throws {
        var recoveries = 0
        for call in changingCalls() {
            let run = Workload(disk: FaultyFileSystem(root: root), options: tinyOptions)
            run.disk.fault = .stop(at: call)
            run.run(everything)
            for kept in subsets(of: run.disk.unsynced, seed: UInt64(call)) {
                let after = run.disk.afterPowerCut(keeping: kept)
                expectRecovery(run, after, "stop at call \(call), kept \(kept)")
                recoveries += 1
            }
        }
        #expect(recoveries > 1000)
    }

    @Test("loses nothing acknowledged when the process is killed at any call")
    func kill() throws {
        for call in changingCalls() {
            let run = Workload(disk: FaultyFileSystem(root: root), options: tinyOptions)
            run.disk.fault = .stop(at: call)
            run.run(everything)
            expectRecovery(run, run.disk.afterKill(), "kill at call \(call)")
        }
    }

    @Test("builds on nothing that a killed process left in the cache only (seed 1281)")
    func killThenPowerCut() throws {
        for call in changingCalls() {
            let run = Workload(disk: FaultyFileSystem(root: root), options: tinyOptions)
            run.disk.fault = .stop(at: call)
            run.run(everything)
            let disk = run.disk.afterKill()
            let (log, found) = try openLog(disk, state: run.state)
            let next = entry(found.last.index.next.rawValue, 9)
            try log.append(request([next], term: 9))
            try log.sync()
            var options = tinyOptions
            options.mayCreate = false
            let again = try openLog(
                disk.afterPowerCut(keeping: []), options: options, state: run.state
            ).recovered
            #expect(again.entries == found.entries + [next], "kill at call \(call)")
        }
    }

    @Test("recovery that stops at any call is followed by one that finds the same")
    func crashInRecovery() throws {
        // A power cut in the middle of each step, with half of what was not synced.
        for call in changingCalls().enumerated().filter({ $0.offset % 5 == 0 }).map(\.element) {
            let run = Workload(disk: FaultyFileSystem(root: root), options: tinyOptions)
            run.disk.fault = .stop(at: call)
            run.run(everything)
            let units = run.disk.unsynced
            let half = Set(units.indices.filter { $0 % 2 == call % 2 }.map { units[$0] })
            let found = try openLog(
                run.disk.afterPowerCut(keeping: half), state: run.state
            ).recovered
            var second = 1
            while true {
                let disk = run.disk.afterPowerCut(keeping: half)
                disk.fault = .stop(at: second)
                do { _ = try openLog(disk, state: run.state) } catch {}
                if !disk.hasStopped { break }
                var random = RandomSource(seed: UInt64(call * 1000 + second))
                let unsynced = disk.unsynced
                // Names each by itself too: one renamed twice may end up with two.
                let names = unsynced.filter { if case .name = $0 { true } else { false } }
                for kept in [
                    [], Set(unsynced), Set(unsynced.filter { _ in random.chance(1, in: 2) }),
                ] + names.map({ [$0] }) {
                    let after = disk.afterPowerCut(keeping: kept)
                    let (log, again) = try openLog(after, state: run.state)
                    #expect(
                        again.entries == found.entries && again.logStart == found.logStart
                            && again.hardState == found.hardState,
                        "stop at call \(call), then \(second), kept \(kept)")
                    // Files that are filled again are not also the log's (seed 2973).
                    while try log.prepareReserve() != .ready {}
                    let last = try openLog(
                        after.afterPowerCut(keeping: []), state: run.state
                    ).recovered
                    #expect(
                        last.entries == found.entries,
                        "stop at call \(call), then \(second), kept \(kept), then filled")
                }
                second += 1
            }
        }
    }

    @Test("a call that fails is final, and a new start finds everything acknowledged")
    func failure() throws {
        let last = changingCalls().last!
        for call in 1..<last {
            let run = Workload(disk: FaultyFileSystem(root: root), options: tinyOptions)
            run.disk.fault = .fail(at: call, errno: 5)
            run.run(everything)
            guard case .fileSystem(let cause) = run.error else {
                Issue.record("call \(call): \(String(describing: run.error))")
                continue
            }
            #expect(cause.errno == 5)
            if let log = run.log {
                // Nothing is done after it.
                let calls = run.disk.calls
                #expect(throws: WALError.failed(cause)) { try log.append(request([], term: 9)) }
                #expect(throws: WALError.failed(cause)) { try log.sync() }
                #expect(throws: WALError.failed(cause)) { try log.prepareReserve() }
                #expect(throws: WALError.failed(cause)) {
                    try log.trim(upTo: .zero, durable: .zero)
                }
                #expect(run.disk.calls == calls)
            }
            // The process starts again on what the page cache shows, and then the power fails: what
            // it took for durable must be so (R5, and the papers on failed fsync).
            let restarted = run.disk.afterKill()
            let found = expectRecovery(run, restarted, "failure of call \(call)")
            let again = try openLog(
                restarted.afterPowerCut(keeping: []), state: run.state
            ).recovered
            #expect(again.entries == found?.entries, "failure of call \(call), then a power cut")
            #expect(again.hardState == found?.hardState, "failure of call \(call)")
        }
    }

    @Test("a full disk stops nothing but the reserve, and everything goes on when there is room")
    func full() throws {
        for call in changingCalls() {
            let run = Workload(disk: FaultyFileSystem(root: root), options: tinyOptions)
            run.disk.fault = .full(from: call)
            run.run(everything)
            guard let error = run.error else { continue }
            guard let log = run.log else {
                // The first start on a full disk: the next one finds a log or makes one.
                expectRecovery(run, run.disk.afterKill(), "full from call \(call)")
                continue
            }
            guard case .reserveUnavailable = error else {
                Issue.record("full from call \(call): \(error)")
                continue
            }
            #expect(log.status.failure == nil)
            expectRecovery(
                run, run.disk.afterPowerCut(keeping: Set(run.disk.unsynced)),
                "full from call \(call)")
            // There is room again.
            run.disk.fault = nil
            while try log.prepareReserve() != .ready {}
            let next = log.status.lastIndex.next.rawValue
            try log.append(request([entry(next, 9)], term: 9))
            try log.sync()
            let recovered = try openLog(run.disk.afterPowerCut(keeping: []), state: run.state)
                .recovered
            #expect(recovered.entries.last == entry(next, 9), "full from call \(call)")
        }
    }

    @discardableResult
    private func expectRecovery(
        _ run: Workload, _ disk: FaultyFileSystem, _ what: @autoclosure () -> String
    ) -> RecoveredLog? {
        do {
            let recovered = try openLog(disk, options: run.options, state: run.state).recovered
            let complaint = run.complaint(about: recovered)
            #expect(complaint == nil, "\(what())")
            return recovered
        } catch {
            Issue.record("\(what()): \(error)")
            return nil
        }
    }
}
