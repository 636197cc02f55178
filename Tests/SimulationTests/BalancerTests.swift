import Testing

@testable import SimulationKit

@Suite("the load balancer, by deploy/haproxy/watchword.cfg") struct BalancerTests {
    private func up(_ count: Int) -> Balancer {
        var balancer = Balancer(nodes: count)
        for node in 0..<count { _ = balancer.checked(node, .write, isGood: true) }
        return balancer
    }

    @Test("one success brings a server in, two failures in a row take it out")
    func checks() {
        var balancer = Balancer(nodes: 1)
        #expect(balancer.choose(.write, except: []) == nil)
        #expect(balancer.checked(0, .write, isGood: true) == false)
        #expect(balancer.choose(.write, except: []) == 0)
        // It looks again sooner while it is not sure.
        #expect(balancer.checked(0, .write, isGood: false) == true)
        #expect(balancer.choose(.write, except: []) == 0)
        #expect(balancer.checked(0, .write, isGood: false) == false)
        #expect(balancer.choose(.write, except: []) == nil)
    }

    @Test("the backends do not mix")
    func backends() {
        var balancer = up(1)
        #expect(balancer.choose(.read, except: []) == nil)
    }

    @Test("requests go where the fewest are under way")
    func leastConnections() {
        var balancer = up(3)
        let first = (0..<3).compactMap { _ in balancer.choose(.write, except: []) }
        #expect(first.sorted() == [0, 1, 2])
        balancer.ended(1, .write)
        #expect(balancer.choose(.write, except: []) == 1)
    }

    @Test("what reached nobody goes to another server, while there is one")
    func redispatch() {
        var balancer = up(2)
        #expect(balancer.choose(.write, except: [0]) == 1)
        #expect(balancer.choose(.write, except: [0, 1]) != nil)
    }
}
