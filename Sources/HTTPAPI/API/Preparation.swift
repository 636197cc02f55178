internal import APITypes
internal import AuthService

/// Why a request never reached its handler.
struct Rejection: Error {
    /// The route, when it was found.
    var route: Route?
    private var code: ErrorCode?
    private var detail: String?
    private var headers: HTTPHeaders = [:]
    private var fixed: Reply?

    init(
        _ code: ErrorCode, _ detail: String? = nil, route: Route?, headers: HTTPHeaders = [:]
    ) {
        self.route = route
        self.code = code
        self.detail = detail
        self.headers = headers
    }

    /// Rejects with an answer of its own.
    init(_ reply: Reply, route: Route?) {
        self.route = route
        fixed = reply
    }

    init(_ failure: ServiceFailure, route: Route?) {
        self.init(failure.code, failure.detail, route: route)
    }

    /// The answer.
    func reply(_ requestID: String) -> Reply {
        if let fixed { return fixed }
        guard let code else { preconditionFailure("a rejection without a reason") }
        var reply = FailureReply.make(code, detail: detail, requestID: requestID)
        for field in headers.fields { reply.headers.add(field.name, field.value) }
        reply.code = code
        return reply
    }
}

/// The checks that every request passes on its way to a handler, in their order.
enum Preparation {
    static func route(
        _ request: HTTPRequest, _ table: RouteTable
    ) throws(Rejection) -> (Route, [String: String]) {
        switch table.match(method: request.method, path: request.path) {
        case .found(let route, let parameters): return (route, parameters)
        case .notFound: throw Rejection(.notFound, route: nil)
        case .methodNotAllowed(let allow):
            throw Rejection(
                .methodNotAllowed, route: nil, headers: ["Allow": allow.joined(separator: ", ")])
        }
    }

    /// Everything about the head but the credential.
    static func checkHead(_ request: HTTPRequest, _ route: Route) throws(Rejection) {
        if case .ignored = route.body { return }
        guard !request.head.expectsUnknown else {
            throw Rejection(.expectationFailed, route: route)
        }
        let produced = route.answers.first { $0.schema != nil || $0.mediaType != MediaType.json }
        if let produced {
            let types = [produced.mediaType, ProblemDetails.mediaType]
            guard types.contains(where: { MediaType.isAcceptable($0, to: request.headers) }) else {
                throw Rejection(.notAcceptable, route: route)
            }
        }
        switch route.body {
        case .ignored: break
        case .none:
            guard !request.head.announcesBody else {
                throw Rejection(.malformed, "this endpoint takes no body", route: route)
            }
        case .json(_, _, _, let isOptional):
            if isOptional && !request.head.announcesBody { break }
            guard request.head.framing != .none else {
                throw Rejection(.lengthRequired, route: route)
            }
            guard request.headers.count("content-type") == 1,
                MediaType.isJSON(request.headers["content-type"] ?? "")
            else { throw Rejection(.unsupportedMediaType, route: route) }
        }
    }

    /// The credential; on a route that needs one its absence is told before anything else.
    static func credential(
        _ request: HTTPRequest, _ route: Route, _ options: APIOptions
    ) throws(Rejection) -> Credential {
        // A validation finds its own, by rules of its own.
        if case .ignored = route.body { return .none }
        let credential = Credential.find(
            request, origins: options.origins, cookieCounts: route.cookieCounts)
        if case .open = route.gate { return credential }
        if case .failure(let failure) = credential.token(cookieCounts: route.cookieCounts) {
            throw Rejection(failure, route: route)
        }
        return credential
    }

    static func query(_ request: HTTPRequest, _ route: Route) throws(Rejection) -> QueryString {
        let query: QueryString
        do throws(QueryString.Fault) {
            // A validation reads its own: whatever is wrong, its answer has all headers.
            if case .ignored = route.body { return try QueryString(nil) }
            let repeats = Set(route.query.filter(\.repeats).map(\.name))
            query = try QueryString(request.head.query, repeats: repeats)
        } catch {
            throw Rejection(.malformed, "the query is malformed", route: route)
        }
        for (name, value) in query.pairs {
            guard let parameter = route.query.first(where: { $0.name == name }) else {
                throw Rejection(
                    .unknownField, "the query has a parameter that is not known", route: route)
            }
            do throws(SchemaFault) {
                try parameter.check(value)
            } catch {
                throw Rejection(error, route: route)
            }
        }
        for parameter in route.query where parameter.isRequired && query[parameter.name] == nil {
            throw Rejection(.invalid, "query.\(parameter.name) is missing", route: route)
        }
        return query
    }

    static func commonHeaders(
        _ request: HTTPRequest, _ route: Route, _ options: APIOptions
    ) throws(Rejection) -> CommonHeaders {
        guard route.isVersioned else { return CommonHeaders(ignoring: options) }
        if case .ignored = route.body { return CommonHeaders(ignoring: options) }
        let common: CommonHeaders
        do throws(ServiceFailure) {
            common = try CommonHeaders(request.headers, options: options)
        } catch {
            throw Rejection(error, route: route)
        }
        if common.freshness.isStale, !route.allowsStale, route.isRead {
            throw Rejection(.malformed, "this endpoint is never answered stale", route: route)
        }
        return common
    }

    static func body(_ request: HTTPRequest, _ route: Route) throws(Rejection) -> JSONValue {
        guard case .json(let schema, _, _, let isOptional) = route.body else { return .null }
        if isOptional && request.body.isEmpty { return .object([JSONMember]()) }
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: request.body)
        } catch {
            throw Rejection(.malformed, "\(error)", route: route)
        }
        guard value.members != nil else {
            throw Rejection(.malformed, "the body must be an object", route: route)
        }
        do throws(SchemaFault) {
            try schema.check(value)
        } catch {
            throw Rejection(error, route: route)
        }
        return value
    }
}

extension Rejection {
    fileprivate init(_ fault: SchemaFault, route: Route) {
        switch fault {
        case .unknownField(let place):
            self.init(.unknownField, "\(place) has a field that is not known", route: route)
        case .missing(let field): self.init(.invalid, "\(field) is missing", route: route)
        case .invalid(let field, let expected):
            self.init(.invalid, "\(field): \(expected)", route: route)
        }
    }
}

extension QueryParameter {
    /// Checks a value as it stands in a query: text, of which numbers are spelt in digits.
    fileprivate func check(_ value: String) throws(SchemaFault) {
        if case .integer = schema {
            guard (1...19).contains(value.utf8.count),
                value.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                let number = Int64(value)
            else { throw .invalid("query.\(name)", expected: "a whole number") }
            try schema.check(.integer(number), at: "query.\(name)")
        } else {
            try schema.check(.string(value), at: "query.\(name)")
        }
    }
}

extension Route {
    var allowsStale: Bool {
        if case .read(let stale, _) = handler { stale } else { false }
    }
}
