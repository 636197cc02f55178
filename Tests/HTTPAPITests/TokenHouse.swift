import APITypes
import AuthCore
import ByteCodec
import Cryptography
import Testing

@testable import AuthService
@testable import HTTPAPI

/// A house that signs access tokens, and what a thief of its key could do.
struct TokenHouse {
    static let issuer = "https://auth.example.com"
    let house: House

    init(
        _ algorithm: SigningAlgorithm = .edDSA, issuer: String? = TokenHouse.issuer,
        featureLevel: UInt32 = StateMachine.featureLevel
    ) throws {
        var policy = issuer.map { AccessTokenPolicy(issuer: $0, audience: "api") }
        policy?.algorithm = algorithm
        house = try House(featureLevel: featureLevel, accessTokens: policy)
    }

    /// A log-in with tokens.
    func logIn(
        _ username: String = "admin", _ password: String = House.adminPassword, to node: Int = 1,
        key: String? = nil
    ) throws -> HouseAnswer {
        try house.send(
            "POST", "/v1/auth/login",
            body: .object([
                "username": .string(username), "password": .string(password),
                "tokens": .bool(true),
            ]), headers: key.map { [("Idempotency-Key", $0)] } ?? [], to: node)
    }

    func accessToken(to node: Int = 1) throws -> String {
        let answer = try logIn(to: node)
        return try #require(answer["access_token"], "\(answer.status) \(answer.json)")
    }

    /// What a gateway is told of a token.
    func validate(_ token: String, on node: Int = 1) throws -> HouseAnswer {
        try house.send("GET", "/v1/validate", token: token, to: node)
    }

    /// Rotates as an administrator.
    @discardableResult
    func rotate(_ body: JSONValue? = nil, by token: String) throws -> HouseAnswer {
        try house.send("POST", "/v1/signing-keys/rotate", token: token, body: body)
    }

    /// Lets time pass for the state too.
    func wait(seconds: UInt64) throws {
        house.now = house.now.advanced(milliseconds: seconds * 1_000)
        try house.propose(
            Command(.touchSessions(.init(touches: [])), header: CommandHeader(actor: .node)),
            by: house.nodes[0])
    }

    /// The key that signs now, opened.
    func signingKey() throws -> SigningKey {
        let row = try house.leader.withView { tables in
            let meta = try StateMeta.read(tables)
            return try #require(try SigningKeys.read(tables).signer(at: meta.lastStamp))
        }
        let keys = ServiceKeys(keyring: house.keyring)
        let document = try keys.sealer.open(row.privateKey.bytes, from: Issuance.place(row.id))
        return try SigningKey(SignatureAlgorithm(row.algorithm), document: document)
    }
}

/// The parts of a compact token.
struct TokenParts {
    var header: JSONValue
    var payload: JSONValue
    var signature: [UInt8]

    init(_ text: String) throws {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        try #require(parts.count == 3)
        func bytes(_ part: Int) throws -> [UInt8] {
            try #require(Base64.url.decode(String(parts[part])))
        }
        header = try JSONValue(parsing: bytes(0))
        payload = try JSONValue(parsing: bytes(1))
        signature = try bytes(2)
    }
}

extension JSONValue {
    /// The object with another value under a name, or without it.
    func setting(_ name: String, _ value: JSONValue?) -> JSONValue {
        var members = members ?? []
        let place = members.firstIndex { $0.name == name }
        switch (place, value) {
        case (let place?, let value?): members[place].value = value
        case (let place?, nil): members.remove(at: place)
        case (nil, let value?): members.append(JSONMember(name, value))
        case (nil, nil): break
        }
        return .object(members)
    }
}
