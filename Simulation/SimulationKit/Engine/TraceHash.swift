/// A rolling hash over everything that happens, with a fixed specification: equal seeds give
/// equal traces on every machine, in every build.
public struct TraceHash: Equatable, Sendable, CustomStringConvertible {
    private var state: UInt64 = 0x6A09_E667_F3BC_C908
    /// How many words went in.
    public private(set) var count: UInt64 = 0

    init() {}

    /// Mixes one word in (the finaliser of MurmurHash3).
    mutating func mix(_ word: UInt64) {
        var value = state ^ word
        value ^= value >> 33
        value &*= 0xFF51_AFD7_ED55_8CCD
        value ^= value >> 33
        value &*= 0xC4CE_B9FE_1A85_EC53
        value ^= value >> 33
        state = value &+ 0x9E37_79B9_7F4A_7C15
        count += 1
    }

    /// The hash so far.
    public var value: UInt64 { state }

    public var description: String {
        let digits = String(state, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// A fast digest of bytes, for comparing contents within one run.
    static func digest(_ bytes: [UInt8]) -> UInt64 {
        unsafe bytes.withUnsafeBytes { buffer in
            var state: UInt64 = 0xCBF2_9CE4_8422_2325 ^ UInt64(buffer.count)
            var offset = 0
            // Inside the closure the buffer is alive, and every load lies within its count.
            while offset + 8 <= buffer.count {
                let word = unsafe buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                state = (state ^ UInt64(littleEndian: word)) &* 0x9FB2_1C65_1E98_DF25
                state ^= state >> 29
                offset += 8
            }
            while offset < buffer.count {
                state = unsafe (state ^ UInt64(buffer[offset])) &* 0x0000_0100_0000_01B3
                offset += 1
            }
            return state ^ (state >> 32)
        }
    }
}
