import StateStore

/// Reads faults from files, for a cluster of so many nodes.
struct FaultReader {
    let nodes: Int

    static let names = [
        "kill", "power-loss", "crash-all", "stop", "pause", "transfer", "cut", "flap", "reset",
        "slow-link", "wall-step", "drift", "freeze", "slow-disk", "full-disk", "fail-sync",
        "damage", "decay", "members", "release", "raise", "suspend", "hurt-state", "hurt-snapshot",
    ]

    /// Nil if there is no fault of this name.
    func read(_ name: String, _ fields: inout DocumentFields) throws(DocumentError) -> Fault? {
        switch name {
        case "kill", "power-loss", "stop", "pause", "suspend", "transfer", "crash-all":
            try readProcess(name, &fields)
        case "cut", "flap", "reset", "slow-link": try readNetwork(name, &fields)
        case "wall-step":
            .wallStep(
                try target(&fields),
                milliseconds: try fields.signed("milliseconds", within: 1 << 40) ?? 0)
        case "drift":
            .drift(
                try target(&fields),
                partsPerMillion: try fields.signed("ppm", within: 500_000) ?? 0)
        case "freeze": .freeze(try target(&fields), lasting: try lasting(&fields))
        case "slow-disk":
            .slowDisk(
                try target(&fields), extra: try fields.time("extra") ?? 100_000,
                lasting: try lasting(&fields))
        case "full-disk": .fullDisk(try target(&fields), lasting: try lasting(&fields))
        case "fail-sync": .failSync(try target(&fields))
        case "release":
            .release(
                try target(&fields), isNewer: try fields.truth("newer") ?? true,
                restartAfter: try restart(&fields))
        case "raise": .raise(try target(&fields))
        case "damage":
            .damage(
                try target(&fields), try damage(&fields),
                losesPower: try fields.truth("power") ?? false,
                restartAfter: try restart(&fields))
        case "decay": .decay(try target(&fields), try damage(&fields))
        case "members": .members(try readMembers(&fields))
        case "hurt-state": try readHurt(&fields)
        case "hurt-snapshot":
            .hurtSnapshot(
                try target(&fields), place: try fields.number("place", in: 0...(1 << 32)) ?? 0)
        default: nil
        }
    }

    private func readProcess(
        _ name: String, _ fields: inout DocumentFields
    ) throws(DocumentError) -> Fault {
        switch name {
        case "kill":
            return .kill(
                try target(&fields), restartAfter: try restart(&fields),
                inWrite: try fields.truth("in-write") ?? false)
        case "power-loss":
            return .powerLoss(
                try target(&fields), restartAfter: try restart(&fields),
                inWrite: try fields.truth("in-write") ?? false)
        case "crash-all":
            return .crashAll(
                isPowerLoss: try fields.truth("power") ?? false,
                restartAfter: try restart(&fields))
        case "stop": return .stop(try target(&fields), restartAfter: try restart(&fields))
        case "pause": return .pause(try target(&fields), lasting: try lasting(&fields))
        case "suspend": return .suspend(try target(&fields), lasting: try lasting(&fields))
        default:
            let target = try target(&fields)
            guard let to = fields.take("to") else { return .transfer(target, to: nil) }
            return .transfer(target, to: try node(try to.text("to"), to.line))
        }
    }

    private func readNetwork(
        _ name: String, _ fields: inout DocumentFields
    ) throws(DocumentError) -> Fault {
        if name == "reset" {
            let peer = try fields.require("peer")
            return .reset(try target(&fields), peer: try target(peer))
        }
        let shape = try shape(&fields)
        switch name {
        case "cut": return .cut(shape, lasting: try lasting(&fields))
        case "slow-link":
            return .slowLink(
                shape, extra: try fields.time("extra") ?? 50_000, lasting: try lasting(&fields))
        default:
            return .flap(
                shape, times: Int(try fields.number("times", in: 1...10_000) ?? 5),
                down: try fields.time("down") ?? 100_000, up: try fields.time("up") ?? 100_000)
        }
    }

    private func damage(_ fields: inout DocumentFields) throws(DocumentError) -> Fault.Damage {
        let value = try fields.require("kind")
        guard let kind = Fault.Damage(rawValue: try value.text("kind")) else {
            let names = Fault.Damage.allCases.map(\.rawValue).joined(separator: ", ")
            throw DocumentError(value.line, "kind is one of \(names)")
        }
        return kind
    }

