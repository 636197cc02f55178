import AuthCore
import AuthService
import ByteCodec
import PeerTransport
import RaftCore
import Testing

@testable import Server

@Suite("What a node makes of its members") struct RosterTests {
    private func row(_ node: UInt64, incarnation: UInt64 = 7) -> MemberRow {
        MemberRow(
            node: NodeID(node), incarnation: Incarnation(incarnation),
            url: Text("http://n\(node)"), peer: Text("10.0.0.\(node):8201"), version: "",
            featureLevel: 1, registeredAt: .zero)
    }

    private func plan(_ node: UInt64, _ plan: MemberPlan) -> MemberPlanRow {
        MemberPlanRow(
            node: NodeID(node), order: LogIndex(9), plan: plan, orderedAt: .zero, refusal: nil)
    }

    private func roster(
        _ voters: [UInt64], rows: [MemberRow] = [], plans: [MemberPlanRow] = [],
        next: UInt64 = 4
    ) -> Roster {
        Roster(
            configuration: ConfState(voters: voters.map { NodeID($0) }),
            rows: Dictionary(rows.map { ($0.node, $0) }, uniquingKeysWith: { $1 }),
            plans: Dictionary(plans.map { ($0.node, $0) }, uniquingKeysWith: { $1 }),
            nextNumber: next)
    }

    private func configured(_ nodes: [UInt64]) -> [NodeConfiguration.Member] {
        nodes.map {
            NodeConfiguration.Member(
                id: NodeID($0), peer: PeerAddress(host: "file", port: Int($0)), url: "http://file")
        }
    }

    @Test("members are dialled where they registered, and by the file only until they have")
    func addresses() {
        let roster = roster([1, 2, 3], rows: [row(1), row(2)])
        let peers = roster.peers(
            inForce: roster.configuration, configured: configured([1, 2, 3]), noted: KnownPeers())
        #expect(peers[NodeID(1)]?.description == "10.0.0.1:8201")
        #expect(peers[NodeID(3)]?.description == "file:3")
    }

    @Test("who is no member any more is not dialled; whose number is not known yet is")
    func strangers() {
        let roster = roster([1, 2], rows: [row(1), row(2)])
        let peers = roster.peers(
            inForce: roster.configuration, configured: configured([1, 2, 3, 4]), noted: KnownPeers()
        )
        #expect(peers.keys.sorted() == [1, 2, 4].map { NodeID($0) })
        let joined = ConfState(voters: [NodeID(1), NodeID(2)], learners: [NodeID(3)])
        #expect(
            roster.peers(inForce: joined, configured: configured([3]), noted: KnownPeers())[
                NodeID(3)] != nil,
            "the log is further than the state")
    }

    @Test("a node that joins knows nobody, and begins with its file")
    func empty() {
        let roster = roster([], next: 1)
        let peers = roster.peers(
            inForce: roster.configuration, configured: configured([1, 2]), noted: KnownPeers())
        #expect(peers.count == 2)
        #expect(roster.standing(of: NodeID(4)) == .joining)
    }

    @Test("a member that is to go says so; one that is replaced not before the other one runs")
    func leaves() {
        #expect(roster([1, 2, 3]).standing(of: NodeID(2)) == .member)
        #expect(roster([1, 2, 3], plans: [plan(2, .remove)]).standing(of: NodeID(2)) == .leaving)
        let replaced = [plan(4, .replace(NodeID(2)))]
        let expected = roster([1, 2, 3], rows: [row(4, incarnation: 0)], plans: replaced)
        #expect(expected.standing(of: NodeID(2)) == .member)
        let runs = roster([1, 2, 3], rows: [row(4)], plans: replaced)
        #expect(runs.standing(of: NodeID(2)) == .leaving)
    }

    @Test("who is removed knows it, also when it does not hear that the plan has ended")
    func removed() {
        #expect(roster([1, 2]).standing(of: NodeID(3)) == .removed)
        let cut = roster([1, 2], rows: [row(3)], plans: [plan(3, .remove)])
        #expect(cut.standing(of: NodeID(3)) == .removed)
        let waits = roster([1, 2], rows: [row(3)], plans: [plan(3, .join(.voter))])
        #expect(waits.standing(of: NodeID(3)) == .joining)
        #expect(roster([1, 2], next: 3).standing(of: NodeID(3)) == .joining)
    }

    @Test("a plan has ended when it is gone, given up, or reached")
    func ends() {
        let order = LogIndex(9)
        #expect(roster([1, 2]).end(of: NodeID(3), order: order) == .done)
        let removal = [plan(3, .remove)]
        #expect(roster([1, 2], plans: removal).end(of: NodeID(3), order: order) == .done)
        #expect(roster([1, 2, 3], plans: removal).end(of: NodeID(3), order: order) == nil)
        var refused = plan(3, .remove)
        refused.refusal = .quorumOutOfReach
        #expect(
            roster([1, 2, 3], plans: [refused]).end(of: NodeID(3), order: order)
                == .refused(.quorumOutOfReach))
    }
}
