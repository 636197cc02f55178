/// A small generator with a fixed specification (SplitMix64, Steele et al. 2014), so that a seed
/// means the same on every machine and release. Not for secrets.
public struct RandomSource: Equatable, Sendable {
    private var state: UInt64
    public init(seed: UInt64) { state = seed }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number below `bound`, by multiplication (Lemire 2019); the bias is below bound / 2⁶⁴.
    ///
    /// - Precondition: `bound` is not 0.
    public mutating func next(below bound: UInt64) -> UInt64 {
        precondition(bound > 0, "empty range")
        return next().multipliedFullWidth(by: bound).high
    }

    /// True with the chance `numerator` in `denominator`.
    public mutating func chance(_ numerator: UInt64, in denominator: UInt64) -> Bool {
        next(below: denominator) < numerator
    }
}
