internal import APITypes
internal import AuthCore
internal import AuthService

extension Endpoints {
    static let checks: [Route] = [
        Route(
            "check", "POST", "/v1/check", gate: .anyCredential,
            body: .json(.checkBody, holdsSecret: true),
            answers: [Answer(200, "An answer to each question, in their order.", .checked)],
            summary: "Says who holds which permission, up to 100 questions at once.",
            handler: .read(stale: false) { call, caller, view, world in
                switch questions(call) {
                case .failure(let failure): return .failure(failure)
                case .success(let questions):
                    let verdicts = try Checks.answer(questions, caller, call.context, view, world)
                    return .success(.json(.object(["results": .array(verdicts.map(\.json))])))
                }
            })
    ]

    private static func questions(_ call: Call) -> Result<[Checks.Question], ServiceFailure> {
        var questions: [Checks.Question] = []
        for (number, value) in (call.body["checks"]?.array ?? []).enumerated() {
            guard let permission = value["permission"]?.string.flatMap({ Permission($0) }) else {
                preconditionFailure("the schema let a question without a permission pass")
            }
            let subject: Checks.Subject
            switch (value["user_id"]?.string, value["token"]?.string) {
            case (nil, nil): subject = .caller
            case (nil, .some(let token)): subject = .holder(token: token)
            case (.some(let text), nil): subject = .user(ObjectText.read(text))
            case (.some, .some):
                return .failure(.invalid("body.checks[\(number)] asks of a user and of a token"))
            }
            questions.append(Checks.Question(subject: subject, permission: permission))
        }
        return .success(questions)
    }
}

extension Checks.Verdict {
    fileprivate var json: JSONValue {
        let code: ErrorCode? = if case .refused(let failure) = self { failure.code } else { nil }
        return .object([
            "allowed": .bool(self == .allowed),
            "code": code.map { .string($0.rawValue) } ?? .null,
        ])
    }
}

extension Schema {
    fileprivate static let checkBody = Schema.object(
        ObjectSchema(
            "Check",
            [
                Property(
                    "checks",
                    .array(
                        .object(
                            ObjectSchema(
                                "Question",
                                [
                                    Property("permission", .text(.permission)),
                                    Property(
                                        "user_id", .text(.objectID("usr")), required: false,
                                        "Of whom is asked; needs `users:read` and `roles:read`."),
                                    Property(
                                        "token", .text(.token), required: false,
                                        "Of whose session is asked; needs `sessions:lookup`."),
                                ])), countMax: Checks.countMax),
                    "Without `user_id` and `token` a question is about the caller.")
            ]))

    fileprivate static let checked = Schema.object(
        ObjectSchema(
            "Checked",
            [
                Property(
                    "results",
                    .array(
                        .object(
                            ObjectSchema(
                                "CheckResult",
                                [
                                    Property("allowed", .boolean),
                                    Property(
                                        "code",
                                        .nullable(
                                            .text(
                                                .oneOf([
                                                    ErrorCode.insufficientPermissions.rawValue,
                                                    ErrorCode.notFound.rawValue,
                                                ]))),
                                        "Why the question itself was refused."),
                                ])), countMax: Checks.countMax))
            ]))
}
