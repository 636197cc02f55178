internal import Dispatch
internal import Foundation
internal import Glibc
internal import Logging
internal import ReplicaRuntime

/// A node as a process: from its start to its last signal.
public enum NodeProcess {
    /// Runs a node until it is told to end; never returns.
    public static func run(_ configuration: NodeConfiguration) -> Never {
        LoggingSystem.bootstrap { label in
            NodeLogHandler(
                label: label, level: configuration.logLevel, json: configuration.logsJSON)
        }
        let logger = Logger(label: "watchword")
        // A peer or client that has gone is an error of that write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        // New files are for this user alone, whoever started us.
        umask(0o077)
        DescriptorLimit.raise(for: configuration, logger)
        let fatal = FatalError { reason in
            logger.critical("the node ends at once", metadata: ["reason": "\(reason)"])
            LogSink.standardError.flush()
            // Without exit handlers: nothing may be written any more.
            _exit(70)
        }
        let renew = FatalError { reason in
            logger.critical("the node begins anew", metadata: ["reason": "\(reason)"])
            LogSink.standardError.flush()
            Renewal.begin()
            // It could not: whoever watches over the process starts it again.
            _exit(71)
        }
        let node: Node
        do {
            node = try Node(
                configuration: configuration, logger: logger, fatal: fatal, renew: renew)
        } catch {
            logger.critical("the node does not start", metadata: ["reason": "\(error)"])
            LogSink.standardError.flush()
            exit(78)
        }
        let signals = SignalQueue()
        signals.handle(SIGHUP) { node.reload() }
        for number in [SIGTERM, SIGINT] {
            signals.handle(number) {
                node.stop()
                LogSink.standardError.flush()
                exit(0)
            }
        }
        withExtendedLifetime(signals) { dispatchMain() }
    }
}

/// The same program in the place of this process, under its number.
enum Renewal {
    /// Lets everything but the standard streams go with this process: sockets, and the lock of the
    /// data directory, whatever their numbers are.
    static func letDescriptorsGo() {
        let open: [Int32]
        do {
            open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
                .compactMap { Int32($0) }
        } catch {
            // Nobody says which there are: as many as there may be.
            open = Array(0..<Self.descriptorsMax)
        }
        for descriptor in open where descriptor > 2 {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
    }

    /// The most that a process has, unless somebody has raised what Linux allows.
    private static let descriptorsMax: Int32 = 1 << 20

    /// Lets TERM and INT end the next process from its first moment on. What is ignored stays so in
    /// it, and it reads a whole state before it listens. HUP stays: it reads certificates anyway.
    static func letSignalsEnd() {
        for number in [SIGTERM, SIGINT] { signal(number, SIG_DFL) }
    }

    /// Returns only when it fails.
    static func begin() {
        letDescriptorsGo()
        letSignalsEnd()
        var none = sigset_t()
        // The proof: the calls fill and read one set, which they are given.
        unsafe sigemptyset(&none)
        unsafe pthread_sigmask(SIG_SETMASK, &none, nil)
        // The proof: the words are copied by the call, which either replaces the process or
        // returns; they are not freed before.
        var words = unsafe CommandLine.arguments.map { unsafe strdup($0) }
        unsafe words.append(nil)
        unsafe execv("/proc/self/exe", words)
    }
}

/// Signals as calls on one queue, in order.
private final class SignalQueue {
    private let queue = DispatchQueue(label: "watchword-signals")
    private var sources: [any DispatchSourceSignal] = []

    /// Calls `body` at each such signal, instead of what the system would do.
    func handle(_ number: Int32, _ body: @escaping @Sendable () -> Void) {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
        source.setEventHandler(handler: body)
        source.resume()
        sources.append(source)
    }
}
