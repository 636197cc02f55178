import Foundation
import Glibc

/// Passwords and secret values, which come from a file, from standard input or from a prompt, and
/// never from the command line, where every user of the machine could read them.
enum SecretInput {
    /// Reads a value: from `file` (`-` is standard input), else from a prompt without echo.
    ///
    /// One line break at the end does not count.
    static func read(file: String?, prompt: String, confirm: Bool = false) throws -> String {
        if let file {
            let data =
                file == "-"
                ? try FileHandle.standardInput.readToEnd() ?? Data()
                : try Data(contentsOf: URL(fileURLWithPath: file))
            guard let text = String(validating: data, as: UTF8.self) else {
                throw CommandFailure(.invalid, "the value is not UTF-8")
            }
            return text.hasSuffix("\n") ? String(text.dropLast()) : text
        }
        guard isatty(0) == 1 else {
            throw CommandFailure(
                .configuration, "no terminal to ask at: give a file, or - for standard input")
        }
        let first = try ask(prompt)
        if confirm {
            guard try ask("\(prompt), again") == first else {
                throw CommandFailure(.invalid, "the two do not match")
            }
        }
        return first
    }

    // The terminal's settings are a local structure that the calls fill in and read.
    private static func ask(_ prompt: String) throws -> String {
        FileHandle.standardError.write(Data("\(prompt): ".utf8))
        var settings = termios()
        guard unsafe tcgetattr(0, &settings) == 0 else { throw CommandFailure.file("tty", errno) }
        var silent = settings
        silent.c_lflag &= ~UInt32(ECHO)
        guard unsafe tcsetattr(0, TCSAFLUSH, &silent) == 0 else {
            throw CommandFailure.file("tty", errno)
        }
        defer {
            unsafe tcsetattr(0, TCSAFLUSH, &settings)
            FileHandle.standardError.write(Data("\n".utf8))
        }
        guard let line = readLine(strippingNewline: true) else {
            throw CommandFailure(.invalid, "nothing was entered")
        }
        return line
    }
}
