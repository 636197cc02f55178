internal import AuthCore
internal import Foundation
internal import PeerTransport
internal import RaftCore

/// Turns what was said into typed values, and notes what is wrong; a wrong value reads as some
/// harmless one, which nobody sees, because the problems are thrown in the end.
struct ConfigurationReader {
    private let sources: ConfigurationSources
    private let folder: String
    var problems: [String]

    init(_ sources: ConfigurationSources, folder: String) {
        self.sources = sources
        self.folder = folder
        problems = sources.problems
    }

    private mutating func value(_ path: String) -> String? {
        guard let key = ConfigurationKey.all.first(where: { $0.path == path }) else {
            preconditionFailure("no key \(path)")
        }
        if let said = sources.values[path], !said.isEmpty { return said }
        if key.isRequired { problems.append("\(path) is missing") }
        return key.fallback
    }

    mutating func text(_ path: String) -> String {
        guard let text = value(path) else { return "" }
        if case .word(let words)? = ConfigurationKey.all.first(where: { $0.path == path })?.kind,
            !words.contains(text)
        {
            problems.append("\(path): \(text) is none of \(words.joined(separator: ", "))")
        }
        return text
    }

    mutating func texts(_ path: String) -> [String] {
        (value(path) ?? "").split(separator: ",").map {
            $0.trimmingCharacters(in: .whitespaces)
        }
    }

    mutating func number(_ path: String) -> Int {
        guard let text = value(path) else { return 0 }
        guard
            case .number(let range)? = ConfigurationKey.all.first(where: { $0.path == path })?.kind
        else { preconditionFailure("\(path) is no number") }
        guard let number = Int(text), range.contains(number) else {
            problems.append(
                "\(path): \(text) is no whole number in \(range.lowerBound) to "
                    + "\(range.upperBound)")
            return range.lowerBound
        }
        return number
    }

    mutating func optionalRateLimit(_ path: String) -> RateLimit? {
        guard let text = value(path) else { return nil }
        guard let limit = RateLimit(text) else {
            problems.append("\(path): \(text) is no limit such as 1000/minute")
            return nil
        }
        return limit
    }

    mutating func path(_ path: String) -> String { value(path).map(absolute) ?? "" }

    mutating func optionalPath(_ path: String) -> String? { value(path).map(absolute) }

    private func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : "\(folder)/\(path)"
    }

    mutating func address(_ path: String) -> PeerAddress {
        guard let text = value(path) else { return PeerAddress(host: "127.0.0.1", port: 0) }
        guard let address = PeerAddress(parsing: text) else {
            problems.append("\(path): \(text) is not of the form host:port")
            return PeerAddress(host: "127.0.0.1", port: 0)
        }
        return address
    }

    mutating func optionalAddress(_ path: String) -> PeerAddress? {
        sources.values[path] == nil ? nil : address(path)
    }

    mutating func nodeID(_ path: String) -> NodeID {
        guard let text = value(path) else { return NodeID(0) }
        guard let node = NodeID(name: text) else {
            problems.append("\(path): \(text) is not n and a number")
            return NodeID(0)
        }
        return node
    }

    mutating func hexadecimal(_ path: String, bytes count: Int) -> [UInt8] {
        guard let text = value(path) else { return [UInt8](repeating: 0, count: count) }
        guard let bytes = Self.bytes(hexadecimal: text), bytes.count == count else {
            problems.append("\(path): not \(2 * count) hexadecimal digits")
            return [UInt8](repeating: 0, count: count)
        }
        return bytes
    }

    mutating func members(_ configured: [ConfiguredMember]) -> [NodeConfiguration.Member] {
        if configured.isEmpty { problems.append("cluster.members is missing") }
        let members = configured.compactMap { member -> NodeConfiguration.Member? in
            guard let id = NodeID(name: member.id), let peer = PeerAddress(parsing: member.peer),
                member.url.hasPrefix("http://") || member.url.hasPrefix("https://")
            else {
                problems.append(
                    "cluster.members: \(member.id), \(member.peer), \(member.url): id is n and a "
                        + "number, peer host:port, url http:// or https://")
                return nil
            }
            return NodeConfiguration.Member(id: id, peer: peer, url: member.url)
        }
        if Set(members.map(\.id)).count != members.count {
            problems.append("cluster.members: an id twice")
        }
        return members
    }

    /// The bytes of hexadecimal digits, or nil.
    static func bytes(hexadecimal text: String) -> [UInt8]? {
        let digits = text.utf8.map { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count.isMultiple(of: 2), !digits.contains(nil) else { return nil }
        let values = digits.compactMap { $0 }
        return stride(from: 0, to: values.count, by: 2).map {
            UInt8(values[$0] << 4 | values[$0 + 1])
        }
    }
}
