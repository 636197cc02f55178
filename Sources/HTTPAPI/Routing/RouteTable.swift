/// Every endpoint, and the way from a path to one of them.
struct RouteTable: Sendable {
    /// In the order of the document.
    let routes: [Route]
    /// The routes by their first two segments, so that few patterns are tried for each request.
    private let byPrefix: [String: [Int]]
    /// The routes of paths without parameters, by the whole path: of all that match it, these are
    /// the most precise.
    private let byPath: [String: [Route]]

    /// What a method and a path lead to.
    enum Match: Sendable {
        case found(Route, parameters: [String: String])
        /// The path is known, the method is not.
        case methodNotAllowed(allow: [String])
        case notFound
    }

    /// - Precondition: no two routes have the same method and pattern.
    init(_ routes: [Route]) {
        self.routes = routes
        var byPrefix: [String: [Int]] = [:]
        var byPath: [String: [Route]] = [:]
        for (index, route) in routes.enumerated() {
            byPrefix[Self.prefix(route.pattern), default: []].append(index)
            if route.pattern.isLiteral { byPath[route.pattern.text, default: []].append(route) }
        }
        self.byPrefix = byPrefix
        self.byPath = byPath
        let names = Set(routes.map { "\($0.method) \($0.pattern.text)" })
        precondition(names.count == routes.count, "a route stands in the table twice")
        precondition(Set(routes.map(\.name)).count == routes.count, "two routes have one name")
    }

    /// The route for a request. HEAD is led to GET when there is no route of its own.
    ///
    /// - Parameter path: as it was sent. What is not spelt canonically (empty segments, dots,
    ///   encoded slashes but in a secret's path) leads nowhere.
    func match(method: String, path: String) -> Match {
        if let routes = byPath[path] {
            if let route = Self.choose(routes, method) { return .found(route, parameters: [:]) }
            return .methodNotAllowed(allow: Self.allowed(routes))
        }
        return matchPattern(method: method, path: path)
    }

    private func matchPattern(method: String, path: String) -> Match {
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard path.utf8.first == UInt8(ascii: "/"),
            segments.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." })
        else { return .notFound }
        let parts = Array(segments)
        var candidates: [(precision: Int, route: Route, parameters: [String: String])] = []
        let keys = [parts.prefix(2).joined(separator: "/"), parts[0] + "/*"]
        for key in Set(keys) {
            for index in byPrefix[key] ?? [] {
                let route = routes[index]
                guard let parameters = route.pattern.match(parts) else { continue }
                candidates.append((route.pattern.precision, route, parameters))
            }
        }
        guard let best = candidates.map(\.precision).max() else { return .notFound }
        candidates.removeAll { $0.precision < best }
        guard let route = Self.choose(candidates.map(\.route), method),
            let found = candidates.first(where: { $0.route === route })
        else { return .methodNotAllowed(allow: Self.allowed(candidates.map(\.route))) }
        return .found(route, parameters: found.parameters)
    }

    /// The first of these routes that a method leads to.
    private static func choose(_ routes: [Route], _ method: String) -> Route? {
        routes.first { route in
            route.method == method || route.method == "*"
                || (method == "HEAD" && route.method == "GET")
        }
    }

    private static func allowed(_ routes: [Route]) -> [String] {
        var methods = routes.map(\.method)
        if methods.contains("GET") { methods.append("HEAD") }
        return methods.sorted()
    }

    /// The first two segments of a pattern; `*` stands for a parameter.
    private static func prefix(_ pattern: PathPattern) -> String {
        pattern.segments.prefix(2).map {
            if case .literal(let word) = $0 { word } else { "*" }
        }.joined(separator: "/")
    }
}
