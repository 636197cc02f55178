internal import APITypes
internal import AuthCore

/// The description of the whole API as OpenAPI 3.1, made from the table of routes.
struct OpenAPIDocument {
    /// The document.
    static func make(_ table: RouteTable, version: String) -> JSONValue {
        var document = OpenAPIDocument()
        let paths = document.paths(table)
        return .object([
            "openapi": .string("3.1.0"),
            "info": .object([
                "title": .string("Watchword"),
                "version": .string(version),
                "description": .string(
                    "A clustered, replicated store for users, roles, sessions and secrets."),
            ]),
            "servers": .array([.object(["url": .string("/")])]),
            "paths": .object(paths),
            "components": .object([
                "securitySchemes": .object([
                    "session": .object([
                        "type": .string("http"), "scheme": .string("bearer"),
                        "description": .string("A session token."),
                    ])
                ]),
                "parameters": .object(Self.sharedParameters),
                "headers": .object(Self.sharedHeaders),
                "responses": .object([
                    "Problem": .object([
                        "description": .string("What is wrong (RFC 9457)."),
                        "content": .object([
                            ProblemDetails.mediaType: .object([
                                "schema": Self.reference("schemas", "Problem")
                            ])
                        ]),
                    ])
                ]),
                "schemas": .object(
                    [JSONMember("Problem", Self.problemSchema)]
                        + document.schemas.sorted { $0.name < $1.name }),
            ]),
        ])
    }

    /// Schemas with a name, gathered while the paths are written.
    private var schemas: [JSONMember] = []

    private mutating func paths(_ table: RouteTable) -> [JSONMember] {
        var paths: [JSONMember] = []
        for route in table.routes {
            let methods =
                route.method == "*"
                ? ["get", "put", "post", "delete", "options", "head", "patch", "trace"]
                : [route.method.asciiLowercased]
            for method in methods {
                let name = methods.count == 1 ? route.name : "\(route.name)_\(method)"
                let member = JSONMember(method, operation(route, name: name))
                let index = paths.firstIndex { $0.name == route.pattern.text }
                if let index, case .object(var operations) = paths[index].value {
                    operations.append(member)
                    paths[index].value = .object(operations)
                } else {
                    paths.append(JSONMember(route.pattern.text, .object([member])))
                }
            }
        }
        return paths
    }

    private mutating func operation(_ route: Route, name: String) -> JSONValue {
        var members: [JSONMember] = [
            JSONMember("operationId", .string(name)),
            JSONMember("summary", .string(route.summary)),
            JSONMember("description", .string(route.gate.words)),
        ]
        let parameters = self.parameters(route)
        if !parameters.isEmpty { members.append(JSONMember("parameters", .array(parameters))) }
        if case .json(let schema, _, _, let isOptional) = route.body {
            members.append(
                JSONMember(
                    "requestBody",
                    .object([
                        "required": .bool(!isOptional),
                        "content": .object([
                            MediaType.json: .object(["schema": json(schema)])
                        ]),
                    ])))
        }
        members.append(JSONMember("responses", .object(responses(route))))
        if case .open = route.gate {
            members.append(JSONMember("security", .array([])))
        } else {
            members.append(
                JSONMember("security", .array([.object(["session": .array([])])])))
        }
        return .object(members)
    }

    private mutating func parameters(_ route: Route) -> [JSONValue] {
        var parameters: [JSONValue] = []
        for name in route.pattern.parameterNames {
            parameters.append(
                .object([
                    "name": .string(name), "in": .string("path"), "required": .bool(true),
                    "schema": json(.text(PathParameter.rule(name, in: route.pattern))),
                ]))
        }
        for parameter in route.query {
            let schema =
                parameter.repeats ? Schema.array(parameter.schema, countMax: 16) : parameter.schema
            parameters.append(
                .object([
                    "name": .string(parameter.name), "in": .string("query"),
                    "required": .bool(parameter.isRequired),
                    "description": .string(parameter.summary), "schema": json(schema),
                ]))
        }
        parameters += route.sharedParameters.map { Self.reference("parameters", $0) }
        return parameters
    }

    private mutating func responses(_ route: Route) -> [JSONMember] {
        var members: [JSONMember] = []
        for answer in route.answers {
            var response: [JSONMember] = [JSONMember("description", .string(answer.summary))]
            if route.isVersioned {
                response.append(
                    JSONMember(
                        "headers",
                        .object([
                            "Watchword-Index": Self.reference("headers", "Watchword-Index"),
                            "X-Request-ID": Self.reference("headers", "X-Request-ID"),
                        ])))
            }
            if let schema = answer.schema {
                response.append(
                    JSONMember(
                        "content",
                        .object([answer.mediaType: .object(["schema": json(schema)])])))
            }
            members.append(JSONMember(String(answer.status), .object(response)))
        }
        for status in route.errorStatuses
        where !route.answers.contains(where: { $0.status == status }) {
            members.append(
                JSONMember(String(status), Self.reference("responses", "Problem")))
        }
        return members.sorted { $0.name < $1.name }
    }

    static func reference(_ kind: String, _ name: String) -> JSONValue {
        .object(["$ref": .string("#/components/\(kind)/\(name)")])
    }
}

