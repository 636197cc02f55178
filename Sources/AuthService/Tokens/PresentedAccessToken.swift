internal import APITypes
internal import AuthCore
internal import ByteCodec
internal import Cryptography

/// An access token that is spelt as ours are, for us, and of no time that cannot be: nothing of it
/// is believed before its signature was verified.
struct PresentedAccessToken: Sendable {
    /// The key that it names.
    let key: Digest256
    /// What it says of how it was signed; the key decides.
    let algorithm: SignatureAlgorithm
    let claims: AccessTokenClaims
    /// Of the whole token.
    let digest: SHA256Digest
    let signed: [UInt8]
    let signature: [UInt8]

    /// Three parts, none of which opens to more than this.
    private static let limits = JSONLimits(depthMax: 2, nodesMax: 64, stringBytesMax: 1_024)

    /// The parts of a compact serialisation (RFC 7515 §7.1), decoded; nil for everything else, and
    /// before anything is split when it is too long (security C5).
    private static func parts(_ text: [UInt8]) -> (parts: [[UInt8]], signed: Int)? {
        guard text.count <= AccessToken.byteCountMax else { return nil }
        let dots = text.indices.filter { text[$0] == UInt8(ascii: ".") }
        guard dots.count == 2,
            let header = Base64.url.decode(text[..<dots[0]]),
            let payload = Base64.url.decode(text[(dots[0] + 1)..<dots[1]]),
            let signature = Base64.url.decode(text[(dots[1] + 1)...])
        else { return nil }
        return ([header, payload, signature], dots[1])
    }

    private static func object(_ bytes: [UInt8]) -> JSONValue? {
        do throws(JSONError) {
            let value = try JSONValue(parsing: bytes, limits: limits)
            return value.members == nil ? nil : value
        } catch {
            // The text of a stranger: what is wrong with it is of no interest.
            return nil
        }
    }

    /// Whether a text says that it is from this issuer, so that nobody else is meant to take it.
    static func isAddressedHere(_ text: [UInt8], _ policy: AccessTokenPolicy) -> Bool {
        guard text.starts(with: "eyJ".utf8), let (parts, _) = parts(text),
            let payload = object(parts[1])
        else { return false }
        return payload.isText("iss", policy.issuer)
    }

    /// Takes a token with the one header that ours have and all claims that ours have; nil for
    /// every other text.
    init?(_ text: [UInt8], _ policy: AccessTokenPolicy) {
        guard text.starts(with: "eyJ".utf8), let (parts, signedCount) = Self.parts(text),
            let header = Self.object(parts[0]), let payload = Self.object(parts[1])
        else { return nil }
        // Any other name in the header, `crit`, `jwk`, `jku`, `x5u` or `zip`, is none of ours (C3).
        guard header.members?.count == 3, header.isText("typ", AccessToken.type),
            let name = header["alg"]?.string, let algorithm = SignatureAlgorithm(name: name),
            let kid = header["kid"]?.string, let thumbprint = Base64.url.decode(kid),
            let key = Digest256(bytes: thumbprint)
        else { return nil }
        guard let claims = AccessTokenClaims(payload, policy) else { return nil }
        self.key = key
        self.algorithm = algorithm
        self.claims = claims
        digest = SHA256.hash(text)
        signed = Array(text[..<signedCount])
        signature = parts[2]
    }
}

extension AccessTokenClaims {
    /// What is bounded, so that no sum of it overflows: the year 9999.
    private static let secondsMax: UInt64 = 253_402_300_800

    /// Takes claims with this issuer and audience and everything that ours have (security C4).
    fileprivate init?(_ payload: JSONValue, _ policy: AccessTokenPolicy) {
        guard payload.isText("iss", policy.issuer), payload.isText("aud", policy.audience),
            payload.isText("client_id", AccessToken.client),
            let subject = payload["sub"]?.string, let tenant = payload["tenant"]?.string,
            let session = payload["sid"]?.string, let tokenID = payload["jti"]?.string,
            let issuedAt = payload["iat"]?.unsigned, let expiresAt = payload["exp"]?.unsigned,
            let authenticatedAt = payload["auth_time"]?.unsigned
        else { return nil }
        // Ours have none; whoever sets one must mean something that nobody here looks at.
        guard payload["nbf"] == nil, payload["cnf"] == nil else { return nil }
        guard issuedAt < expiresAt, expiresAt <= Self.secondsMax,
            expiresAt - issuedAt <= AccessTokenPolicy.secondsMax
        else { return nil }
        self.init(
            issuer: policy.issuer, audience: policy.audience, subject: subject, tenant: tenant,
            session: session, tokenID: tokenID, issuedAt: issuedAt, expiresAt: expiresAt,
            authenticatedAt: authenticatedAt, roles: nil)
    }
}

extension JSONValue {
    /// Whether the member of this name is exactly this text, byte for byte.
    fileprivate func isText(_ name: String, _ text: String) -> Bool {
        self[name]?.string?.utf8.elementsEqual(text.utf8) ?? false
    }
}
