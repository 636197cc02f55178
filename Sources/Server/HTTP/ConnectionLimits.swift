internal import NIOCore
internal import Synchronization

/// How many connections there may be, in all and from one address.
final class ConnectionLimits: Sendable {
    private struct Counts {
        var all = 0
        var byAddress: [String: Int] = [:]
    }

    private let counts = Mutex(Counts())
    private let allMax: Int
    private let perAddressMax: Int

    init(all: Int, perAddress: Int) {
        allMax = all
        perAddressMax = perAddress
    }

    /// Counts a connection; false when there are too many.
    func enter(_ address: String) -> Bool {
        counts.withLock { counts in
            let own = counts.byAddress[address, default: 0]
            guard counts.all < allMax, own < perAddressMax else { return false }
            counts.all += 1
            counts.byAddress[address] = own + 1
            return true
        }
    }

    /// Forgets a connection that had entered.
    func leave(_ address: String) {
        counts.withLock { counts in
            counts.all -= 1
            let own = counts.byAddress[address, default: 1] - 1
            counts.byAddress[address] = own > 0 ? own : nil
        }
    }

    /// How many there are now.
    var current: Int { counts.withLock { $0.all } }
}
