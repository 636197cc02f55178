import RaftCore
import Testing

@Suite("A whole cluster")
struct ClusterTests {
    @Test("elects a leader, replicates, commits on every node, and confirms a read")
    func works() throws {
        var cluster = Cluster(3)
        cluster.elect(n1)
        #expect(cluster.leaders == [n1])
        try cluster.propose(n1, "x")
        try cluster.propose(n1, "y")
        cluster.settle()
        for node in cluster.nodes {
            #expect(node.applied.last == EntryID(3, 1))
            #expect(node.stateHash == cluster[n1].stateHash)
        }
        cluster.read(n1, context: 7)
        #expect(cluster[n1].readStates.isEmpty)
        cluster.settle()
        #expect(cluster[n1].readStates == [ReadState(context: 7, index: LogIndex(3))])
    }

    @Test("of one node elects itself and commits alone")
    func single() throws {
        var cluster = Cluster(1)
        cluster.advance(50)
        #expect(cluster.leaders == [n1])
        #expect(cluster[n1].core.deadline == nil)
        try cluster.propose(n1, "x")
        #expect(cluster[n1].applied.last == EntryID(2, 1))
        cluster.read(n1, context: 1)
        #expect(cluster[n1].readStates == [ReadState(context: 1, index: LogIndex(2))])
    }

    @Test("finds a new leader after the old one was killed, and takes the old one back")
    func failover() throws {
        var cluster = Cluster(3)
        cluster.elect(n1)
        try cluster.propose(n1, "x")
        cluster.settle()
        cluster.crash(n1)
        cluster.step(n2, .connectionLost(n1, .closed))
        cluster.step(n3, .connectionLost(n1, .closed))
        cluster.advance(25)
        #expect(cluster.leaders.count == 1)
        #expect(cluster.leaders != [n1])
        cluster.restart(n1)
        cluster.advance(200)
        #expect(cluster.leaders.count == 1)
        #expect(cluster[n1].stateHash == cluster[n2].stateHash)
        #expect(cluster[n1].applied.last.index == LogIndex(3))
    }

    @Test("brings back a follower by snapshot whose entries are cut off")
    func snapshot() throws {
        var options = RaftOptions()
        options.retainedBytesMax = 0
        options.graceBytesMax = 0
        var cluster = Cluster(3, options: options)
        cluster.elect(n1)
        cluster.crash(n3)
        for text in ["a", "b", "c"] { try cluster.propose(n1, text) }
        cluster.settle()
        cluster.compact(n1)
        cluster.restart(n3)
        cluster.advance(500)
        #expect(cluster[n3].stateHash == cluster[n1].stateHash)
        #expect(cluster[n3].core.status.generation == 1)
        try cluster.propose(n1, "d")
        cluster.settle()
        #expect(cluster[n3].stateHash == cluster[n1].stateHash)
    }

    @Test("hands leadership over to a node of choice")
    func transfer() throws {
        var cluster = Cluster(3)
        cluster.elect(n1)
        cluster.step(n1, .transferLeadership(to: n3))
        cluster.settle()
        #expect(cluster.leaders == [n3])
    }
}
