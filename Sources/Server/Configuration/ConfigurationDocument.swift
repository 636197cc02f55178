/// `docs/configuration.md`, from the table of keys.
enum ConfigurationDocument {
    /// The whole page.
    static var text: String {
        var lines = [
            "# Configuration",
            "",
            "A node reads one YAML file (`watchwordd --config FILE`), then environment variables,",
            "then `--set key=value` on the command line; the later one wins. A key that does not",
            "exist is refused, and everything that is wrong is told at once. `watchwordd --config",
            "FILE --check-config` only reads and checks. Secrets are never values: they lie in",
            "files of mode 0600.",
            "",
            "`WATCHWORD_KEY` and `WATCHWORD_KEY_NAME` are the API keys with which a cluster begins:",
            "[operators-guide.md](operators-guide.md#api-keys).",
            "",
            "This page is made from the table in the source; a test compares them.",
            "",
            "| key | variable | value | default | meaning |",
            "| --- | --- | --- | --- | --- |",
        ]
        for key in ConfigurationKey.all {
            let fallback = key.isRequired ? "required" : key.fallback.map { "`\($0)`" } ?? "none"
            let variable: String
            if case .members = key.kind {
                variable = "only in the file"
            } else {
                variable = "`\(key.variable)`"
            }
            lines.append(
                "| `\(key.path)` | \(variable) | \(key.kind.description) | \(fallback) | "
                    + "\(key.meaning) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
