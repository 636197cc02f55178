/// Builds Prometheus' text exposition format, version 0.0.4.
struct MetricsText {
    private(set) var text = ""

    enum Kind: String { case counter, gauge, histogram }

    /// Begins a metric: its name, its meaning, its kind.
    mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    /// One value; labels are our own words and need no escaping beyond quotes.
    mutating func value(_ name: String, _ labels: [(String, String)] = [], _ value: Double) {
        let inside = labels.map { "\($0)=\"\(escaped($1))\"" }.joined(separator: ",")
        let number =
            value == value.rounded() && abs(value) < 1e15
            ? String(Int64(value)) : String(value)
        text += inside.isEmpty ? "\(name) \(number)\n" : "\(name){\(inside)} \(number)\n"
    }

    /// A metric with one value.
    mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: some BinaryInteger)
    {
        begin(name, kind, help)
        self.value(name, [], Double(value))
    }

    private func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            .replacing("\n", with: "\\n")
    }
}
