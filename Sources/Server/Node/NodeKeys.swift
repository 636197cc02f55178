internal import AuthCore
internal import AuthService
internal import Cryptography
internal import StateStore
internal import Synchronization

/// The keys that this node has opened: read from the state once it is bootstrapped, and again
/// when the keyring in the state is another one.
final class NodeKeys: Sendable {
    struct Opened: Sendable {
        let keys: ServiceKeys
        let tokens: TokenCodec
    }

    private struct Contents {
        var opened: Opened?
        var keyringVersion: UInt64 = 0
    }

    private let root: RootKey
    private let clusterID: [UInt8]
    private let accessTokens: AccessTokenPolicy?
    private let contents = Mutex(Contents())

    init(root: RootKey, clusterID: [UInt8], accessTokens: AccessTokenPolicy?) {
        self.root = root
        self.clusterID = clusterID
        self.accessTokens = accessTokens
    }

    /// What is open now; nil before the cluster is made.
    var opened: Opened? { contents.withLock { $0.opened } }

    /// Opens the keyring of the state if it is not the one that is open.
    ///
    /// - Throws: `KeyringError` when the root key is not this cluster's, or the row is damaged.
    func refresh(from store: any StateStore) throws {
        let row: (facts: ClusterRow, keyring: KeyringRow)? = try store.read { view in
            guard let facts = try ClusterRow.read(view), let keyring = try KeyringRow.read(view)
            else { return nil }
            return (facts, keyring)
        }
        guard let row else { return }
        guard contents.withLock({ $0.keyringVersion }) != row.keyring.version else { return }
        let keyring = try Keyring(
            row: row.keyring.keyring.bytes, under: root, clusterID: clusterID)
        let opened = Opened(
            keys: ServiceKeys(keyring: keyring),
            tokens: try TokenCodec(
                blockKey: SecretBytes(copying: row.facts.tokenBlockKey),
                accessTokens: accessTokens))
        contents.withLock {
            $0.opened = opened
            $0.keyringVersion = row.keyring.version
        }
    }
}
