internal import AuthCore
internal import Synchronization

/// How many connections there may be, in all and from one address.
///
/// One address is one IPv4 address or the 64 bits of an IPv6 network, since whoever has one IPv6
/// address has the others of its network too.
final class ConnectionLimits: Sendable {
    private struct Counts {
        var all = 0
        var byOrigin: [[UInt8]: Int] = [:]
    }

    private let counts = Mutex(Counts())
    private let allMax: Int
    private let perAddressMax: Int
    /// Proxies carry many clients: they count in all, and not by address.
    private let isExempt: @Sendable (IPAddress) -> Bool

    init(
        all: Int, perAddress: Int,
        isExempt: @escaping @Sendable (IPAddress) -> Bool = { _ in false }
    ) {
        precondition(all > 0 && perAddress > 0, "\(all) connections, \(perAddress) per address")
        allMax = all
        perAddressMax = perAddress
        self.isExempt = isExempt
    }

    /// Counts a connection; false when there are too many.
    func enter(_ address: String) -> Bool {
        let origin = origin(of: address)
        return counts.withLock { counts in
            guard counts.all < allMax else { return false }
            if let origin {
                let own = counts.byOrigin[origin, default: 0]
                guard own < perAddressMax else { return false }
                counts.byOrigin[origin] = own + 1
            }
            counts.all += 1
            return true
        }
    }

    /// Forgets a connection that had entered.
    func leave(_ address: String) {
        let origin = origin(of: address)
        counts.withLock { counts in
            counts.all -= 1
            precondition(counts.all >= 0, "\(address) leaves without having entered")
            guard let origin, let own = counts.byOrigin[origin] else { return }
            counts.byOrigin[origin] = own > 1 ? own - 1 : nil
        }
    }

    /// How many there are now.
    var current: Int { counts.withLock { $0.all } }

    private func origin(of address: String) -> [UInt8]? {
        guard let parsed = IPAddress(address) else { return Array(address.utf8) }
        if isExempt(parsed) { return nil }
        return parsed.isIPv4 ? parsed.bytes : Array(parsed.bytes[..<8])
    }
}
