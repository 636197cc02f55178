/// Looks at a run event by event, to compare it with another one that should be the same: another
/// process, another build, another machine.
///
/// What it tells are lines. Runs are the same if their lines are.
public struct EventWatch {
    /// A checkpoint is told after so many events.
    public static let stepEvents: UInt64 = 1_000

    /// The events that are told one by one, counted from 1. Nil: only checkpoints are told.
    private let events: ClosedRange<UInt64>?
    private let tell: (String) -> Void
    private var hash = TraceHash()

    public init(events: ClosedRange<UInt64>? = nil, tell: @escaping (String) -> Void) {
        self.events = events
        self.tell = tell
    }

    /// The events between the checkpoint before this one and this one.
    public static func events(before checkpoint: Int) -> ClosedRange<UInt64> {
        let last = (UInt64(checkpoint) + 1) * stepEvents
        return (last - stepEvents + 1)...last
    }

    /// An event was handled. Every one counts, also those that leave no word in the trace.
    mutating func handled(
        _ event: WorldEvent, number: UInt64, at time: UInt64, _ trace: TraceHash
    ) {
        let told = event.told
        hash.mix(time)
        hash.mix(TraceHash.digest(Array(told.utf8)))
        hash.mix(trace.value)
        if let events {
            if events.contains(number) { tell("event \(number) at \(time) µs, \(told), \(trace)") }
        } else if number.isMultiple(of: Self.stepEvents) {
            tell("checkpoint \(number) \(hash)")
        }
    }

    /// The run is over.
    func finish(number: UInt64, _ trace: TraceHash) {
        tell("end \(number) \(hash) \(trace)")
    }
}

extension WorldEvent {
    /// The event in a few words, with everything that tells it from others.
    var told: String {
        func name(_ node: Int) -> String { "n\(node + 1)" }
        return switch self {
        case .turn(let node, let epoch): "turn of \(name(node)), process \(epoch)"
        case .timer(let node, let epoch): "timer of \(name(node)), process \(epoch)"
        case .deliver(let packet):
            "message \(name(packet.from))→\(name(packet.to)), \(packet.bytes.count) bytes, digest "
                + String(TraceHash.digest(packet.bytes), radix: 16)
        case .diskDone(let node, let epoch): "disk of \(name(node)), process \(epoch)"
        case .applyDone(let node, let epoch): "apply of \(name(node)), process \(epoch)"
        case .dial(let from, let to, _): "\(name(from)) dials \(name(to))"
        case .dialled(let from, let to, _, let run):
            "\(name(from)) has dialled \(name(to)), process \(run)"
        case .lost(let from, let to, let connection, let isClosed):
            "\(name(from)) loses connection \(connection) to \(name(to)), closed: \(isClosed)"
        case .silence(let from, let to, _, let connection):
            "\(name(from)) hears nothing on connection \(connection) to \(name(to))"
        case .start(let node): "start of \(name(node))"
        case .resume(let node, let epoch): "\(name(node)) goes on, process \(epoch)"
        case .fault(let number): "fault \(number)"
        case .heal(let cut): "cut \(cut) heals"
        case .cut(let cut): "cut \(cut)"
        case .linksRecover(let number): "slow links \(number) recover"
        case .thaw(let node): "clock of \(name(node)) goes on"
        case .diskRecovers(let node): "disk of \(name(node)) is fast again"
        case .diskHasRoom(let node): "disk of \(name(node)) has room"
        case .diskRetry(let node, let epoch): "\(name(node)) looks for room, process \(epoch)"
        case .export(let from, let to, _): "n\(from + 1) copies its state for n\(to + 1)"
        case .chunk(let transfer): "piece of snapshot \(transfer)"
        case .remove(let node): "\(name(node)) is taken away"
        case .scrub(let node, let epoch): "\(name(node)) looks through its log, process \(epoch)"
        case .register(let node, let epoch): "\(name(node)) registers, process \(epoch)"
        case .stateSync(let node, let epoch): "\(name(node)) syncs its state, process \(epoch)"
        case .duty(let node, let epoch): "\(name(node)) looks after its state, process \(epoch)"
        case .client(let client): "client \(client)"
        case .http(let event): "HTTP: \(event)"
        case .check: "look"
        case .calm: "calm"
        case .deadline: "end"
        }
    }
}
