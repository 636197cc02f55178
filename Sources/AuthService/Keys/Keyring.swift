public import ByteCodec
public import Cryptography

/// What a key of the keyring is for. The name is part of the derivation: never changed.
public enum KeyPurpose: String, CaseIterable, Sendable {
    /// The values of secrets.
    case secretData = "secret-data"
    /// Other things that only the service may read: remembered answers.
    case fieldData = "field-data"
    /// The HMAC over password hashes.
    case pepper
    /// The HMAC over strings in the audit trail.
    case auditHMAC = "audit-hmac"
    /// The HMAC of cursors.
    case cursorMAC = "cursor-mac"
    /// The HMAC of bodies that hold a password, code or secret.
    case idempotencyMAC = "idempotency-mac"
    /// The HMAC of names that nobody has, under which failed log-ins are counted.
    case logInName = "login-name"
}

/// One generation of key material.
public struct KeyringTerm: Sendable {
    /// What may still be done with a term. Raw values are part of the format.
    public enum State: UInt8, Sendable {
        /// New things are sealed under it; exactly one term is.
        case active = 1
        /// It opens what was sealed under it, and nothing new.
        case retired = 2
    }

    /// Counts terms; the first is 1.
    public let number: UInt32
    /// When it was made.
    public let createdAt: Timestamp
    /// How many record keys were derived under it, as far as was written down.
    public let uses: UInt64
    /// What may still be done with it.
    public let state: State
    let key: SharedSecret
}

/// The keys of the cluster, opened: an immutable value that every thread may use.
///
/// Each purpose key is HKDF-SHA-256(term key, info = `watchword/v1/` ‖ purpose ‖ cluster id).
public final class Keyring: Sendable {
    /// The most terms of a keyring.
    public static let termCountMax = 256
    /// The age at which the active term should be replaced, in milliseconds: 90 days.
    public static let termAgeMaxMilliseconds: UInt64 = 90 * 86_400_000
    /// The uses at which the active term should be replaced (SP 800-38D has 2³² as its bound).
    public static let termUsesMax: UInt64 = 1 << 30

    /// The cluster's id, 16 bytes.
    public let clusterID: [UInt8]
    /// Counts the changes of the keyring; the first is 1.
    public let generation: UInt64
    /// All terms, ascending by number.
    public let terms: [KeyringTerm]
    /// The one term under which new things are sealed.
    public let active: KeyringTerm
    private let purposeKeys: [UInt32: [KeyPurpose: SharedSecret]]

    /// - Throws: `inconsistent` unless numbers ascend from 1 or more, and exactly one is active.
    init(
        clusterID: [UInt8], generation: UInt64, terms: [KeyringTerm]
    ) throws(KeyringError) {
        precondition(clusterID.count == 16, "cluster id of \(clusterID.count) bytes")
        guard (1...Self.termCountMax).contains(terms.count), generation > 0 else {
            throw .inconsistent("\(terms.count) terms in generation \(generation)")
        }
        for (index, term) in terms.enumerated() {
            let before = index == 0 ? 0 : terms[index - 1].number
            guard term.number > before else {
                throw .inconsistent("term \(term.number) behind term \(before)")
            }
            precondition(term.key.bytes.count == 32, "key of term \(term.number)")
        }
        let active = terms.filter { $0.state == .active }
        guard active.count == 1 else { throw .inconsistent("\(active.count) active terms") }
        self.clusterID = clusterID
        self.generation = generation
        self.terms = terms
        self.active = active[0]
        purposeKeys = Dictionary(
            uniqueKeysWithValues: terms.map { term in
                (term.number, Self.derive(term.key, clusterID: clusterID))
            })
    }

    /// The first keyring of a cluster, with one term.
    ///
    /// - Precondition: the cluster id has 16 bytes.
    public static func make(
        clusterID: [UInt8], at now: Timestamp, random: some RandomBytes
    ) -> Keyring {
        let term = KeyringTerm(
            number: 1, createdAt: now, uses: 0, state: .active,
            key: SharedSecret(random.secret(32)))
        return consistent(clusterID: clusterID, generation: 1, terms: [term])
    }

    /// The next generation, with a new term; the terms so far only open.
    ///
    /// - Precondition: fewer than `termCountMax` terms.
    public func rotated(at now: Timestamp, random: some RandomBytes) -> Keyring {
        precondition(terms.count < Self.termCountMax, "\(terms.count) terms")
        let retired = terms.map { term in
            KeyringTerm(
                number: term.number, createdAt: term.createdAt, uses: term.uses, state: .retired,
                key: term.key)
        }
        let next = KeyringTerm(
            number: terms[terms.count - 1].number + 1, createdAt: now, uses: 0, state: .active,
            key: SharedSecret(random.secret(32)))
        return Self.consistent(
            clusterID: clusterID, generation: generation + 1, terms: retired + [next])
    }

    /// Whether the active term is too old or used too often.
    public func isRotationDue(at now: Timestamp) -> Bool {
        now.milliseconds(since: active.createdAt) >= Self.termAgeMaxMilliseconds
            || active.uses >= Self.termUsesMax
    }

    /// The key of `purpose` in a term.
    ///
    /// - Throws: `unknownTerm`.
    func key(_ purpose: KeyPurpose, term: UInt32) throws(KeyringError) -> SharedSecret {
        guard let key = purposeKeys[term]?[purpose] else { throw .unknownTerm(term) }
        return key
    }

    /// The key of `purpose` in the active term.
    func activeKey(_ purpose: KeyPurpose) -> SharedSecret {
        guard let key = purposeKeys[active.number]?[purpose] else {
            preconditionFailure("no \(purpose) key in the active term")
        }
        return key
    }

    private static func derive(
        _ key: SharedSecret, clusterID: [UInt8]
    ) -> [KeyPurpose: SharedSecret] {
        Dictionary(
            uniqueKeysWithValues: KeyPurpose.allCases.map { purpose in
                let info = Array("watchword/v1/\(purpose.rawValue)".utf8) + clusterID
                let derived = HKDF.sha256(secret: key.bytes, salt: [], info: info, count: 32)
                return (purpose, SharedSecret(derived))
            })
    }

    /// Terms that were put together here, not read.
    private static func consistent(
        clusterID: [UInt8], generation: UInt64, terms: [KeyringTerm]
    ) -> Keyring {
        do {
            return try Keyring(clusterID: clusterID, generation: generation, terms: terms)
        } catch {
            preconditionFailure("\(error)")
        }
    }
}
