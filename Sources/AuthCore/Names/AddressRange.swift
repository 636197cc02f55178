/// A range of addresses, as `10.0.0.0/8`; the bits behind the prefix are always zero.
public struct AddressRange: Hashable, Sendable, CustomStringConvertible {
    /// The first address of the range.
    public let network: IPAddress
    /// How many bits all addresses of the range share.
    public let prefixBits: Int

    /// Reads a range, or a single address; nil for everything else.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let network = IPAddress(parts[0]) else { return nil }
        let bitsMax = network.bytes.count * 8
        guard parts.count == 2 else {
            self.init(network, prefixBits: bitsMax)
            return
        }
        guard (1...3).contains(parts[1].utf8.count), let bits = Int(parts[1]),
            (0...bitsMax).contains(bits), parts[1].first != "+"
        else { return nil }
        self.init(network, prefixBits: bits)
    }

    /// Every address that shares its first bits with `address`; nil for more bits than it has.
    init?(_ address: IPAddress, prefixBits: Int) {
        guard (0...address.bytes.count * 8).contains(prefixBits) else { return nil }
        let masked = address.bytes.indices.map {
            address.bytes[$0] & Self.mask(ofByte: $0, prefixBits)
        }
        guard let network = IPAddress(bytes: masked) else { return nil }
        self.network = network
        self.prefixBits = prefixBits
    }

    /// Whether `address` lies in this range.
    public func contains(_ address: IPAddress) -> Bool {
        guard address.bytes.count == network.bytes.count else { return false }
        return address.bytes.indices.allSatisfy {
            address.bytes[$0] & Self.mask(ofByte: $0, prefixBits) == network.bytes[$0]
        }
    }

    /// Whether every address of `other` lies in this range.
    public func contains(_ other: AddressRange) -> Bool {
        other.prefixBits >= prefixBits && contains(other.network)
    }

    /// The range as `10.0.0.0/8`; a single address without its bits.
    public var description: String {
        prefixBits == network.bytes.count * 8 ? "\(network)" : "\(network)/\(prefixBits)"
    }

    private static func mask(ofByte index: Int, _ prefixBits: Int) -> UInt8 {
        let bits = min(8, max(0, prefixBits - index * 8))
        return bits == 0 ? 0 : UInt8.max << UInt8(8 - bits)
    }
}
