import LoadCore
import NIOCore
import NIOPosix
import RaftCore

/// The event loops of a load, each with a lane of its own, driven from one task.
final class LoadEngine: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let lanes: [NIOLoopBound<LoadLane>]

    private init(group: MultiThreadedEventLoopGroup, lanes: [NIOLoopBound<LoadLane>]) {
        self.group = group
        self.lanes = lanes
    }

    /// Makes the lanes; `shutdown` must be called at the end.
    static func start(
        plan: LoadPlan, subjects: PreparedSubjects, dialler: LoadDialler
    ) async throws -> LoadEngine {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: plan.threads)
        var lanes: [NIOLoopBound<LoadLane>] = []
        var seeds = RandomSource(seed: plan.seed)
        for number in 0..<plan.threads {
            let loop = group.next()
            let (first, second) = (seeds.next(), seeds.next())
            lanes.append(
                try await loop.submit {
                    let lane = makeLane(
                        number, plan: plan, subjects: subjects,
                        random: (RandomSource(seed: first), RandomSource(seed: second)))
                    let share = LoadPlan.share(
                        of: plan.connections, lane: number, of: plan.threads)
                    return NIOLoopBound(
                        LoadLane(
                            loop: loop, dialler: dialler, lane: lane, connections: share.count,
                            firstConnection: share.lowerBound), eventLoop: loop)
                }.get())
        }
        return LoadEngine(group: group, lanes: lanes)
    }

    private static func makeLane(
        _ number: Int, plan: LoadPlan, subjects: PreparedSubjects,
        random: (RandomSource, RandomSource)
    ) -> Lane {
        func share(_ count: Int) -> Range<Int> {
            LoadPlan.share(of: count, lane: number, of: plan.threads)
        }
        return Lane(
            options: LaneOptions(
                connections: share(plan.connections).count, ratePerSecond: plan.ratePerSecond,
                lane: number, of: plan.threads, queueMax: share(plan.queueMax).count,
                timeoutMilliseconds: plan.timeout.milliseconds),
            mix: plan.mix,
            subjects: Subjects(
                sessions: share(subjects.sessionTokens.count), users: subjects.users.count,
                refreshTokens: Array(
                    subjects.refreshTokens[share(subjects.refreshTokens.count)]),
                mix: plan.mix, random: random.0),
            random: random.1)
    }

    /// Opens connections, and says after a while how many there are and why not all.
    func connect(within limit: Duration, count: Int) async throws -> (open: Int, problem: String?) {
        for lane in lanes { lane.execute { $0.connect() } }
        let deadline = ContinuousClock.now.advanced(by: limit)
        while true {
            var (open, problem): (Int, String?) = (0, nil)
            for lane in lanes {
                let state = try await lane.ask { ($0.connectedCount, $0.problem) }
                open += state.0
                problem = problem ?? state.1
            }
            if open >= count || ContinuousClock.now >= deadline { return (open, problem) }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Begins the load.
    func begin() {
        let moment = Moment(nanoseconds: NIODeadline.now().uptimeNanoseconds)
        for lane in lanes { lane.execute { $0.begin(at: moment) } }
    }

    /// What was counted since the last time.
    func takeTally() async throws -> Tally {
        var tally = Tally()
        for lane in lanes { tally.merge(try await lane.ask { $0.takeTally() }) }
        return tally
    }

    /// Begins nothing new, and waits until all is answered or has failed, or is given up.
    func end(abandonsQueue: Bool, within limit: Duration) async throws {
        for lane in lanes { lane.execute { $0.end(abandonsQueue: abandonsQueue) } }
        let deadline = ContinuousClock.now.advanced(by: limit)
        while ContinuousClock.now < deadline, try await !isQuiet() {
            try await Task.sleep(for: .milliseconds(10))
        }
        for lane in lanes { try await lane.ask { $0.stop() } }
    }

    private func isQuiet() async throws -> Bool {
        for lane in lanes where try await !lane.ask({ $0.isQuiet }) { return false }
        return true
    }

    /// Ends the event loops.
    func shutdown() async throws { try await group.shutdownGracefully() }
}

extension NIOLoopBound<LoadLane> {
    /// Does something on the lane's loop, at some time.
    fileprivate func execute(_ body: @escaping @Sendable (LoadLane) -> Void) {
        eventLoop.execute { body(value) }
    }

    /// Does something on the lane's loop, and waits for what comes of it.
    fileprivate func ask<Answer: Sendable>(
        _ body: @escaping @Sendable (LoadLane) -> Answer
    ) async throws -> Answer {
        try await eventLoop.submit { body(value) }.get()
    }
}
