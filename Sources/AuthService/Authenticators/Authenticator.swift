internal import AuthCore
internal import ByteCodec
internal import Cryptography

/// One way in which somebody is recognised, in a file of its own (docs/authenticators.md).
///
/// It takes the texts that are of its kind, and judges them by one view of the state; what it
/// finds out is a `Caller`, whatever the kind. It does no I/O and keeps nothing.
protocol Authenticator: Sendable {
    /// Takes a credential of this kind; nil for every other text.
    func read(_ text: [UInt8], _ codec: TokenCodec) -> PresentedCredential?
}

/// A credential of one kind that is spelt as it must be, and is yet to be judged.
struct PresentedCredential: Sendable {
    /// What is stored of it: a request that ends its own credential is remembered under this.
    let digest: Digest256
    /// Who presents it, as the view says; the request is nil where there is none to tell from
    /// where.
    let judge: @Sendable (StateView, RequestContext?) throws -> Result<Caller, Denial>
}

/// The authenticators that there are.
public enum Authenticators {
    /// Those whose spelling tells that a credential is meant for this server, in the order in
    /// which they are asked.
    private static let own: [any Authenticator] = [
        SessionAuthenticator(), KeyAuthenticator(), AccessTokenAuthenticator(),
    ]
    /// Those that take what others have made up.
    private static let foreign: [any Authenticator] = [ImportedKeyAuthenticator()]

    /// Takes a credential of our own spelling; nil for every other text.
    static func readOwn(_ text: [UInt8], _ codec: TokenCodec) -> PresentedCredential? {
        read(text, codec, own)
    }

    /// Takes a credential that somebody else has made up; nil for what can be none.
    static func readForeign(_ text: [UInt8], _ codec: TokenCodec) -> PresentedCredential? {
        read(text, codec, foreign)
    }

    /// Takes a credential of any kind; nil for what can be none, in any state.
    static func read(_ text: String, _ codec: TokenCodec) -> PresentedCredential? {
        let text = Array(text.utf8)
        return readOwn(text, codec) ?? readForeign(text, codec)
    }

    /// Whether a signed token says that this server issued it: then it is meant for nobody behind.
    public static func isOwnAccessToken(_ text: [UInt8], _ codec: TokenCodec) -> Bool {
        codec.accessTokens.map { PresentedAccessToken.isAddressedHere(text, $0) } ?? false
    }

    private static func read(
        _ text: [UInt8], _ codec: TokenCodec, _ authenticators: [any Authenticator]
    ) -> PresentedCredential? {
        for authenticator in authenticators {
            if let presented = authenticator.read(text, codec) { return presented }
        }
        return nil
    }
}

extension Result where Success == Caller, Failure == Denial {
    /// A denial of somebody who is not known.
    static func denied(_ failure: ServiceFailure, isFinal: Bool) -> Self {
        .failure(Denial(failure: failure, isFinal: isFinal, caller: nil, missing: []))
    }
}
