import Foundation
import Synchronization
import WatchwordClient

/// Damages the state of a follower while writes go on: it must find that out, give the state up,
/// get another one, and answer nothing wrong meanwhile.
func stateDamage(_ bench: Bench, times: Int) async throws -> Verdict {
    let cluster = bench.cluster
    guard let balancer = cluster.balancer else {
        throw DrillFailure("the drill of a damaged state needs the load balancer")
    }
    let load = try await WriteLoad(
        bench: bench, writers: 8, interval: .milliseconds(20), urls: [balancer])
    let (figures, isGood): ([String], Bool) = try await load.run {
        var figures: [String] = []
        var isGood = true
        let witness = try await Witness(bench: bench, sessions: 40)
        for number in 0..<times {
            for damage in StateDamage.allCases {
                let leader = try await bench.leader()
                let followers = cluster.nodes.map(\.id).filter { $0 != leader }
                guard !followers.isEmpty else { throw DrillFailure("no follower") }
                let id = followers[number % followers.count]
                let hit = try await StateRound(bench: bench, id: id, witness: witness)
                    .run(damage, isKilled: number % 2 == 0)
                figures.append(hit.sentence)
                isGood = isGood && hit.isGood
            }
        }
        return (figures, isGood)
    }
    let account = try await load.account()
    return Verdict(
        name: "flipped bits in the state of a follower",
        figures: [account.sentence] + figures, passed: account.isClean && isGood)
}

/// What is damaged.
private enum StateDamage: String, CaseIterable {
    /// A page of rows, or one that leads to them, of a node that does not run.
    case leaf, branch
    /// All pages of rows, under a node that runs.
    case live
    /// What the node receives in the place of a damaged state, while it comes in.
    case received
}

/// What came of one round.
private struct StateHit {
    let damage: StateDamage
    let id: String
    var milliseconds = 0
    var wasMarked = false
    var wasTold = false
    var wasReplaced = false
    /// Whether a copy was damaged before it counted; nil in other rounds.
    var wasCopyHurt: Bool?
    /// How often the node has asked for a copy.
    var asked = 0
    var answers = Witness.Count()

    var isGood: Bool {
        // Whose copy was damaged needs another one.
        wasMarked && wasTold && wasReplaced && answers.wrong == 0 && answers.right > 0
            && wasCopyHurt != false && asked >= (wasCopyHurt == true ? 2 : 1)
    }

    var sentence: String {
        var words = ["\(damage.rawValue) of \(id): ready after \(milliseconds) ms"]
        if !wasTold { words.append("NOT FOUND") }
        if !wasMarked { words.append("NO MARK SEEN") }
        if !wasReplaced { words.append("NOT REPLACED") }
        if wasCopyHurt == false { words.append("NO COPY WAS THERE TO BE DAMAGED") }
        words.append("\(asked) copies asked for")
        words.append(
            "\(answers.right) right, \(answers.unavailable) unavailable, \(answers.wrong) wrong")
        return words.joined(separator: ", ")
    }
}

/// One follower, one damage.
private struct StateRound {
    let bench: Bench
    let id: String
    let witness: Witness

    private var folder: String { bench.cluster.node(id).dataFolder }
    private var log: String { "\(bench.cluster.folder)/\(id)/log" }

    func run(_ damage: StateDamage, isKilled: Bool) async throws -> StateHit {
        let cluster = bench.cluster
        var hit = StateHit(damage: damage, id: id)
        let old = try StateFile.current(inFolder: folder)
        let told = try logText().count
        let watch = witness.watch(cluster.node(id).url)
        if damage != .live {
            if isKilled {
                try cluster.signal(id, SIGKILL)
                while try cluster.isRunning(id) { try await Task.sleep(for: .milliseconds(1)) }
            } else {
                try await cluster.stop(id)
            }
        }
        let moment = ContinuousClock.now
        try flip(damage, in: old)
        let mark = Task { try await awaitMark(in: old) }
        if damage != .live { try await cluster.start(id) }
        if damage == .received {
            hit.wasCopyHurt = try await hurtIncoming()
        }
        // What is revoked while the node has no state must not come back with the new one.
        try await witness.revokeSome(besides: id)
        hit.wasTold = try await awaitLog("there is a log and no state", behind: told)
        try await bench.ready([id], within: 60)
        hit.milliseconds = Int(moment.duration(to: .now) / .milliseconds(1))
        hit.asked = Int(try await bench.metric("watchword_states_asked_total", of: id))
        mark.cancel()
        hit.wasMarked = try await mark.value
        hit.wasReplaced =
            try StateFile.current(inFolder: folder) != old
            && !FileManager.default.fileExists(atPath: old)
        // The new state answers too.
        try await Task.sleep(for: .milliseconds(500))
        hit.answers = await watch.end()
        return hit
    }

