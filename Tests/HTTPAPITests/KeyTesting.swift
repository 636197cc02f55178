import APITypes
import Testing

@testable import HTTPAPI

/// A suite that makes and uses API keys.
protocol KeyTesting {
    var house: House { get }
    /// A session of somebody who may do everything.
    var admin: String { get }
}

extension KeyTesting {
    @discardableResult
    func make(
        _ fields: [JSONMember], by token: String? = nil, status: Int = 201,
        headers: [(String, String)] = []
    ) throws -> HouseAnswer {
        let answer = try house.send(
            "POST", "/v1/keys", token: token ?? admin, body: .object(fields), headers: headers)
        #expect(answer.status == status, "\(answer.json)")
        return answer
    }

    func permissions(_ names: String...) -> JSONMember {
        JSONMember("permissions", .strings(names))
    }

    func validate(
        _ key: String, _ query: String = "", header: String = "X-API-Key", to node: Int = 2
    ) throws -> HouseAnswer {
        let value = header == "Authorization" ? "Bearer \(key)" : key
        return try house.send(
            "GET", "/v1/validate\(query)", headers: [(header, value)], to: node)
    }
}
