import APITypes
import AuthCore
import Testing

@testable import AuthService
@testable import HTTPAPI

@Suite("passwords that may be set (NIST SP 800-63B-4; docs/guessing.md)")
struct PasswordTests {
    /// What must be refused for bob, and a word of the reason.
    private static let refused = [
        ("fourteen chars", "at least 15"), ("password1234567", "common"),
        ("Bob 000000000000", "name"), ("watchword!!!!!!!", "name"),
        ("aaaaaaaaaaaaaaaa", "repetition"),
    ]

    @Test(
        "the same rules hold for a new user, for an administrator, and for one's own",
        arguments: 0..<5)
    func everywhere(place: Int) throws {
        let (password, reason) = Self.refused[place]
        let house = try House()
        let admin = try house.logIn()
        let id = try house.makeUser("bob", by: admin)
        let bob = try house.logIn("bob", "password of a user")
        let entries = house.commands.count
        let answers = [
            try house.send(
                "PUT", "/v1/users/\(id)/password", token: admin,
                body: .object(["password": .string(password)])),
            try house.send(
                "PUT", "/v1/users/self/password", token: bob,
                body: .object([
                    "old_password": .string("password of a user"),
                    "new_password": .string(password),
                ])),
            try house.send(
                "POST", "/v1/users", token: admin,
                body: .object([
                    "username": .string("bob"), "password": .string(password),
                ])),
        ]
        for answer in answers {
            #expect(answer.status == 422 && answer.code == "invalid")
            #expect(answer["detail"]?.contains(reason) == true, "\(answer.json)")
            // It is told why, and never what.
            #expect(answer["detail"]?.contains(password) == false)
        }
        #expect(house.commands.count == entries)
    }

    @Test("long ones are accepted as they are, spaces and all scripts included")
    func long() throws {
        let house = try House()
        let admin = try house.logIn()
        for (place, password) in [
            String(repeating: "long but fine ", count: 10), "пароль из многих слов ✓",
            String(repeating: "0123456789abcdef", count: 4) + "!",
        ].enumerated() {
            _ = try house.makeUser("user\(place)", password: password, by: admin)
            _ = try house.logIn("user\(place)", password)
        }
    }

    @Test("the operator may ask for another length, and for no less than eight")
    func configured() throws {
        let house = try House()
        let admin = try house.logIn()
        for (least, password, status) in [
            (8, "vq8-Trm2", 201), (1, "vq8-Trm", 422), (20, "nineteen characters", 422),
        ] {
            house.options.passwordLengthMin = least
            let answer = try house.send(
                "POST", "/v1/users", token: admin,
                body: .object([
                    "username": .string("bob"), "password": .string(password),
                ]))
            #expect(answer.status == status, "\(password): \(answer.json)")
        }
    }
}
