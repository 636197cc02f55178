import StateStore

// Faults as they are written in files.

extension PlannedFault {
    /// One line of a list: `{at: 1.5s, do: kill, node: leader, restart: 2s}`.
    var text: String {
        let fields = [("at", FileText.time(at))] + fault.fields
        return "{" + fields.map { "\($0.0): \($0.1)" }.joined(separator: ", ") + "}"
    }

    init(_ value: DocumentValue, nodes: Int) throws(DocumentError) {
        var fields = try DocumentFields(value, "a fault")
        at = try DocumentFields.time(try fields.require("at"), "at")
        let what = try fields.require("do")
        let name = try what.text("do")
        let reader = FaultReader(nodes: nodes)
        guard let fault = try reader.read(name, &fields) else {
            throw DocumentError(
                what.line,
                "no fault \(name); there are \(FaultReader.names.joined(separator: ", "))")
        }
        self.fault = fault
        try fields.finish()
    }
}

/// Numbers as files have them.
enum FileText {
    static func time(_ microseconds: UInt64) -> String {
        if microseconds % 1_000_000 == 0 { return "\(microseconds / 1_000_000)s" }
        if microseconds % 1_000 == 0 { return "\(microseconds / 1_000)ms" }
        return "\(microseconds)us"
    }
}

extension Fault.Target {
    var text: String {
        switch self {
        case .node(let node): "n\(node + 1)"
        case .leader(or: 0): "leader"
        case .leader(let node): "leader-or-n\(node + 1)"
        case .follower(0): "follower"
        case .follower(let number): "follower-\(number + 1)"
        }
    }
}

extension Fault.CutShape {
    fileprivate var fields: [(String, String)] {
        switch self {
        case .links(let links):
            [
                (
                    "links",
                    "[\(links.map { "n\($0.from + 1)>n\($0.to + 1)" }.joined(separator: ", "))]"
                )
            ]
        case .isolate(let target): [("isolate", target.text)]
        case .deafen(let target): [("deafen", target.text)]
        case .mute(let target): [("mute", target.text)]
        case .between(let target, let other): [("between", "[\(target.text), \(other.text)]")]
        }
    }
}

extension Fault {
    /// The name and everything else.
    fileprivate var fields: [(String, String)] {
        switch self {
        case .kill(let target, let restart, let inWrite):
            [
                ("do", "kill"), ("node", target.text), ("restart", FileText.time(restart)),
                ("in-write", "\(inWrite)"),
            ]
        case .powerLoss(let target, let restart, let inWrite):
            [
                ("do", "power-loss"), ("node", target.text), ("restart", FileText.time(restart)),
                ("in-write", "\(inWrite)"),
            ]
        case .crashAll(let isPowerLoss, let restart):
            [("do", "crash-all"), ("power", "\(isPowerLoss)"), ("restart", FileText.time(restart))]
        case .stop(let target, let restart):
            [("do", "stop"), ("node", target.text), ("restart", FileText.time(restart))]
        case .pause(let target, let lasting):
            [("do", "pause"), ("node", target.text), ("for", FileText.time(lasting))]
        case .suspend(let target, let lasting):
            [("do", "suspend"), ("node", target.text), ("for", FileText.time(lasting))]
        case .transfer(let target, let to):
            [("do", "transfer"), ("node", target.text)]
                + (to.map { [("to", "n\($0 + 1)")] } ?? [])
        case .cut(let shape, let lasting):
            [("do", "cut")] + shape.fields + [("for", FileText.time(lasting))]
        case .flap(let shape, let times, let down, let up):
            [("do", "flap")] + shape.fields
                + [("times", "\(times)"), ("down", FileText.time(down)), ("up", FileText.time(up))]
        case .reset(let target, let peer):
            [("do", "reset"), ("node", target.text), ("peer", peer.text)]
        case .slowLink(let shape, let extra, let lasting):
            [("do", "slow-link")] + shape.fields
                + [("extra", FileText.time(extra)), ("for", FileText.time(lasting))]
        case .wallStep, .drift, .freeze, .slowDisk, .fullDisk, .failSync, .damage, .decay,
            .members, .release, .raise, .hurtState, .hurtSnapshot:
            otherFields
        }
    }

    private var otherFields: [(String, String)] {
        switch self {
        case .wallStep(let target, let milliseconds):
            [("do", "wall-step"), ("node", target.text), ("milliseconds", "\(milliseconds)")]
        case .drift(let target, let partsPerMillion):
            [("do", "drift"), ("node", target.text), ("ppm", "\(partsPerMillion)")]
        case .freeze(let target, let lasting):
            [("do", "freeze"), ("node", target.text), ("for", FileText.time(lasting))]
        case .slowDisk(let target, let extra, let lasting):
            [
                ("do", "slow-disk"), ("node", target.text), ("extra", FileText.time(extra)),
                ("for", FileText.time(lasting)),
            ]
        case .fullDisk(let target, let lasting):
            [("do", "full-disk"), ("node", target.text), ("for", FileText.time(lasting))]
        case .failSync(let target): [("do", "fail-sync"), ("node", target.text)]
        case .members(let change): [("do", "members")] + change.fields
        case .release(let target, let isNewer, let restart):
            [
                ("do", "release"), ("node", target.text), ("newer", "\(isNewer)"),
                ("restart", FileText.time(restart)),
            ]
        case .raise(let target): [("do", "raise"), ("node", target.text)]
        case .hurtState(let target, let damage, let place):
            [
                ("do", "hurt-state"), ("node", target.text), ("kind", damage.rawValue),
                ("place", "\(place)"),
            ]
        case .hurtSnapshot(let target, let place):
            [("do", "hurt-snapshot"), ("node", target.text), ("place", "\(place)")]
        case .damage(let target, let damage, let losesPower, let restart):
            [
                ("do", "damage"), ("node", target.text), ("kind", damage.rawValue),
                ("power", "\(losesPower)"), ("restart", FileText.time(restart)),
            ]
        case .decay(let target, let damage):
            [("do", "decay"), ("node", target.text), ("kind", damage.rawValue)]
        default: preconditionFailure("\(self) is told elsewhere")
        }
    }
}

extension Fault.MemberChange {
    fileprivate var fields: [(String, String)] {
        switch self {
        case .add: [("change", "add")]
        case .promote(let all): [("change", "promote"), ("all", "\(all)")]
        case .demote(let target): [("change", "demote"), ("node", target.text)]
        case .remove(let target): [("change", "remove"), ("node", target.text)]
        case .replace(let target): [("change", "replace"), ("node", target.text)]
        }
    }
}
