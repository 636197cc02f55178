import Testing

@testable import ReplicaRuntime

@Suite("The number of a node's process") struct RunNumberTests {
    @Test("is higher than every one before, also when the file that counts them was lost")
    func grows() {
        var known: UInt64 = 0
        for number: UInt64 in [1, 2, 5, 6, 1, 2, 7, 40] {
            let run = NodeDisk.run(number: number, behind: known)
            #expect(run > known)
            #expect(run >> 16 >= number)
            known = run
        }
        // Without anything known the count alone says it.
        #expect(NodeDisk.run(number: 3, behind: 0) > NodeDisk.run(number: 2, behind: 0))
    }
}
