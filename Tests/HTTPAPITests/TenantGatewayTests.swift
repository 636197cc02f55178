import APITypes
import AuthCore
import Testing

@testable import AuthService
@testable import HTTPAPI

@Suite("Tenants that gateways ask for, and answers given again in them")
struct TenantGatewayTests {
    let house: House
    let admin: String
    let acme: HouseTenant

    init() throws {
        house = try House()
        admin = try house.logIn()
        acme = try house.makeTenant("acme", by: admin)
    }

    @Test("A gateway asks for tenants by name or id, and nobody of another one passes")
    func required() throws {
        let other = try house.makeTenant("other", by: admin)
        for (query, passing) in [
            ("?tenant=acme", acme.token), ("?tenant=\(acme.id)", acme.token),
            ("?tenant=default", admin), ("?tenant=other&tenant=acme", acme.token),
            ("?permission=billing:admin&tenant=acme", acme.token),
        ] {
            for token in [acme.token, admin, other.token] {
                let answer = try house.send("GET", "/v1/validate" + query, token: token, to: 2)
                let passes = token == passing || query.contains("other") && token == other.token
                #expect(answer.status == (passes ? 200 : 403), "\(query)")
            }
        }
        for query in ["?tenant=nobody", "?tenant=Not%20a%20name", "?tenant="] {
            let answer = try house.send("GET", "/v1/validate" + query, token: acme.token)
            #expect(answer.status == 403, "\(query)")
        }
        let field = [("X-Required-Tenant", "default")]
        let refused = try house.send("GET", "/v1/validate", token: acme.token, headers: field)
        #expect(refused.status == 403)
        let asked = try house.send("GET", "/v1/validate", token: admin, headers: field)
        #expect(asked.status == 200)
    }

    @Test("A refresh is not answered again for who may be given nothing any more")
    func refreshRepeated() throws {
        let login = try house.send(
            "POST", "/v1/auth/login",
            body: .object([
                "username": .string("admin"), "password": .string(House.tenantPassword),
                "tenant": .string("acme"), "tokens": .bool(true),
            ]))
        let token = try #require(login["refresh_token"])
        func refresh() throws -> HouseAnswer {
            try house.send(
                "POST", "/v1/auth/refresh", body: .object(["refresh_token": .string(token)]),
                headers: [("Idempotency-Key", "again")])
        }
        let first = try refresh()
        #expect(first.status == 200)
        #expect(try refresh()["refresh_token"] == first["refresh_token"])
        try house.set("suspended", of: acme, by: admin)
        #expect(try refresh().code == "token_invalid")
        try house.set("active", of: acme, by: admin)
        #expect(try refresh()["refresh_token"] == first["refresh_token"])
    }
}
