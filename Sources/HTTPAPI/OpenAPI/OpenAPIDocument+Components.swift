internal import APITypes

/// What many operations refer to.
extension OpenAPIDocument {
    static var problemSchema: JSONValue {
        let text = JSONValue.object(["type": .string("string")])
        return .object([
            "type": .string("object"),
            "properties": .object([
                "type": text, "title": text, "status": .object(["type": .string("integer")]),
                "detail": text,
                "code": .object([
                    "type": .string("string"),
                    "enum": .strings(ErrorCode.allCases.map(\.rawValue)),
                ]), "request_id": text,
            ]),
            "required": .strings(["type", "title", "status", "detail", "code", "request_id"]),
            "additionalProperties": .bool(false),
        ])
    }

    static var sharedHeaders: [JSONMember] {
        SharedHeader.allCases.map { header in
            JSONMember(
                header.rawValue,
                .object([
                    "description": .string(header.summary),
                    "schema": .object([
                        "type": .string("string"), "pattern": .string(header.pattern),
                    ]),
                ]))
        }
    }

    /// References to header fields of an answer.
    static func headers(_ headers: [SharedHeader]) -> [JSONMember] {
        headers.map { JSONMember($0.rawValue, reference("headers", $0.rawValue)) }
    }

    static var sharedResponses: [JSONMember] {
        SharedResponse.allCases.map { response in
            var members = [
                JSONMember("description", .string(response.summary)),
                JSONMember("headers", .object(headers(response.headers))),
            ]
            if response.isProblem {
                members.append(
                    JSONMember(
                        "content",
                        .object([
                            ProblemDetails.mediaType: .object([
                                "schema": reference("schemas", "Problem")
                            ])
                        ])))
            }
            return JSONMember(response.rawValue, .object(members))
        }
    }

    static var sharedParameters: [JSONMember] {
        SharedParameter.all.map { parameter in
            JSONMember(
                parameter.key,
                .object([
                    "name": .string(parameter.header), "in": .string("header"),
                    "description": .string(parameter.summary), "schema": parameter.schema,
                ]))
        }
    }
}

/// A header field that many routes take.
struct SharedParameter {
    let key: String
    let header: String
    let summary: String
    let schema: JSONValue

    private static func text(_ pattern: String, maxLength: Int64) -> JSONValue {
        .object([
            "type": .string("string"), "pattern": .string(pattern),
            "maxLength": .integer(maxLength),
        ])
    }

    static let all = [
        SharedParameter(
            key: "Consistency", header: "Watchword-Consistency",
            summary: "`linearizable` (default), or `stale`: from this node's state as it is.",
            schema: .object([
                "type": .string("string"), "enum": .strings(["linearizable", "stale"]),
            ])),
        SharedParameter(
            key: "MaxStaleness", header: "Watchword-Max-Staleness-Ms",
            summary: "A `stale` answer older than this is refused with `too_stale`.",
            schema: text("^[0-9]{1,15}$", maxLength: 15)),
        SharedParameter(
            key: "MinIndex", header: "Watchword-Min-Index",
            summary: "Waits until the node has applied this index, which an answer has carried.",
            schema: text("^[0-9]{1,18}$", maxLength: 18)),
        SharedParameter(
            key: "Timeout", header: "Watchword-Timeout-Ms",
            summary:
                "The request's deadline: 5,000 by default, 100 to 30,000; others count as these.",
            schema: text("^[0-9]{1,15}$", maxLength: 15)),
        SharedParameter(
            key: "NoForward", header: "Watchword-No-Forward",
            summary: "With `true` a node that does not lead answers 307 with the leader's URL.",
            schema: .object(["type": .string("string"), "enum": .strings(["true", "false"])])),
        SharedParameter(
            key: "IdempotencyKey", header: "Idempotency-Key",
            summary: "The same key and body get the first answer again.",
            schema: text("^[\\x21-\\x7e]{1,128}$", maxLength: 128)),
        SharedParameter(
            key: "IfMatch", header: "If-Match",
            summary: "The `ETag` that the object must have, or `*`.",
            schema: text("^(\\*|\"[0-9]{1,18}\")$", maxLength: 20)),
        SharedParameter(
            key: "IfNoneMatch", header: "If-None-Match",
            summary: "With `*` nothing that is there is overwritten.",
            schema: .object(["type": .string("string"), "enum": .strings(["*"])])),
        SharedParameter(
            key: "UnlessMatch", header: "If-None-Match",
            summary: "The `ETag` that the caller has: 304 while it is still the object's.",
            schema: text("^(\\*|(W/)?\"[0-9]{1,18}\")$", maxLength: 22)),
    ]
}
