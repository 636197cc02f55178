/// What is wrong with a file, everything at once, by lines.
public struct ManifestError: Error, Equatable, Sendable, CustomStringConvertible {
    /// One thing that is wrong.
    public struct Problem: Hashable, Comparable, Sendable {
        /// From 1.
        public let line: Int
        public let text: String

        public init(_ line: Int, _ text: String) {
            self.line = line
            self.text = text
        }

        public static func < (a: Self, b: Self) -> Bool {
            a.line != b.line ? a.line < b.line : a.text < b.text
        }
    }

    /// In the order of the lines; at least one.
    public let problems: [Problem]

    /// - Precondition: there is a problem.
    public init(_ problems: [Problem]) {
        precondition(!problems.isEmpty, "an error without a problem")
        self.problems = problems.sorted()
    }

    public var description: String {
        problems.map { "line \($0.line): \($0.text)" }.joined(separator: "\n")
    }
}