    private func readHurt(_ fields: inout DocumentFields) throws(DocumentError) -> Fault {
        let target = try target(&fields)
        let value = try fields.require("kind")
        guard let kind = RowDamage(rawValue: try value.text("kind")) else {
            let names = RowDamage.allCases.map(\.rawValue).joined(separator: ", ")
            throw DocumentError(value.line, "kind is one of \(names)")
        }
        return .hurtState(
            target, kind, place: try fields.number("place", in: 0...(1 << 32)) ?? 0)
    }

    private func readMembers(
        _ fields: inout DocumentFields
    ) throws(DocumentError) -> Fault.MemberChange {
        let value = try fields.require("change")
        switch try value.text("change") {
        case "add": return .add
        case "promote": return .promote(all: try fields.truth("all") ?? true)
        case "demote": return .demote(try target(&fields))
        case "remove": return .remove(try target(&fields))
        case "replace": return .replace(try target(&fields))
        default:
            throw DocumentError(
                value.line, "change is one of add, promote, demote, remove, replace")
        }
    }

    // MARK: Parts

    private func lasting(_ fields: inout DocumentFields) throws(DocumentError) -> UInt64 {
        try DocumentFields.time(try fields.require("for"), "for")
    }

    private func restart(_ fields: inout DocumentFields) throws(DocumentError) -> UInt64 {
        try fields.time("restart") ?? 1_000_000
    }

    private func target(_ fields: inout DocumentFields) throws(DocumentError) -> Fault.Target {
        try target(try fields.require("node"))
    }

    private func target(_ value: DocumentValue) throws(DocumentError) -> Fault.Target {
        let text = try value.text("a node")
        if text == "leader" { return .leader(or: 0) }
        if text == "follower" { return .follower(0) }
        if text.hasPrefix("leader-or-") {
            return .leader(or: try node(String(text.dropFirst(10)), value.line))
        }
        if text.hasPrefix("follower-"), let number = Int(text.dropFirst(9)), number > 0 {
            return .follower(number - 1)
        }
        return .node(try node(text, value.line))
    }

    private func node(_ text: String, _ line: Int) throws(DocumentError) -> Int {
        guard text.hasPrefix("n"), let number = Int(text.dropFirst()), (1...nodes) ~= number else {
            throw DocumentError(
                line, "a node is n1 to n\(nodes), leader or follower, not \(text)")
        }
        return number - 1
    }

    private func shape(_ fields: inout DocumentFields) throws(DocumentError) -> Fault.CutShape {
        if let value = fields.take("isolate") { return .isolate(try target(value)) }
        if let value = fields.take("deafen") { return .deafen(try target(value)) }
        if let value = fields.take("mute") { return .mute(try target(value)) }
        if let value = fields.take("between") {
            let ends = try value.list("between")
            guard ends.count == 2 else {
                throw DocumentError(value.line, "between takes two nodes")
            }
            return .between(try target(ends[0]), try target(ends[1]))
        }
        if let value = fields.take("groups") { return try groups(value) }
        guard let value = fields.take("links") else {
            throw DocumentError(
                fields.line, "which links? isolate, deafen, mute, between, groups or links")
        }
        var links: [Fault.Link] = []
        for item in try value.list("links") {
            let ends = try item.text("a link").split(separator: ">")
            guard ends.count == 2 else { throw DocumentError(item.line, "a link is n1>n2") }
            links.append(
                Fault.Link(
                    from: try node(String(ends[0]), item.line),
                    to: try node(String(ends[1]), item.line)))
        }
        return .links(links)
    }

    /// Groups that do not hear each other: `[[n1, n2], [n3]]`.
    private func groups(_ value: DocumentValue) throws(DocumentError) -> Fault.CutShape {
        var groups: [[Int]] = []
        for group in try value.list("groups") {
            var members: [Int] = []
            for member in try group.list("a group") {
                members.append(try node(try member.text("a node"), member.line))
            }
            groups.append(members)
        }
        var links: [Fault.Link] = []
        for (position, group) in groups.enumerated() {
            for other in groups[(position + 1)...] {
                links += PartitionShape.separate(group, other, bothWays: true)
            }
        }
        return .links(links)
    }
}