    private func flip(_ damage: StateDamage, in folder: String) throws {
        let file = try StateFile(path: "\(folder)/data.mdb")
        let pages = try file.pagesOfSessions()
        let wanted = pages.filter { $0.isBranch == (damage == .branch) }
        guard let any = wanted.dropFirst(wanted.count / 2).first else {
            throw DrillFailure("no such page of \(pages.count)")
        }
        for page in damage == .live ? wanted : [any] { try file.flip(page) }
    }

    /// Whether `DAMAGED` is seen before the state is gone.
    private func awaitMark(in folder: String) async throws -> Bool {
        while !Task.isCancelled {
            if FileManager.default.fileExists(atPath: "\(folder)/DAMAGED") { return true }
            do { try await Task.sleep(for: .milliseconds(1)) } catch { break }
        }
        return false
    }

    /// Stops the node as soon as a part of a copy is there, and flips a bit in each page of it.
    private func hurtIncoming() async throws -> Bool {
        let path = "\(folder)/incoming/data.mdb"
        let pid = try bench.cluster.process(of: id)
        // A copy is there for some milliseconds: a thread of its own looks without a rest.
        let isStopped = await withCheckedContinuation { continuation in
            Thread {
                let deadline = ContinuousClock.now + .seconds(20)
                while Self.size(of: path) <= 8 * StateFile.pageBytes {
                    if ContinuousClock.now > deadline {
                        return continuation.resume(returning: false)
                    }
                }
                continuation.resume(returning: kill(pid, SIGSTOP) == 0)
            }.start()
        }
        guard isStopped else { return false }
        defer { kill(pid, SIGCONT) }
        // The first row of a page ends where the page does.
        let pages = Self.size(of: path) / StateFile.pageBytes
        for page in stride(from: 2, to: pages, by: 1) {
            try StateFile.flip(path, at: (page + 1) * StateFile.pageBytes - 1)
        }
        return pages > 2
    }

    private static func size(of path: String) -> Int {
        var status = stat()
        // The proof: the call fills one value, which it is given.
        return unsafe stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    private func logText() throws -> Data { try Data(contentsOf: URL(fileURLWithPath: log)) }

    private func awaitLog(_ words: String, behind offset: Int) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            let text = String(decoding: try logText().dropFirst(offset), as: UTF8.self)
            if text.contains(words) { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return false
    }
}

/// Sessions of which it is known whether they are revoked, and what a node says of them.
private final class Witness: Sendable {
    struct Session: Sendable {
        let id: String
        let token: String
        var isRevoked = false
        /// Asked for, and not acknowledged: either answer is right.
        var isInDoubt = false
    }

    struct Count: Sendable {
        var right = 0
        var unavailable = 0
        var wrong = 0
    }

    /// One node that is asked all the time.
    struct Watch {
        let task: Task<Count, Never>
        func end() async -> Count {
            task.cancel()
            return await task.value
        }
    }

    private let bench: Bench
    private let user: String
    private let sessions: Mutex<[Session]>

    init(bench: Bench, sessions count: Int) async throws {
        self.bench = bench
        user = try await bench.makeUser("witness")
        sessions = Mutex([])
        try await add(count)
        for _ in 0..<4 { try await revokeSome(besides: nil) }
    }

    private func add(_ count: Int) async throws {
        for _ in 0..<count {
            let answer = try await bench.demand(
                "POST", "/v1/sessions", body: ["user_id": .string(user)])
            guard let token = answer["session_token"]?.text,
                let id = answer["session"]?["id"]?.text
            else { throw DrillFailure("a session without a token") }
            sessions.withLock { $0.append(Session(id: id, token: token)) }
        }
    }

    /// Revokes some sessions through other nodes, and makes as many.
    func revokeSome(besides node: String?) async throws {
        let places = sessions.withLock { sessions in
            let live = sessions.indices.filter { !sessions[$0].isRevoked }.prefix(5)
            for place in live { sessions[place].isInDoubt = true }
            return Array(live)
        }
        for place in places {
            let id = sessions.withLock { $0[place].id }
            _ = try await bench.demand("DELETE", "/v1/sessions/\(id)", besides: node)
            sessions.withLock {
                $0[place].isRevoked = true
                $0[place].isInDoubt = false
            }
        }
        try await add(places.count)
    }

    /// Asks a node about every session, over and over.
    func watch(_ url: String) -> Watch {
        Watch(
            task: Task {
                var count = Count()
                var number = 0
                while !Task.isCancelled {
                    number += 1
                    let place = number % sessions.withLock { $0.count }
                    let before = sessions.withLock { $0[place] }
                    let answers = await validate(before.token, on: [url], bench)
                    let after = sessions.withLock { $0[place] }
                    count.unavailable += answers.unavailable
                    let mayAllow = !before.isRevoked
                    let mayRefuse = after.isRevoked || after.isInDoubt
                    let isWrong =
                        answers.allowed > 0 && !mayAllow || answers.refused > 0 && !mayRefuse
                    if isWrong { count.wrong += 1 } else { count.right += 1 - answers.unavailable }
                    do { try await Task.sleep(for: .milliseconds(2)) } catch { break }
                }
                return count
            })
    }
}
