/// What a data file holds that no writer can have left there.
public struct FileDamage: Error, Equatable, Sendable, CustomStringConvertible {
    /// The page, counted from the beginning of the file; nil for the file as a whole.
    public let page: UInt64?
    /// What is wrong, without anything of a row.
    public let what: String

    init(_ what: String, page: UInt64? = nil) {
        self.page = page
        self.what = what
    }

    public var description: String { page.map { "page \($0): \(what)" } ?? what }
}
