/// What a data file holds that no writer can have left there.
public struct FileDamage: Error, Equatable, Sendable, CustomStringConvertible {
    /// The page, counted from the beginning of the file; nil for the file as a whole.
    public let page: UInt64?
    /// Whether the file could not be looked into, for a reason that tells nothing of it: too many
    /// open files, no permission.
    public let isUnavailable: Bool
    /// What is wrong, without anything of a row.
    public let what: String

    init(_ what: String, page: UInt64? = nil, isUnavailable: Bool = false) {
        self.page = page
        self.isUnavailable = isUnavailable
        self.what = what
    }

    public var description: String { page.map { "page \($0): \(what)" } ?? what }
}
