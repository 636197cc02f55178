internal import AuthCore
internal import Cryptography
internal import Synchronization

/// Signatures that were verified a moment ago, so that a token that comes again costs a look-up
/// and not a tenth of a millisecond of an event loop.
///
/// All that is remembered is that a whole token, by its SHA-256, is signed by the key that has this
/// thumbprint. That never changes; whether the key and the session are good is asked every time.
/// What was refused is not remembered, so that nobody can push out what is good for nothing.
final class SignatureMemory: Sendable {
    private struct Contents {
        var keys: [SHA256Digest: Digest256] = [:]
        /// A ring of the tokens in the order in which they came.
        var order: [SHA256Digest] = []
        var oldest = 0
    }

    // Held for one look-up, as the codec's cipher is.
    private let contents = Mutex(Contents())
    private let countMax: Int

    init(countMax: Int = 4_096) {
        precondition(countMax > 0, "a memory of \(countMax)")
        self.countMax = countMax
    }

    /// Whether the token is signed by this key.
    func verifies(_ token: PresentedAccessToken, _ row: SigningKeyRow) -> Bool {
        precondition(token.key == row.id, "another key than the token names")
        if contents.withLock({ $0.keys[token.digest] == row.id }) { return true }
        // The algorithm is the key's; what the token says must be the same (security C1, C2).
        guard SignatureAlgorithm(row.algorithm) == token.algorithm,
            let key = VerifyingKey(token.algorithm, bytes: row.publicKey),
            key.verifies(token.signature, of: token.signed)
        else { return false }
        remember(token.digest, row.id)
        return true
    }

    /// How many are remembered.
    var count: Int { contents.withLock { $0.keys.count } }

    private func remember(_ token: SHA256Digest, _ key: Digest256) {
        contents.withLock { contents in
            guard contents.keys.updateValue(key, forKey: token) == nil else { return }
            guard contents.order.count == countMax else {
                contents.order.append(token)
                return
            }
            contents.keys[contents.order[contents.oldest]] = nil
            contents.order[contents.oldest] = token
            contents.oldest = (contents.oldest + 1) % countMax
        }
    }
}
