import Foundation
import Glibc
import LoadCore

/// Shows how a load goes: on a terminal one block that is written over again and again, elsewhere
/// a line for each interval. What programs read is kept free of it.
struct LiveDisplay {
    private let output: FileHandle
    private let isTerminal: Bool
    /// Lines of the block that stands above the cursor.
    private var shown = 0

    /// - Parameter asJSON: whether standard output belongs to a program.
    init(asJSON: Bool) {
        output = asJSON ? .standardError : .standardOutput
        isTerminal = isatty(asJSON ? 2 : 1) == 1
    }

    /// Shows one interval.
    mutating func show(_ view: LiveView) throws {
        guard isTerminal else { return try write(view.line + "\n") }
        let width = Self.columns
        let up = shown > 0 ? "\u{1B}[\(shown)A" : ""
        let lines = view.block.map { "\r\u{1B}[K\($0.prefix(width))\n" }
        try write(up + lines.joined())
        shown = lines.count
    }

    /// Leaves the block where it is, with an empty line below.
    mutating func end() throws {
        if shown > 0 { try write("\n") }
        shown = 0
    }

    private func write(_ text: String) throws { try output.write(contentsOf: Data(text.utf8)) }

    /// The width of the terminal, so that no line of a block takes two.
    private static var columns: Int {
        var size = winsize()
        // The proof: the call fills one value, which it is given.
        guard unsafe ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
