import Cryptography
import Dispatch
import Synchronization
import Testing

@testable import AuthService

@Suite("The hashing queue")
struct HashingQueueTests {
    @Test("takes jobs in order, and refuses what exceeds its limit")
    func bounded() {
        var queue = HashingQueue<Int>(limit: 3)
        let taken = (1...5).map { queue.submit($0, isHeavy: false) }
        #expect(taken == [true, true, true, false, false])
        let first = queue.take()
        #expect(first?.job == 1)
        let again = queue.submit(6, isHeavy: false)
        #expect(again, "a job that runs does not wait")
        let rest = (0..<4).map { _ in queue.take()?.job }
        #expect(rest == [2, 3, 6, nil])
        #expect(queue.running == 4)
    }

    @Test("runs one heavy job at a time, and lets light ones pass it")
    func heavy() throws {
        var queue = HashingQueue<String>(limit: 9)
        for (name, isHeavy) in [("H1", true), ("H2", true), ("l1", false), ("H3", true)] {
            let taken = queue.submit(name, isHeavy: isHeavy)
            #expect(taken)
        }
        let firstTaken = queue.take()
        let first = try #require(firstTaken)
        let lightTaken = queue.take()
        let light = try #require(lightTaken)
        #expect((first.job, light.job) == ("H1", "l1"))
        let none = queue.take()
        #expect(none == nil)
        let wakes = queue.finish(light)
        #expect(!wakes)
        let blocked = queue.take()
        #expect(blocked == nil)
        let wakesHeavy = queue.finish(first)
        #expect(wakesHeavy)
        let secondTaken = queue.take()
        let second = try #require(secondTaken)
        #expect(second.job == "H2")
    }

    @Test("takes nothing more once it is closed, and gives out what it has")
    func closed() {
        var queue = HashingQueue<Int>(limit: 3)
        let before = queue.submit(1, isHeavy: false)
        queue.close()
        let after = queue.submit(2, isHeavy: false)
        #expect(before && !after)
        let left = queue.take()
        #expect(left?.job == 1)
    }
}

@Suite("The hashing pool")
struct HashingPoolTests {
    /// Collects results, and lets the test wait for so many of them.
    private final class Results: Sendable {
        private let all = Mutex<[HashResult]>([])
        private let arrival = DispatchSemaphore(value: 0)

        func add(_ result: HashResult) {
            all.withLock { $0.append(result) }
            arrival.signal()
        }

        func wait(for count: Int) -> [HashResult] {
            for _ in 0..<count { arrival.wait() }
            return all.withLock { $0 }
        }
    }

    private let job = HashJob.make(SharedSecret(copying: [1]))
    private static let cheap = PasswordHasher(
        parameters: Argon2Parameters(memoryKiB: 8, passes: 1, lanes: 1))

    @Test("hashes and verifies on its threads, and makes a new record of an old scheme's")
    func real() throws {
        let random = SystemRandomBytes()
        let worker = try PasswordWorker(hasher: Self.cheap, random: random)
        let pool = HashingPool(worker: worker)
        let results = Results()
        let password = SharedSecret(copying: Array("correct horse".utf8))
        let foreign = PasswordRecord(
            pepperKeyID: 0, phc: "$2b$05$u722IDkBKaUhuJCJxnOJpOnpc/6ZXz2y/5WYxYICLe7gSkCgJSefq")
        let own = try Self.cheap.make(password.bytes, random: random)
        func result(_ job: HashJob) -> HashResult? {
            pool.submit(job) { results.add($0) } ? results.wait(for: 1).last : nil
        }
        #expect(result(.verify(password, own, renewing: true)) == .matched(replacement: nil))
        #expect(result(.verify(password, foreign, renewing: false)) == .matched(replacement: nil))
        guard case .matched(let new?) = result(.verify(password, foreign, renewing: true)) else {
            Issue.record("no new record")
            return
        }
        #expect(result(.verify(password, new, renewing: true)) == .matched(replacement: nil))
        #expect(result(.verify(SharedSecret(copying: [1]), own, renewing: true)) == .differed)
        #expect(result(.pretend(password)) == .differed)
        let bad = PasswordRecord(pepperKeyID: 0, phc: "plain")
        guard case .failed = result(.verify(password, bad, renewing: true)) else {
            Issue.record("took a plain text")
            return
        }
        #expect(pool.stop(seconds: 60))
    }

    @Test("runs no more jobs than it has threads, and refuses when its queue is full (A12)")
    func bounded() {
        let started = DispatchSemaphore(value: 0)
        let gate = DispatchSemaphore(value: 0)
        let pool = HashingPool(
            options: HashingPool.Options(threads: 2, queueLimit: 3), memoryBytes: { _ in 0 },
            perform: { _ in
                started.signal()
                gate.wait()
                return .differed
            })
        let results = Results()
        func submit() -> Bool { pool.submit(job) { results.add($0) } }
        let running = [submit(), submit()]
        started.wait()
        started.wait()
        let waiting = [submit(), submit(), submit()]
        let refused = [submit(), submit()]
        #expect(running == [true, true])
        #expect(waiting == [true, true, true])
        #expect(refused == [false, false])
        #expect(pool.load == (waiting: 3, running: 2))
        for _ in 0..<5 { gate.signal() }
        #expect(results.wait(for: 5).count == 5)
        #expect(pool.stop(seconds: 60))
        let late = submit()
        #expect(!late)
    }

    @Test("finishes what it has before its threads end, heavy jobs among them")
    func stopping() {
        let pool = HashingPool(
            options: HashingPool.Options(threads: 3, queueLimit: 200, heavyBytes: 0),
            memoryBytes: { _ in 1 }, perform: { _ in .differed })
        let results = Results()
        let taken = (0..<200).filter { _ in pool.submit(job) { results.add($0) } }
        #expect(pool.stop(seconds: 60))
        #expect(results.wait(for: taken.count).count == taken.count)
    }

    @Test("runs heavy jobs one at a time")
    func heavy() {
        let running = Mutex((now: 0, most: 0))
        let pool = HashingPool(
            options: HashingPool.Options(threads: 4, queueLimit: 200, heavyBytes: 10),
            memoryBytes: { _ in 11 },
            perform: { _ in
                running.withLock {
                    $0.now += 1
                    $0.most = max($0.most, $0.now)
                }
                running.withLock { $0.now -= 1 }
                return .differed
            })
        let results = Results()
        for _ in 0..<200 {
            let taken = pool.submit(job) { results.add($0) }
            #expect(taken)
        }
        #expect(results.wait(for: 200).count == 200)
        #expect(running.withLock { $0.most } == 1)
        #expect(pool.stop(seconds: 60))
    }

    @Test("answers at once, and the same for the same seed, in a simulation")
    func simulated() throws {
        func record() throws -> HashResult? {
            let hashing = try SimulatedHashing(random: SimulatedRandomBytes(seed: 9))
            let results = Results()
            return hashing.submit(job) { results.add($0) } ? results.wait(for: 1).first : nil
        }
        let first = try record()
        let second = try record()
        #expect(first == second)
        guard case .made = first else {
            Issue.record("\(String(describing: first))")
            return
        }
    }
}
