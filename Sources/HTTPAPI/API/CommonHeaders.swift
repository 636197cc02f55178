internal import AuthService

/// The header fields that every `/v1` endpoint understands.
struct CommonHeaders: Equatable, Sendable {
    var freshness = Freshness()
    var timeoutMilliseconds: UInt64
    var forbidsForwarding = false
    var idempotencyKey: String?

    /// Reads them.
    ///
    /// - Throws: `malformed`, naming the field.
    init(_ headers: HTTPHeaders, options: APIOptions) throws(ServiceFailure) {
        timeoutMilliseconds = options.timeoutMilliseconds
        switch try Self.single(headers, "Watchword-Consistency") {
        case nil, "linearizable": break
        case "stale": freshness.isStale = true
        default: throw .malformed("Watchword-Consistency: linearizable or stale")
        }
        freshness.staleMillisecondsMax = try Self.number(headers, "Watchword-Max-Staleness-Ms")
        freshness.minimumIndex = try Self.number(headers, "Watchword-Min-Index")
        if let timeout = try Self.number(headers, "Watchword-Timeout-Ms") {
            timeoutMilliseconds = min(
                max(timeout, options.timeoutMillisecondsMin), options.timeoutMillisecondsMax)
        }
        switch try Self.single(headers, "Watchword-No-Forward") {
        case nil, "false": break
        case "true": forbidsForwarding = true
        default: throw .malformed("Watchword-No-Forward: true or false")
        }
        if let key = try Self.single(headers, "Idempotency-Key") {
            guard (1...128).contains(key.utf8.count),
                key.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
            else { throw .malformed("Idempotency-Key: 1 to 128 visible ASCII characters") }
            idempotencyKey = key
        }
    }

    /// What counts where these fields are ignored.
    init(ignoring options: APIOptions) { timeoutMilliseconds = options.timeoutMilliseconds }

    private static func single(
        _ headers: HTTPHeaders, _ name: String
    ) throws(ServiceFailure) -> String? {
        let values = headers.all(name)
        guard values.count <= 1 else { throw .malformed("\(name) is there twice") }
        return values.first
    }

    private static func number(
        _ headers: HTTPHeaders, _ name: String
    ) throws(ServiceFailure) -> UInt64? {
        guard let text = try single(headers, name) else { return nil }
        guard (1...18).contains(text.utf8.count),
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = UInt64(text)
        else { throw .malformed("\(name): a whole number") }
        return number
    }
}
