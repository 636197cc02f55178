/// Ends the process, with the reason in the log: a store that failed must promise nothing more.
public struct FatalError: Sendable {
    private let end: @Sendable (_ reason: String) -> Never

    /// `end` writes the reason down and ends the process at once, without cleaning up.
    public init(_ end: @escaping @Sendable (_ reason: String) -> Never) { self.end = end }

    /// Ends the process.
    public func callAsFunction(_ reason: String) -> Never { end(reason) }
}
