import ArgumentParser
import Foundation
import Glibc

/// Why a command did not do what was asked, with the exit code that scripts can rely on.
struct CommandFailure: Error, CustomStringConvertible {
    /// What a program that called us may want to tell apart.
    enum Code: Int32 {
        /// Something went wrong that none of the others names.
        case general = 1
        /// The command line, a file or a profile is not right. (EX_USAGE)
        case configuration = 64
        /// The server refused the input. (EX_DATAERR)
        case invalid = 65
        /// What was asked for does not exist.
        case notFound = 66
        /// No node answered, or none could for now; trying again is sensible. (EX_TEMPFAIL)
        case unavailable = 75
        /// Not logged in, or not allowed. (EX_NOPERM)
        case denied = 77
        /// It exists already, or was changed meanwhile.
        case conflict = 79
    }

    let code: Code
    let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    /// A file that could not be read or written.
    static func file(_ path: String, _ number: Int32) -> CommandFailure {
        CommandFailure(.configuration, "\(path): \(unsafe String(cString: strerror(number)))")
    }
}
