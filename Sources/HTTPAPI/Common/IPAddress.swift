/// An IPv4 or IPv6 address, parsed from its literal and never resolved from a name.
///
/// An IPv4 address mapped into IPv6 is the IPv4 address, so that one client has one spelling.
public struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// 4 or 16 bytes, most significant first.
    public let bytes: [UInt8]

    /// Whether this is IPv4.
    public var isIPv4: Bool { bytes.count == 4 }

    /// Reads a literal; nil for everything else, zone identifiers and ports included.
    public init?(_ literal: some StringProtocol) {
        let text = Array(literal.utf8)
        guard (2...45).contains(text.count) else { return nil }
        if text.contains(UInt8(ascii: ":")) {
            guard let parsed = Self.parseIPv6(text) else { return nil }
            let isMapped = parsed[..<10].allSatisfy { $0 == 0 } && parsed[10...11] == [0xFF, 0xFF]
            bytes = isMapped ? Array(parsed[12...]) : parsed
        } else {
            guard let parsed = Self.parseIPv4(text[...]) else { return nil }
            bytes = parsed
        }
    }

    /// Whether this is an address of the machine itself.
    public var isLoopback: Bool {
        isIPv4 ? bytes[0] == 127 : bytes[..<15].allSatisfy { $0 == 0 } && bytes[15] == 1
    }

    /// The canonical literal (RFC 5952).
    public var description: String {
        if isIPv4 { return bytes.map { String($0) }.joined(separator: ".") }
        let groups = stride(from: 0, to: 16, by: 2).map {
            UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1])
        }
        // The longest run of at least two zero groups, the first of equals, becomes `::`.
        var best = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > max(1, best.count) { best = start..<end }
            start = max(end, start + 1)
        }
        func text(_ range: Range<Int>) -> String {
            groups[range].map { String($0, radix: 16) }.joined(separator: ":")
        }
        if best.isEmpty { return text(0..<8) }
        return text(0..<best.lowerBound) + "::" + text(best.upperBound..<8)
    }

    private static func parseIPv4(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var result: [UInt8] = []
        for part in parts {
            // A leading zero could be meant as octal.
            guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0")
            else { return nil }
            var value = 0
            for byte in part {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                value = value * 10 + Int(byte - UInt8(ascii: "0"))
            }
            guard let octet = UInt8(exactly: value) else { return nil }
            result.append(octet)
        }
        return result
    }

    private static func parseIPv6(_ text: [UInt8]) -> [UInt8]? {
        var head: [UInt8] = []
        var tail: [UInt8]?
        var rest = text[...]
        if rest.starts(with: "::".utf8) {
            tail = []
            rest = rest.dropFirst(2)
        }
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: ":")) ?? rest.endIndex
            let part = rest[rest.startIndex..<end]
            let isLast = end == rest.endIndex
            guard
                let group = isLast && part.contains(UInt8(ascii: "."))
                    ? parseIPv4(part) : parseGroup(part)
            else { return nil }
            if tail == nil { head += group } else { tail! += group }
            guard !isLast else { break }
            rest = rest[(end + 1)...]
            if rest.first == UInt8(ascii: ":") {
                guard tail == nil else { return nil }
                tail = []
                rest = rest.dropFirst()
            } else if rest.isEmpty {
                return nil
            }
        }
        guard let tail else { return head.count == 16 ? head : nil }
        let missing = 16 - head.count - tail.count
        guard missing >= 2 else { return nil }
        return head + [UInt8](repeating: 0, count: missing) + tail
    }

    private static func parseGroup(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard (1...4).contains(text.count) else { return nil }
        var value: UInt16 = 0
        for byte in text {
            guard let digit = CharacterClass.hexDigit(byte) else { return nil }
            value = value << 4 | UInt16(digit)
        }
        return [UInt8(value >> 8), UInt8(truncatingIfNeeded: value)]
    }
}

/// A range of addresses, as `10.0.0.0/8`.
public struct AddressRange: Hashable, Sendable {
    private let network: IPAddress
    private let prefixBits: Int

    /// Reads a range, or a single address; nil for everything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let network = IPAddress(parts[0]) else { return nil }
        let bitsMax = network.bytes.count * 8
        if parts.count == 2 {
            guard (1...3).contains(parts[1].utf8.count), let bits = Int(parts[1]),
                (0...bitsMax).contains(bits), parts[1].first != "+"
            else { return nil }
            prefixBits = bits
        } else {
            prefixBits = bitsMax
        }
        self.network = network
    }

    /// Whether `address` lies in this range.
    public func contains(_ address: IPAddress) -> Bool {
        guard address.bytes.count == network.bytes.count else { return false }
        for index in address.bytes.indices {
            let bits = min(8, max(0, prefixBits - index * 8))
            let mask = bits == 0 ? 0 : UInt8.max << UInt8(8 - bits)
            guard address.bytes[index] & mask == network.bytes[index] & mask else { return false }
        }
        return true
    }
}

/// Finds out who sent a request that came through proxies.
public enum ClientAddress {
    /// The address of the client: the connection's other end, or behind listed proxies the nearest
    /// address of `X-Forwarded-For` that is no listed proxy.
    ///
    /// The field is read from its end, because everything in front of what a listed proxy has
    /// appended was written by the client. Nothing is ever resolved (security A13, A20).
    public static func resolve(
        connection: String, headers: HTTPHeaders, trustedProxies: [AddressRange]
    ) -> String {
        guard var nearest = IPAddress(connection) else { return connection }
        func isTrusted(_ address: IPAddress) -> Bool {
            trustedProxies.contains { $0.contains(address) }
        }
        guard isTrusted(nearest) else { return nearest.description }
        for hop in headers.list("x-forwarded-for").reversed().prefix(32) {
            // What is no address ends the walk: the last proxy that vouched stays the answer.
            guard let address = IPAddress(hop) else { break }
            nearest = address
            if !isTrusted(address) { break }
        }
        return nearest.description
    }
}
