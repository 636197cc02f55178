/// The origin of a page (RFC 6454 §6.2): scheme, host, and the port where it is not the scheme's.
public struct PageOrigin: Hashable, Sendable, CustomStringConvertible {
    /// As a browser sends it in `Origin`.
    public let description: String

    /// Takes an origin of HTTP; nil for anything else, as one with a path or a slash at the end,
    /// which no browser sends.
    public init?(_ text: String) {
        let schemes = ["https://", "http://"]
        guard let scheme = schemes.first(where: { text.hasPrefix($0) }) else { return nil }
        let place = text.utf8.dropFirst(scheme.utf8.count)
        let allowed = place.allSatisfy { byte in
            CharacterClass.isUnreserved(byte)
                || [UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]")].contains(byte)
        }
        guard !place.isEmpty, place.count <= 270, allowed else { return nil }
        description = text
    }
}
