import Dispatch
import Foundation
import Synchronization
import Testing

@testable import ReplicaRuntime

@Suite("A thread's mailbox") struct MailboxTests {
    @Test("gives everything to its owner, each sender's items in their order")
    func orderOfSenders() {
        let mailbox = Mailbox<(sender: Int, number: Int)>(limit: 10)
        let senders = 3
        let each = 5_000
        let ended = DispatchGroup()
        for sender in 0..<senders {
            ended.enter()
            Thread {
                for number in 0..<each { mailbox.put((sender, number), evenIfFull: true) }
                ended.leave()
            }.start()
        }
        ended.notify(queue: .global()) { mailbox.close() }
        var next = [Int](repeating: 0, count: senders)
        while let items = mailbox.takeAll(until: nil) {
            for item in items {
                #expect(item.number == next[item.sender])
                next[item.sender] += 1
            }
        }
        #expect(next == [Int](repeating: each, count: senders))
    }

    @Test("refuses what is over its limit, and everything once it is closed")
    func limit() {
        let mailbox = Mailbox<Int>(limit: 2)
        #expect(mailbox.put(1))
        #expect(mailbox.put(2))
        #expect(!mailbox.put(3))
        #expect(mailbox.put(4, evenIfFull: true))
        mailbox.close()
        #expect(!mailbox.put(5, evenIfFull: true))
        #expect(mailbox.takeAll(until: nil) == [1, 2, 4])
        #expect(mailbox.takeAll(until: nil) == nil)
    }

    @Test("an owner that found everything without sleeping is not woken for it afterwards")
    func noWakeUpsAreSaved() {
        let mailbox = Mailbox<Int>(limit: 2)
        for round in 0..<1_000 {
            mailbox.put(round)
            #expect(mailbox.takeAll(until: nil) == [round])
        }
        #expect(mailbox.wakeUps == 0)
        #expect(mailbox.takeAll(until: .now()) == [])
        mailbox.put(1)
        #expect(mailbox.wakeUps == 0, "nobody sleeps any more")
    }

    @Test("an owner that sleeps is woken by an item, and by the end")
    func wakes() {
        let mailbox = Mailbox<Int>(limit: 2)
        let asleep = DispatchSemaphore(value: 0)
        let found = Mutex<[[Int]?]>([])
        let ended = DispatchSemaphore(value: 0)
        Thread {
            for _ in 0..<2 {
                asleep.signal()
                let items = mailbox.takeAll(until: nil)
                found.withLock { $0.append(items) }
            }
            ended.signal()
        }.start()
        asleep.wait()
        mailbox.put(7)
        asleep.wait()
        mailbox.close()
        #expect(ended.wait(timeout: .now() + .seconds(60)) == .success)
        #expect(found.withLock { $0 } == [[7], nil])
    }
}
