// Plans as files: `simulate --plan FILE` runs one, `simulate shrink` prints one.

extension Plan {
    /// The whole plan. Options are named where they are not as by default.
    public func text(violates rule: String? = nil) -> String {
        var lines = ["plan: 1", "seed: \(seed)"]
        if let rule { lines.append("violates: \(rule)") }
        lines += ["nodes: \(options.nodes)", "seconds: \(options.seconds)"]
        let plain = SwarmOptions()
        let changed = SwarmOptions.named.filter { $0.get(options) != $0.get(plain) }
        if !changed.isEmpty {
            lines.append("options:")
            lines += changed.map { "  \($0.name): \($0.get(options))" }
        }
        if !faults.isEmpty {
            lines.append("faults:")
            lines += faults.map { "  - \($0.text)" }
        }
        if case .listed(let operations) = workload {
            lines.append(operations.isEmpty ? "operations: []" : "operations:")
            lines += operations.map { "  - \($0.text)" }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Reads a plan. Without `operations` clients draw what they do.
    public init(text: String) throws(DocumentError) {
        var fields = try DocumentFields(try DocumentReader.read(text), "a plan")
        guard try fields.number("plan", in: 1...1) != nil else {
            throw DocumentError(1, "a plan begins with plan: 1")
        }
        seed = try fields.number("seed", in: 0...UInt64.max) ?? 1
        // For who reads it.
        _ = fields.take("violates")
        options = SwarmOptions()
        options.nodes = Int(try fields.number("nodes", in: 1...9) ?? 3)
        options.seconds = try fields.number("seconds", in: 1...10_000_000) ?? 60
        if let value = fields.take("options") {
            var named = try DocumentFields(value, "options")
            for option in SwarmOptions.named {
                if let number = try named.number(option.name, in: 0...UInt64.max) {
                    option.set(&options, number)
                }
            }
            try named.finish()
        }
        guard options.spares <= 9 - options.nodes else {
            throw DocumentError(1, "at most 9 machines")
        }
        faults = []
        for value in try fields.take("faults")?.list("faults") ?? [] {
            faults.append(try PlannedFault(value, nodes: options.machines))
        }
        faults = PlannedFault.inOrder(faults)
        workload = .drawn
        if let value = fields.take("operations") {
            var operations: [PlannedOperation] = []
            for item in try value.list("operations") {
                operations.append(try PlannedOperation(item, nodes: options.machines))
            }
            workload = .listed(operations)
        }
        try fields.finish()
    }
}

extension PlannedFault {
    /// By time; equal times stay as they are.
    static func inOrder(_ faults: [PlannedFault]) -> [PlannedFault] {
        faults.enumerated().sorted {
            ($0.element.at, $0.offset) < ($1.element.at, $1.offset)
        }.map(\.element)
    }
}

extension PlannedOperation {
    /// One line of a list.
    var text: String {
        var fields = [
            "at: \(FileText.time(at))", "client: \(client + 1)", "node: n\(node + 1)",
            "do: \(kind.rawValue)",
        ]
        if choice > 0 { fields.append("choice: \(choice)") }
        if size > 0 { fields.append("size: \(size)") }
        if hasKey { fields.append("key: true") }
        return "{" + fields.joined(separator: ", ") + "}"
    }

    fileprivate init(_ value: DocumentValue, nodes: Int) throws(DocumentError) {
        var fields = try DocumentFields(value, "an operation")
        at = try DocumentFields.time(try fields.require("at"), "at")
        client = Int(try fields.number("client", in: 1...10_000) ?? 1) - 1
        let what = try fields.require("do")
        guard let kind = Kind(rawValue: try what.text("do")) else {
            let names = Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw DocumentError(what.line, "an operation is one of \(names)")
        }
        self.kind = kind
        let name = try fields.require("node")
        let text = try name.text("node")
        guard text.hasPrefix("n"), let number = Int(text.dropFirst()), (1...nodes) ~= number else {
            throw DocumentError(name.line, "a node is n1 to n\(nodes), not \(text)")
        }
        node = number - 1
        choice = try fields.number("choice", in: 0...UInt64.max) ?? 0
        size = Int(try fields.number("size", in: 0...1 << 20) ?? 0)
        hasKey = try fields.truth("key") ?? false
        try fields.finish()
    }
}
