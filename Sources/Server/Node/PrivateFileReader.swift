internal import Foundation

/// Reads files that hold a secret.
enum PrivateFileReader {
    /// The text of a file that only its owner may read, without the line break at its end.
    ///
    /// - Throws: `NodeStartError` when it cannot be read, is too long, or others may read it.
    static func read(_ path: String) throws -> String {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw NodeStartError("\(path) cannot be read")
        }
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        guard let mode = attributes[.posixPermissions] as? NSNumber, mode.intValue & 0o077 == 0
        else {
            throw NodeStartError("\(path) must be readable by its owner alone (mode 0600)")
        }
        guard let data = try handle.read(upToCount: 64 << 10),
            let text = String(validating: data, as: UTF8.self)
        else { throw NodeStartError("\(path) is empty, or not UTF-8") }
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}
