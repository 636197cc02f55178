public import AuthCore
internal import Cryptography
internal import RaftCore

/// The keys of an opened keyring, in the shapes in which use cases need them.
public struct ServiceKeys: Sendable {
    let sealer: SecretSealer
    let cursors: CursorMAC
    let idempotency: IdempotencyMAC
    let logInNames: LogInNameMAC

    public init(keyring: Keyring) {
        sealer = SecretSealer(keyring: keyring)
        cursors = CursorMAC(keyring: keyring)
        idempotency = IdempotencyMAC(keyring: keyring)
        logInNames = LogInNameMAC(keyring: keyring)
    }
}

extension World {
    /// Whether the cluster is made and this node cannot open its keyring.
    public var isSealed: Bool { keys == nil && tokens != nil }

    /// The opened keys, or `sealed` while there are none.
    func requireKeys() -> Result<ServiceKeys, ServiceFailure> {
        keys.map { .success($0) } ?? .failure(.sealed)
    }

    /// What authenticates cursors, or `sealed` while there are no keys.
    public var cursorMAC: Result<CursorMAC, ServiceFailure> { requireKeys().map(\.cursors) }

    /// What composes and reads tokens; `noLeader` before the cluster is made, because only a
    /// leader makes it.
    public var tokenCodec: Result<TokenCodec, ServiceFailure> {
        tokens.map { .success($0) } ?? .failure(.noLeader)
    }
}

extension AuthCore.Digest256 {
    /// The digest in the form that the state holds.
    init(_ digest: SHA256Digest) {
        self.init(words: digest.bigEndianWords)
    }
}

extension TokenCodec {
    /// A session's id as it is shown: enciphered, so that nobody can count sessions.
    public func show(_ id: SessionID) -> String {
        SessionID.text(of: encipher(id.bits))
    }

    /// A key's id as it is shown.
    public func show(_ id: KeyID) -> String {
        KeyID.text(of: encipher(id.bits))
    }

    /// The key that a shown id names; nil when it is no such id.
    public func readKeyID(_ text: String) -> KeyID? {
        guard let shown: KeyID = ObjectText.read(text) else { return nil }
        return KeyID(bits: decipher(shown.bits))
    }

    /// The session that a shown id names; nil when it is no such id.
    public func readSessionID(_ text: String) -> SessionID? {
        guard let shown: SessionID = ObjectText.read(text) else { return nil }
        return SessionID(bits: decipher(shown.bits))
    }
}
