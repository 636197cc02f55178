internal import AuthCore
internal import AuthService

/// What the document tells of a route beyond what the route says itself.
extension Route {
    /// Whether the route only reads.
    var isRead: Bool {
        switch handler {
        case .read, .local: true
        case .steps, .confirmedSteps, .openSteps, .ending: method == "GET"
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
        case .steps, .confirmedSteps, .openSteps, .ending:
            keys += isRead ? ["MinIndex"] : ["MinIndex", "NoForward"]
        case .local: break
        }
        if isIdempotent { keys.append("IdempotencyKey") }
        if isConditional { keys += ["IfMatch", "IfNoneMatch"] }
        if mayBeUnchanged { keys.append("UnlessMatch") }
        return keys
    }

    /// Whether a read of it can be answered 304.
    var mayBeUnchanged: Bool {
        method == "GET" && answers.contains { $0.status == 200 && $0.isTagged }
    }

    /// Whether it can be answered 307, with where the leader is.
    var mayAskLeader: Bool { sharedParameters.contains("NoForward") }

    /// Every status of an error that the route may answer.
    var errorStatuses: [Int] {
        // What any bytes may be answered, before it is known where they lead.
        let unread = [400, 408, 414, 429, 431, 505]
        if case .ignored = body { return unread }
        var statuses: Set<Int> = Set(unread).union([406, 417, 500, 503])
        if case .open = gate {} else { statuses.formUnion([401, 403]) }
        if case .openSteps = handler { statuses.formUnion([401, 403]) }
        // The caller may have come without what the route is about.
        if case .anyCredential = gate { statuses.insert(404) }
        if isInTenant { statuses.insert(404) }
        if !pattern.parameterNames.isEmpty || !query.isEmpty { statuses.formUnion([404, 422]) }
        if case .json = body { statuses.formUnion([404, 411, 413, 415, 422]) }
        if isIdempotent { statuses.formUnion([409, 422]) }
        if sharedParameters.contains("MinIndex") { statuses.insert(422) }
        if isConditional { statuses.formUnion([409, 412]) }
        // Where no issuer is configured there is nothing to tell of one.
        if name == "serverMetadata" { statuses.insert(404) }
        if !isRead { statuses.formUnion([404, 409, 422, 507]) }
        return statuses.sorted()
    }

    /// The answers that it has in common with others, by status.
    var sharedResponses: [(status: Int, response: SharedResponse)] {
        var responses = errorStatuses.map { (status: $0, response: SharedResponse(status: $0)) }
        if mayBeUnchanged { responses.append((304, .unchanged)) }
        if mayAskLeader { responses.append((307, .askLeader)) }
        return responses
    }

    /// The gate in words.
    var gateWords: String {
        isInTenant ? gate.words + " And `tenants:act`, in the platform tenant." : gate.words
    }

    /// The header fields that an answer of its own may have.
    func headers(of answer: Answer) -> [SharedHeader] {
        var headers: [SharedHeader] = [.requestID, .cacheControl]
        if isVersioned { headers += SharedHeader.positions }
        if allowsStale { headers.append(.staleness) }
        if answer.isTagged { headers.append(.tag) }
        if [201, 307].contains(answer.status) { headers.append(.location) }
        if ["logIn", "createSession", "createSessionInTenant", "logOut"].contains(name) {
            headers.append(.cookie)
        }
        if case .ignored = body {
            if !isVersioned { headers.append(.index) }
            headers += SharedHeader.identity
            headers += [.challenge, .retryAfter, .errorCode, .errorStatus]
        }
        return headers
    }
}

extension Answer {
    /// Whether the object's version stands in `ETag`: every object that has one is tagged, and so
    /// is the set of keys, by a digest.
    var isTagged: Bool {
        guard case .object(let object)? = schema else { return false }
        return object.name == "JWKSet" || object.properties.contains { $0.name == "version" }
    }
}

extension Gate {
    /// The gate in words.
    var words: String {
        switch self {
        case .open(let reason): "Needs no permission: \(reason)."
        case .anyCredential: "Needs a session or a key."
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
        case "tenant_id": .objectID("ten")
        case "id" where pattern.text.contains("/members/"): .nodeName
        case "id" where pattern.text.contains("/sessions/"): .objectID("ses")
        case "id" where pattern.text.contains("/keys/"): .objectID("key")
        case "id": .objectID("usr")
        default: preconditionFailure("no rule for the path parameter \(name)")
        }
    }
}
