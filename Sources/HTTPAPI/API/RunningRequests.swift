internal import ByteCodec
internal import Cryptography
internal import Synchronization

/// The requests with an `Idempotency-Key` that this node is carrying out now.
///
/// What is replicated tells a repetition from the first request once that has ended; this tells it
/// before, on the same node.
final class RunningRequests: Sendable {
    // Held for one look-up or change of the set; nothing is called meanwhile.
    private let keys = Mutex<Set<[UInt8]>>([])

    /// Stands for one running request, which ends with it.
    final class Token: Sendable {
        private let owner: RunningRequests
        private let key: [UInt8]

        fileprivate init(_ owner: RunningRequests, _ key: [UInt8]) {
            self.owner = owner
            self.key = key
        }

        deinit { owner.end(key) }
    }

    /// Begins a request; nil while one of the same key and sender is running.
    func begin(_ request: HTTPRequest, key: String, credential: Credential) -> Token? {
        var writer = ByteWriter(capacity: 256)
        writer.write(lengthPrefixed: request.method)
        writer.write(lengthPrefixed: request.path)
        writer.write(lengthPrefixed: key)
        switch credential {
        case .bearer(let token), .cookie(let token, _): writer.write(lengthPrefixed: token)
        // Nobody in particular: what the body says tells senders apart.
        case .none, .several: writer.write(lengthPrefixed: request.body)
        }
        let digest = SHA256.hash(writer.bytes).bytes
        return keys.withLock { $0.insert(digest).inserted } ? Token(self, digest) : nil
    }

    private func end(_ key: [UInt8]) { keys.withLock { _ = $0.remove(key) } }
}
