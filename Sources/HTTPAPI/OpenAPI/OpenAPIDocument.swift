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
                "responses": .object(Self.sharedResponses),
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
            JSONMember("description", .string(route.gateWords)),
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
            response.append(
                JSONMember("headers", .object(Self.headers(route.headers(of: answer)))))
            if let schema = answer.schema {
                response.append(
                    JSONMember(
                        "content",
                        .object([answer.mediaType: .object(["schema": json(schema)])])))
            }
            members.append(JSONMember(String(answer.status), .object(response)))
        }
        for (status, response) in route.sharedResponses
        where !route.answers.contains(where: { $0.status == status }) {
            members.append(
                JSONMember(String(status), Self.reference("responses", response.rawValue)))
        }
        return members.sorted { $0.name < $1.name }
    }

    static func reference(_ kind: String, _ name: String) -> JSONValue {
        .object(["$ref": .string("#/components/\(kind)/\(name)")])
    }

    /// As far as a pattern can say it: what else is no time is a day that its month does not have.
    private static let timePattern =
        "^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
        + "T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\\.[0-9]{3}Z$"
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
                "pattern": .string(Self.timePattern),
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
}
