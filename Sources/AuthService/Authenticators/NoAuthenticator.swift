internal import AuthCore
internal import ByteCodec

/// Recognises everybody who shows nothing, as one user whom the configuration names: so that a
/// gateway and the services behind it can be tried without credentials. **For development only.**
///
/// It takes no text, so it is asked where there is none, and by gateways alone: the API changes and
/// tells nothing without a credential.
enum NoAuthenticator {
    static func present(as name: UserName) -> PresentedCredential {
        let digest = Digest256.zero
        return PresentedCredential(digest: digest) { view, _ in
            guard let user = try UserRow.read(.platform, named: name, view.tables), !user.disabled
            else { return .denied(.missingCredentials, isFinal: false) }
            let rights = try view.rights(of: KnownUser(user))
            return .success(
                Caller(
                    proof: .nothing, presented: digest, rights: rights, expiresAt: nil,
                    metering: try Metering(rights, view)))
        }
    }
}
