/// A rolling hash of everything that apply did, so that nodes can compare their states by 16
/// bytes.
///
/// Each step is a SipHash-2-4 with 128 bits of result whose key is the hash so far. It finds
/// divergence by mistake or damage; it is no defence against somebody who chooses rows.
///
/// Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF"; 128-bit variant of the
/// authors' reference code.
public struct StateHash: Hashable, Sendable {
    public var low: UInt64
    public var high: UInt64

    public init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// The hash of the empty state: an arbitrary constant.
    public static let empty = StateHash(low: 0x7761_7463_6877_6F72, high: 0x6420_7374_6174_6531)

    /// Mixes in one step.
    public mutating func combine(_ message: [UInt8]) {
        self = SipHash.digest128(of: message, key: (low, high))
    }
}

/// SipHash-2-4 with a 128-bit result.
enum SipHash {
    /// The 128-bit hash of a message under a 128-bit key.
    static func digest128(of message: [UInt8], key: (UInt64, UInt64)) -> StateHash {
        var v0 = key.0 ^ 0x736f_6d65_7073_6575
        var v1 = key.1 ^ 0x646f_7261_6e64_6f6d ^ 0xee
        var v2 = key.0 ^ 0x6c79_6765_6e65_7261
        var v3 = key.1 ^ 0x7465_6462_7974_6573

        func round() {
            v0 &+= v1
            v1 = v1 << 13 | v1 >> 51
            v1 ^= v0
            v0 = v0 << 32 | v0 >> 32
            v2 &+= v3
            v3 = v3 << 16 | v3 >> 48
            v3 ^= v2
            v0 &+= v3
            v3 = v3 << 21 | v3 >> 43
            v3 ^= v0
            v2 &+= v1
            v1 = v1 << 17 | v1 >> 47
            v1 ^= v2
            v2 = v2 << 32 | v2 >> 32
        }

        func compress(_ word: UInt64) {
            v3 ^= word
            round()
            round()
            v0 ^= word
        }

        let whole = message.count & ~7
        var offset = 0
        while offset < whole {
            var word: UInt64 = 0
            for byte in 0..<8 { word |= UInt64(message[offset + byte]) << (8 * UInt64(byte)) }
            compress(word)
            offset += 8
        }
        // The last word holds what is left over and the length modulo 256.
        var last = UInt64(message.count & 0xFF) << 56
        for byte in 0..<(message.count - whole) {
            last |= UInt64(message[whole + byte]) << (8 * UInt64(byte))
        }
        compress(last)
        v2 ^= 0xee
        for _ in 0..<4 { round() }
        let low = v0 ^ v1 ^ v2 ^ v3
        v1 ^= 0xdd
        for _ in 0..<4 { round() }
        return StateHash(low: low, high: v0 ^ v1 ^ v2 ^ v3)
    }
}
