import AuthCore
import AuthService
import ByteCodec
import Cryptography

/// Makes users, ten sessions for each, and tokens.
struct SessionMaker {
    let machine: Machine

    static func tokenCodec() throws -> TokenCodec {
        try TokenCodec(blockKey: SecretBytes(copying: [UInt8](repeating: 7, count: 32)))
    }

    /// Makes so many sessions, to the next ten, and answers the tokens of one in `share`.
    func make(_ count: Int, keepingOneIn share: Int) throws -> [String] {
        let codec = try Self.tokenCodec()
        var tokens: [String] = []
        var made = 0
        while made < count {
            let number = UInt64(made / 10)
            guard let name = UserName("user\(number)") else { throw Mistake("no name") }
            let user = UserID(
                bits: 1_000 + UInt128(number) &* 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)
            _ = try machine.apply(
                [
                    .createUser(
                        .init(
                            id: user, username: name, email: Text("user\(number)@example.com"),
                            roles: [],
                            password: PasswordHash(phc: "$none$")))
                ], by: machine.administrator)
            let verifiers = (0..<10).map { _ in TokenCodec.drawVerifier(SystemRandomBytes()) }
            let outcomes = try machine.apply(
                try verifiers.map { verifier in
                    .startSession(
                        .init(
                            user: user, nonce: number,
                            verifier: try Self.digest(
                                TokenCodec.digest(.session, verifier: verifier.bytes)),
                            idleMilliseconds: 3_600_000, absoluteMilliseconds: 86_400_000,
                            method: .delegated))
                }, by: machine.administrator)
            for (outcome, verifier) in zip(outcomes, verifiers) {
                guard case .session(let session) = outcome.result else {
                    throw Mistake("no session")
                }
                made += 1
                guard made.isMultiple(of: share) else { continue }
                tokens.append(
                    String(
                        decoding: codec.compose(
                            .session, rowNumber: session.id.number.rawValue,
                            verifier: verifier.bytes), as: UTF8.self))
            }
        }
        return tokens
    }

    private static func digest(_ digest: SHA256Digest) throws -> Digest256 {
        guard let digest = Digest256(bytes: digest.bytes) else { throw Mistake("no digest") }
        return digest
    }
}
