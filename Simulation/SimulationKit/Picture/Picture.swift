import ByteCodec

/// A run as one page of HTML that needs nothing else: lanes for nodes and clients over time.
///
/// The data is a few arrays of numbers, and of texts that are each kept once; the page draws of it
/// what is in sight.
struct Picture {
    private let recording: Recording
    private let report: SimulationReport
    private var texts: [String] = []
    // Looked up, never iterated.
    private var numbers: [String: Int] = [:]

    init(_ recording: Recording, _ report: SimulationReport) {
        self.recording = recording
        self.report = report
    }

    /// The whole page.
    mutating func page() -> String {
        let data = data()
        return PicturePage.html
            .replacingFirst("/*STYLE*/", by: PicturePage.style)
            .replacingFirst("/*DATA*/", by: "const data = \(data);")
            .replacingFirst("/*SCRIPT*/", by: PictureScript.model + PictureScript.drawing)
            .replacingFirst("/*CONTROLS*/", by: PictureScript.controls)
    }

    private mutating func data() -> String {
        let messages = rows(recording.messages) { sent, picture in
            [
                "\(sent.time)", "\(sent.from)", "\(sent.to)", "\(sent.kind.rawValue)",
                "\(sent.end - sent.time)", "\(sent.fate.rawValue)", picture.number(of: sent.text),
            ]
        }
        let operations = rows(recording.operations) { operation, picture in
            [
                "\(operation.client)", "\(operation.node)", "\(operation.begin)",
                "\(operation.end - operation.begin)", "\(operation.result.rawValue)",
                picture.number(of: operation.what),
            ]
        }
        let marks = rows(recording.marks) { mark, picture in
            [
                "\(mark.time)", "\(mark.node ?? -1)", "\(mark.kind.rawValue)",
                picture.number(of: mark.text), "\(mark.end ?? 0)",
            ]
        }
        let changes = rows(recording.changes) { change, _ in
            ["\(change.time)", "\(change.node)", "\(change.state.rawValue)", "\(change.term)"]
        }
        let commits = rows(recording.commits) { commit, _ in
            ["\(commit.time)", "\(commit.node)", "\(commit.index)"]
        }
        let clients = (recording.operations.map(\.client).max() ?? -1) + 1
        return """
            {seed: \(report.seed), nodes: \(report.options.machines), clients: \(clients),
            from: \(recording.window.lowerBound),
            to: \(min(recording.window.upperBound, report.microseconds)),
            end: \(report.microseconds), isCut: \(recording.isCut),
            verdict: \(Self.quoted(verdict)), isBroken: \(report.violation != nil),
            states: \(names(Recording.State.allCases.map(\.name))),
            kinds: \(names(MessageKind.allCases.map(\.name))),
            fates: \(names(Recording.Fate.allCases.map(\.name))),
            results: \(names(Recording.Result.allCases.map(\.name))),
            markKinds: \(names(Recording.Kind.allCases.map(\.name))),
            changes: \(changes), messages: \(messages), operations: \(operations),
            marks: \(marks), commits: \(commits), texts: \(names(texts))}
            """
    }

    private var verdict: String {
        if let violation = report.violation { return "broken promise: \(violation)" }
        return report.isVacuous ? "too little happened" : "every promise was kept"
    }

    private mutating func rows<Item>(
        _ items: [Item], _ columns: (Item, inout Picture) -> [String]
    ) -> String {
        let rows = items.map { "[" + columns($0, &self).joined(separator: ",") + "]" }
        return "[" + rows.joined(separator: ",\n") + "]"
    }

    private func names(_ names: [String]) -> String {
        "[" + names.map(Self.quoted).joined(separator: ",") + "]"
    }

    private mutating func number(of text: String) -> String {
        if let number = numbers[text] { return "\(number)" }
        numbers[text] = texts.count
        texts.append(text)
        return "\(texts.count - 1)"
    }

    /// A string of JavaScript that is safe inside a `script` element.
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\" + String(scalar)
            case "<": quoted += "\\u003c"
            case "\n": quoted += "\\n"
            default: quoted += scalar.value < 32 ? " " : String(scalar)
            }
        }
        return quoted + "\""
    }
}

extension String {
    /// The text with the first occurrence of `mark` replaced.
    fileprivate func replacingFirst(_ mark: String, by text: String) -> String {
        guard let range = self.firstRange(of: mark) else {
            preconditionFailure("no \(mark) in the page")
        }
        return String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
    }
}