extension OpenAPIDocument {
    /// A schema as JSON Schema 2020-12 writes it. Schemas with a name are gathered.
    mutating func json(_ schema: Schema) -> JSONValue {
        switch schema {
        case .text(let rule):
            var members = [JSONMember("type", .string("string"))]
            members.append(JSONMember("minLength", .integer(Int64(rule.lengthMin))))
            members.append(JSONMember("maxLength", .integer(Int64(rule.lengthMax))))
            if let pattern = rule.pattern {
                members.append(JSONMember("pattern", .string(pattern)))
            }
            if let format = rule.format { members.append(JSONMember("format", .string(format))) }
            if let example = rule.example {
                members.append(JSONMember("examples", .array([.string(example)])))
            }
            return .object(members)
        case .time:
            return .object([
                "type": .string("string"), "format": .string("date-time"),
                "pattern": .string("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z$"),
            ])
        case .integer(let range):
            return .object([
                "type": .string("integer"), "minimum": .unsigned(range.lowerBound),
                "maximum": .unsigned(range.upperBound),
            ])
        case .boolean: return .object(["type": .string("boolean")])
        case .array(let element, let countMax):
            return .object([
                "type": .string("array"), "items": json(element),
                "maxItems": .integer(Int64(countMax)),
            ])
        case .freeObject: return .object(["type": .string("object")])
        case .nullable(let schema):
            return .object(["anyOf": .array([json(schema), .object(["type": .string("null")])])])
        case .object(let object): return self.object(object)
        }
    }

    private mutating func object(_ schema: ObjectSchema) -> JSONValue {
        if let name = schema.name {
            if !schemas.contains(where: { $0.name == name }) {
                // The place is taken first, in case the schema speaks of itself.
                schemas.append(JSONMember(name, .null))
                let body = members(schema)
                schemas[schemas.firstIndex { $0.name == name }!].value = body
            }
            return Self.reference("schemas", name)
        }
        return members(schema)
    }

    private mutating func members(_ schema: ObjectSchema) -> JSONValue {
        var properties: [JSONMember] = []
        for property in schema.properties {
            var body = json(property.schema)
            if let summary = property.summary, case .object(var members) = body {
                members.append(JSONMember("description", .string(summary)))
                body = .object(members)
            }
            properties.append(JSONMember(property.name, body))
        }
        return .object([
            "type": .string("object"),
            "properties": .object(properties),
            "required": .strings(schema.properties.filter(\.isRequired).map(\.name)),
            "additionalProperties": .bool(false),
        ])
    }

    private static var problemSchema: JSONValue {
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

    private static var sharedHeaders: [JSONMember] {
        [
            JSONMember(
                "Watchword-Index",
                .object([
                    "description": .string("The applied index that the answer reflects."),
                    "schema": .object(["type": .string("string"), "pattern": .string("^[0-9]+$")]),
                ])),
            JSONMember(
                "X-Request-ID",
                .object([
                    "description": .string("The name of this request in logs and audit trail."),
                    "schema": .object(["type": .string("string")]),
                ])),
        ]
    }

    private static var sharedParameters: [JSONMember] {
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
            summary: "Waits until the node has applied this index.",
            schema: text("^[0-9]{1,18}$", maxLength: 18)),
        SharedParameter(
            key: "Timeout", header: "Watchword-Timeout-Ms",
            summary: "The request's deadline: 5,000 by default, at most 30,000.",
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
    ]
}

extension Route {
    /// Whether the route only reads.
    var isRead: Bool {
        switch handler {
        case .read, .local: true
        case .steps, .openSteps: method == "GET"
        }
    }

    /// The shared parameters that the route takes, by their keys in the document.
    var sharedParameters: [String] {
        guard isVersioned else { return [] }
        if case .ignored = body { return [] }
        var keys = ["Timeout"]
        switch handler {
        case .read(let stale, _):
            keys.append("MinIndex")
            if stale { keys += ["Consistency", "MaxStaleness"] }
        case .steps, .openSteps: keys += isRead ? ["MinIndex"] : ["MinIndex", "NoForward"]
        case .local: break
        }
        if isIdempotent { keys.append("IdempotencyKey") }
        if isConditional { keys += ["IfMatch", "IfNoneMatch"] }
        return keys
    }

    /// Every status of an error that the route may answer.
    var errorStatuses: [Int] {
        if case .ignored = body { return [] }
        var statuses: Set<Int> = [400, 406, 417, 429, 431, 500, 503]
        if case .open = gate {} else { statuses.formUnion([401, 403]) }
        if case .openSteps = handler { statuses.formUnion([401, 403]) }
        if !pattern.parameterNames.isEmpty || !query.isEmpty { statuses.formUnion([404, 422]) }
        if case .json = body { statuses.formUnion([404, 411, 413, 415, 422]) }
        if isIdempotent { statuses.formUnion([409, 422]) }
        if isConditional { statuses.formUnion([409, 412]) }
        if !isRead { statuses.formUnion([404, 409, 422, 507]) }
        return statuses.sorted()
    }
}

extension Gate {
    /// The gate in words.
    var words: String {
        switch self {
        case .open(let reason): "Needs no permission: \(reason)."
        case .anySession: "Needs a live session."
        case .permission(let permission): "Needs `\(permission.string)`."
        case .permissionUnlessOwn(let permission):
            "Needs `\(permission.string)`, except for what is the caller's own."
        case .secret(let permission, _):
            "Needs `\(permission.string)`, or the same narrowed to the path."
        case .anyBelow(let permission):
            "Needs `\(permission.string)`, or the same narrowed: then only what lies below shows."
        }
    }
}

/// The form of parameters within paths.
enum PathParameter {
    static func rule(_ name: String, in pattern: PathPattern) -> TextRule {
        switch name {
        case "path": .secretPath
        case "name": .roleName
        case "id" where pattern.text.contains("/sessions/"): .objectID("ses")
        case "id": .objectID("usr")
        default: preconditionFailure("no rule for the path parameter \(name)")
        }
    }
}
