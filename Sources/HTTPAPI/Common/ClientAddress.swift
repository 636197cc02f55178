public import AuthCore

/// Finds out who sent a request that came through proxies.
public enum ClientAddress {
    /// The address of the client: the connection's other end, or behind listed proxies the nearest
    /// address of `X-Forwarded-For` that is no listed proxy.
    ///
    /// The field is read from its end, because everything in front of what a listed proxy has
    /// appended was written by the client. Nothing is ever resolved (security A13, A20).
    public static func resolve(
        connection: String, headers: HTTPHeaders, trustedProxies: [AddressRange]
    ) -> String {
        // What the kernel tells of IPv4 has one spelling already.
        let isPlain = connection.utf8.allSatisfy { $0 < UInt8(ascii: ":") }
        if trustedProxies.isEmpty, isPlain { return connection }
        guard var nearest = IPAddress(connection) else { return connection }
        func isTrusted(_ address: IPAddress) -> Bool {
            trustedProxies.contains { $0.contains(address) }
        }
        guard isTrusted(nearest) else { return nearest.description }
        for hop in headers.list(.forwardedFor).reversed().prefix(32) {
            // What is no address ends the walk: the last proxy that vouched stays the answer.
            guard let address = IPAddress(hop) else { break }
            nearest = address
            if !isTrusted(address) { break }
        }
        return nearest.description
    }
}
