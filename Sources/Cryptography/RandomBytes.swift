internal import COpenSSL
internal import Synchronization

/// Where keys, salts, nonces and verifiers come from: a port, so that a simulation repeats.
public protocol RandomBytes: Sendable {
    /// `count` bytes that nobody can foretell.
    func bytes(_ count: Int) -> [UInt8]
    /// `count` bytes that nobody can foretell, in memory that is wiped.
    func secret(_ count: Int) -> SecretBytes
}

extension RandomBytes {
    /// 64 bits that nobody can foretell.
    public func integer() -> UInt64 {
        bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// The generator of OpenSSL (SP 800-90A CTR-DRBG, seeded by the kernel), for private values.
public struct SystemRandomBytes: RandomBytes {
    /// The generator of the calling thread.
    public init() {}

    /// `count` bytes that nobody can foretell. Traps when the kernel gives no entropy.
    public func bytes(_ count: Int) -> [UInt8] {
        precondition(count >= 0 && count <= 1 << 20, "count \(count)")
        guard count > 0 else { return [] }
        // `RAND_priv_bytes` writes exactly the capacity that it is told.
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialised in
            unsafe fill(UnsafeMutableRawBufferPointer(buffer))
            initialised = count
        }
    }

    /// `count` bytes that nobody can foretell, in memory that is wiped.
    public func secret(_ count: Int) -> SecretBytes {
        // The buffer is valid inside the closure.
        unsafe SecretBytes(count: count) { unsafe fill($0) }
    }

    private func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        OpenSSL.require("RAND_priv_bytes") {
            // The pointer is valid for the count of its own buffer.
            unsafe RAND_priv_bytes(
                buffer.assumingMemoryBound(to: UInt8.self).baseAddress, Int32(buffer.count))
        }
    }
}

/// A generator that gives the same bytes for the same seed: **for simulation and tests only**.
///
/// SHA-256 of (seed ‖ block number), so that it means the same on every machine and release.
public final class SimulatedRandomBytes: RandomBytes {
    private struct State {
        var block: UInt64 = 0
        var left: [UInt8] = []
    }

    private let seed: UInt64
    // Taken for the few instructions of a draw; a simulation has one thread, tests may have more.
    private let state = Mutex(State())

    /// Begins the stream of `seed`.
    public init(seed: UInt64) { self.seed = seed }

    /// The next `count` bytes of the stream.
    public func bytes(_ count: Int) -> [UInt8] {
        precondition(count >= 0 && count <= 1 << 20, "count \(count)")
        return state.withLock { state in
            while state.left.count < count {
                let input = [seed, state.block].flatMap { word in
                    (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) }
                }
                state.left += SHA256.hash(input).bytes
                state.block += 1
            }
            defer { state.left.removeFirst(count) }
            return Array(state.left[..<count])
        }
    }

    /// The next `count` bytes of the stream.
    public func secret(_ count: Int) -> SecretBytes {
        var bytes = bytes(count)
        return SecretBytes(wiping: &bytes)
    }
}
