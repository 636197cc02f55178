import RaftCore
import RaftWire
import Replica
import Testing

@Suite("A node that must not answer")
struct FitnessTests {
    @Test("it gives its lease away at once, and takes no proposals and reads until it is fit")
    func unfit() throws {
        let cluster = Cluster()
        cluster.elect()
        cluster.run(milliseconds: 100)
        let follower = cluster.follower
        let id = follower.replica.id
        let deadline = cluster.now.advanced(milliseconds: 5_000)
        #expect(follower.lease != nil)
        cluster.give(.fitness(.tooOld(cluster: 2)), to: id)
        #expect(follower.lease == nil)
        cluster.give(.confirmRead(Ticket(1), deadline: deadline), to: id)
        cluster.give(.awaitIndex(Ticket(2), LogIndex(1), deadline: deadline), to: id)
        cluster.give(.awaitRelease(Ticket(3), LogIndex(1), deadline: deadline), to: id)
        cluster.give(
            .propose(Ticket(4), command: [4], isNarrowing: false, deadline: deadline), to: id)
        for ticket in 1...3 as ClosedRange<UInt64> {
            guard case .failed(.unfit, _) = follower.reads[Ticket(ticket)] else {
                Issue.record(
                    "read \(ticket): \(String(describing: follower.reads[Ticket(ticket)]))")
                continue
            }
        }
        guard case .notProposed(.unfit, _) = follower.completions[Ticket(4)] else {
            Issue.record("\(String(describing: follower.completions[Ticket(4)]))")
            return
        }
        cluster.run(milliseconds: 1_000)
        #expect(follower.lease == nil, "and asks for none")
        cluster.give(.fitness(.fit), to: id)
        cluster.run(milliseconds: 200)
        #expect(follower.lease != nil)
    }

    @Test("reads that wait are told so, and a leader gives way")
    func leader() throws {
        let cluster = Cluster()
        cluster.elect()
        cluster.run(milliseconds: 100)
        let leader = try #require(cluster.leader)
        let id = leader.replica.id
        let deadline = cluster.now.advanced(milliseconds: 5_000)
        cluster.give(.awaitIndex(Ticket(1), LogIndex(1_000), deadline: deadline), to: id)
        cluster.give(.fitness(.tooOld(cluster: 2)), to: id)
        #expect(leader.reads[Ticket(1)] != nil)
        cluster.run(milliseconds: 1_000)
        #expect(cluster.leader != nil)
        #expect(cluster.leader?.replica.id != id)
        #expect(leader.replica.status.fitness == .tooOld(cluster: 2))
    }
}
