internal import APITypes
public import AuthCore
public import ByteCodec
internal import Cryptography

/// A signed token as it is handed out (RFC 9068).
public struct AccessToken: Sendable {
    /// header.payload.signature
    public let text: String
    /// Exclusive.
    public let expiresAt: Timestamp

    /// The longest one that is made or read, in bytes.
    static let byteCountMax = 4 << 10
    /// The one type of token that is made or read.
    static let type = "at+jwt"
    /// The name of the tenant's own client, which every log-in by password comes from.
    static let client = "watchword"
    /// Roles that take more than this are left out: whoever needs them asks at validate.
    static let roleBytesMax = 1 << 10

    /// For how many seconds it is good yet.
    public func seconds(at now: Timestamp) -> UInt64 {
        (expiresAt.rawValue - min(expiresAt.rawValue, now.rawValue)) / 1_000
    }
}

/// What an access token says of its session (RFC 9068 §2.2).
struct AccessTokenClaims: Equatable, Sendable {
    var issuer: String
    var audience: String
    /// The user's id.
    var subject: String
    /// The tenant's id.
    var tenant: String
    /// The session's id as it is shown: no token, and good for nothing without a signature.
    var session: String
    var tokenID: String
    /// Seconds since 1970.
    var issuedAt: UInt64
    /// Exclusive.
    var expiresAt: UInt64
    var authenticatedAt: UInt64
    /// Nil where there are too many.
    var roles: [String]?

    /// The claims in their one order.
    var json: JSONValue {
        var members = [
            JSONMember("iss", .string(issuer)), JSONMember("sub", .string(subject)),
            JSONMember("aud", .string(audience)),
            JSONMember("client_id", .string(AccessToken.client)),
            JSONMember("iat", .unsigned(issuedAt)), JSONMember("exp", .unsigned(expiresAt)),
            JSONMember("jti", .string(tokenID)), JSONMember("sid", .string(session)),
            JSONMember("tenant", .string(tenant)),
            JSONMember("auth_time", .unsigned(authenticatedAt)),
        ]
        if let roles { members.append(JSONMember("roles", .strings(roles))) }
        return .object(members)
    }
}

extension AccessToken {
    /// Signs claims.
    ///
    /// - Precondition: claims that fit, as those of `Issuance` do.
    /// - Throws: `libraryFailure`.
    static func sign(
        _ claims: AccessTokenClaims, with key: SigningKey
    ) throws(CryptographyError) -> AccessToken {
        let header = JSONValue.object([
            "alg": .string(key.algorithm.name),
            "kid": .string(Base64.url.encode(key.verifying.thumbprint.bytes)),
            "typ": .string(type),
        ])
        let input =
            Base64.url.encode(header.bytes) + "." + Base64.url.encode(claims.json.bytes)
        let signature = try key.sign(Array(input.utf8))
        let text = input + "." + Base64.url.encode(signature)
        precondition(text.utf8.count <= byteCountMax, "token of \(text.utf8.count) bytes")
        return AccessToken(
            text: text, expiresAt: Timestamp(milliseconds: claims.expiresAt * 1_000))
    }
}

extension SignatureAlgorithm {
    /// The algorithm as it is named here.
    init(_ algorithm: SigningAlgorithm) {
        switch algorithm {
        case .edDSA: self = .edDSA
        case .es256: self = .es256
        case .rs256: self = .rs256
        }
    }
}

extension SigningAlgorithm {
    /// The algorithm as the state names it.
    init(_ algorithm: SignatureAlgorithm) {
        switch algorithm {
        case .edDSA: self = .edDSA
        case .es256: self = .es256
        case .rs256: self = .rs256
        }
    }

    /// The name in JOSE headers.
    public var name: String { SignatureAlgorithm(self).name }

    /// The algorithm of exactly this name.
    public init?(name: String) {
        guard let algorithm = SignatureAlgorithm(name: name) else { return nil }
        self.init(algorithm)
    }
}
