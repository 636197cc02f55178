/// Media types, as far as this API speaks of them.
enum MediaType {
    static let json = "application/json"

    /// Whether a `Content-Type` says JSON in UTF-8.
    static func isJSON(_ contentType: String) -> Bool {
        let parts = contentType.split(separator: ";", omittingEmptySubsequences: false)
            .map { $0.trimmed.asciiLowercased }
        guard parts.first == json else { return false }
        return parts.dropFirst().allSatisfy {
            ["charset=utf-8", "charset=\"utf-8\"", ""].contains($0)
        }
    }

    /// Whether the `Accept` fields of a request allow `type` (RFC 9110 §12.5.1). Without a field
    /// everything is allowed; a range with weight 0 allows nothing.
    static func isAcceptable(_ type: String, to headers: HTTPHeaders) -> Bool {
        let ranges = headers.list("accept")
        guard !ranges.isEmpty else { return true }
        let family = String(type.prefix { $0 != "/" }) + "/*"
        return ranges.contains { element in
            let parts = element.split(separator: ";").map { $0.trimmed.asciiLowercased }
            guard let range = parts.first else { return false }
            let isRefused = parts.dropFirst().contains { parameter in
                parameter.hasPrefix("q=")
                    && parameter.utf8.dropFirst(2).allSatisfy {
                        $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: ".")
                    }
            }
            return !isRefused && (range == "*/*" || range == family || range == type)
        }
    }
}
