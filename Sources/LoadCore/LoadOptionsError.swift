/// Why a load cannot be as it was asked for, in a sentence for whoever asked.
public struct LoadOptionsError: Error, Equatable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
