internal import Dispatch
internal import Glibc
internal import Synchronization

/// Writes lines to standard error on a queue of its own, so that no event loop waits for whoever
/// reads them: those of a few milliseconds together, so that a busy node does not wake that queue
/// with each of them. Bounded: when the reader is too slow, lines are dropped and counted.
final class LogSink: Sendable {
    /// The process's sink.
    static let standardError = LogSink()

    private struct Contents {
        var waiting: [UInt8] = []
        var isWriting = false
        var dropped: UInt64 = 0
    }

    private let contents = Mutex(Contents())
    private let queue = DispatchQueue(label: "watchword-log", qos: .utility)

    private static let waitingBytesMax = 4 << 20
    /// How long lines wait for others.
    private static let gatherMilliseconds = 10

    /// Puts one line behind the others.
    func write(_ line: String) {
        let starts = contents.withLock { contents -> Bool in
            guard contents.waiting.count < Self.waitingBytesMax else {
                contents.dropped += 1
                return false
            }
            contents.waiting += Array(line.utf8)
            contents.waiting.append(UInt8(ascii: "\n"))
            defer { contents.isWriting = true }
            return !contents.isWriting
        }
        guard starts else { return }
        queue.asyncAfter(deadline: .now() + .milliseconds(Self.gatherMilliseconds)) { self.drain() }
    }

    /// Writes everything that waits, now, on the calling thread: for the last words of a process.
    func flush() { queue.sync { drain() } }

    private func drain() {
        while true {
            let bytes = contents.withLock { contents -> [UInt8] in
                let bytes = contents.waiting
                contents.waiting = []
                if bytes.isEmpty { contents.isWriting = false }
                return bytes
            }
            if bytes.isEmpty { return }
            writeAll(bytes)
        }
    }

    private func writeAll(_ bytes: [UInt8]) {
        var done = 0
        while done < bytes.count {
            // The buffer lives as long as the closure, and `done` stays below its count.
            let written = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(2, buffer.baseAddress! + done, bytes.count - done)
            }
            // Nobody reads any more, and there is nobody to tell.
            if written <= 0 && errno != EINTR { return }
            done += max(0, written)
        }
    }
}
