internal import AuthCore
internal import ByteCodec
internal import Cryptography

/// Recognises users by API keys that were made elsewhere and taken in by the SHA-256 of the whole.
struct ImportedKeyAuthenticator: Authenticator {
    /// Shorter ones can be guessed, and longer ones are no keys.
    private static let lengths = 16...512
    /// What begins so is ours, or nothing.
    private static let ownKinds: [TokenKind] = [.session, .refresh, .join]

    func read(_ text: [UInt8], _ codec: TokenCodec) -> PresentedCredential? {
        guard Self.lengths.contains(text.count), text.allSatisfy({ (0x21...0x7E).contains($0) }),
            !Self.ownKinds.contains(where: { text.starts(with: $0.prefix + [UInt8(ascii: "_")]) }),
            !Self.isAccessToken(text)
        else { return nil }
        let digest = Digest256(SHA256.hash(text))
        return PresentedCredential(digest: digest) { view, request in
            var remembered: Rights?
            let verdict = try decideKey(
                imported: digest, from: request?.clientAddress, wall: view.now, meta: view.meta,
                known: { view.memory.user($0, &remembered) }, view.tables)
            return try KeyAuthenticator.caller(verdict, remembered, digest, view)
        }
    }

    /// Whether it is a signed token (RFC 7515), as services behind a gateway have them: no state
    /// makes one a key, so that no quorum need be asked.
    private static func isAccessToken(_ text: [UInt8]) -> Bool {
        text.starts(with: "eyJ".utf8) && text.count { $0 == UInt8(ascii: ".") } == 2
    }
}
