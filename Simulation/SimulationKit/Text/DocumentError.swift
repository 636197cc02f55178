/// What is wrong with a file, and where.
public struct DocumentError: Error, Equatable, CustomStringConvertible {
    /// Counted from 1.
    public let line: Int
    public let message: String

    init(_ line: Int, _ message: String) {
        self.line = line
        self.message = message
    }

    public var description: String { "line \(line): \(message)" }
}
