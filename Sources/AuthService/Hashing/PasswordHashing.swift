public import Cryptography

/// One piece of password work, or of work that takes as long.
public enum HashJob: Sendable {
    /// Verify a password against a stored record; with `renewing`, make a new record when the
    /// password is right and the stored one is not what is made nowadays.
    case verify(SharedSecret, PasswordRecord, renewing: Bool)
    /// Make a record of a new password.
    case make(SharedSecret)
    /// The same work as a verification, for a name that nobody has: so that the answer takes as
    /// long as for a wrong password (security A7).
    case pretend(SharedSecret)
    /// Draw a key that access tokens are signed with: it takes as long, for RSA.
    case drawSigningKey(SignatureAlgorithm)
}

/// What came of a piece of password work.
public enum HashResult: Hashable, Sendable {
    /// The password is right; with a record that should replace the stored one, if asked for.
    case matched(replacement: PasswordRecord?)
    /// The password is wrong, or the work was a pretence.
    case differed
    /// The record that was asked for.
    case made(PasswordRecord)
    /// The key that was asked for.
    case drawn(SigningKey)
    /// The stored record is unusable, or the password too long.
    case failed(PasswordHashError)
}

/// Where password work is done: on threads of its own, or at once in a simulation.
public protocol PasswordHashing: AnyObject, Sendable {
    /// Takes a job, or refuses it when too many wait.
    ///
    /// - Returns: whether it was taken. If so, `completion` is called exactly once, on a thread of
    ///   the pool or before this returns, and must only hand its result on.
    func submit(
        _ job: HashJob, completion: @escaping @Sendable (HashResult) -> Void
    ) -> Bool
}

/// Does password work where it is called: the contents of the pool, and the whole of the
/// simulation's.
public struct PasswordWorker: Sendable {
    private let hasher: PasswordHasher
    private let random: any RandomBytes
    private let decoy: PasswordRecord

    /// Makes the record that pretended work is done against, which costs one hash.
    ///
    /// - Throws: `library` for want of memory.
    public init(
        hasher: PasswordHasher, random: any RandomBytes
    ) throws(PasswordHashError) {
        self.hasher = hasher
        self.random = random
        decoy = try hasher.make(random.secret(32), random: random)
    }

    /// Does one job, blocking for tens of milliseconds and more.
    public func perform(_ job: HashJob) -> HashResult {
        do throws(PasswordHashError) {
            switch job {
            case .make(let password):
                return .made(try hasher.make(password.bytes, random: random))
            case .drawSigningKey(let algorithm):
                do throws(CryptographyError) {
                    return .drawn(try SigningKey.make(algorithm, random: random))
                } catch {
                    return .failed(.library(error))
                }
            case .pretend(let password):
                _ = try hasher.verify(password.bytes, against: decoy)
                return .differed
            case .verify(let password, let record, let renewing):
                switch try hasher.verify(password.bytes, against: record) {
                case .differs: return .differed
                case .matches(needsRehash: false): return .matched(replacement: nil)
                case .matches(needsRehash: true):
                    guard renewing else { return .matched(replacement: nil) }
                    return .matched(
                        replacement: try hasher.make(password.bytes, random: random))
                }
            }
        } catch {
            return .failed(error)
        }
    }

    /// The memory that a job takes, in bytes; 0 for one that fails before any work.
    func memoryBytes(of job: HashJob) -> Int {
        let own = Int(hasher.parameters.memoryKiB) * 1024
        switch job {
        case .make, .pretend: return own
        case .drawSigningKey: return 0
        case .verify(_, let record, _):
            do throws(PasswordHashError) {
                let stored = try ParsedPasswordHash(record.phc, ceilings: hasher.ceilings)
                return max(own, stored.memoryBytes)
            } catch {
                return 0
            }
        }
    }
}

/// Password work at once, for a world with one thread: **for simulation and tests only**.
///
/// Argon2id with the least memory that there is, and whatever randomness it is given.
public final class SimulatedHashing: PasswordHashing {
    private let worker: PasswordWorker

    /// - Throws: `library` for want of memory.
    public init(random: any RandomBytes) throws(PasswordHashError) {
        let least = Argon2Parameters(memoryKiB: 8, passes: 1, lanes: 1)
        worker = try PasswordWorker(hasher: PasswordHasher(parameters: least), random: random)
    }

    /// Does the job, and calls `completion` before it returns. Refuses none.
    public func submit(
        _ job: HashJob, completion: @escaping @Sendable (HashResult) -> Void
    ) -> Bool {
        completion(worker.perform(job))
        return true
    }
}
