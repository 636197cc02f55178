import Foundation

/// Writes for people to standard error.
enum PrintError {
    /// One line.
    static func line(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }

    /// Replaces the line that the cursor stands in, for progress on a terminal.
    static func progress(_ text: String) {
        FileHandle.standardError.write(Data("\r\u{1B}[K\(text)".utf8))
    }
}
