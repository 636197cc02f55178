import APITypes
import Testing

@Suite("errors are problem details (RFC 9457)")
struct ProblemDetailsTests {
    @Test("every code has a 4xx or 5xx status, a name in snake case and a body that reads back")
    func everyCode() throws {
        for code in ErrorCode.allCases {
            #expect((400...599).contains(code.status))
            #expect(code.rawValue.utf8.allSatisfy { $0 == 0x5F || (0x61...0x7A).contains($0) })
            let problem = ProblemDetails(code, detail: "why", requestID: "r")
            let back = ProblemDetails(json: try JSONValue(parsing: problem.json.bytes))
            #expect(back == problem)
        }
    }

    @Test("a reader lives with codes that it does not know")
    func unknown() {
        let body = JSONValue.object(["code": .string("new_one"), "status": .integer(499)])
        #expect(ProblemDetails(json: body)?.code == "new_one")
    }
}
