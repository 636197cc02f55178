import Foundation

// Programs that measure. They are no tests: what they print depends on the machine.

let usage = """
    benchmarks audit [--rows 10000000] [--level 2] --directory DIR
        fills the audit trail of a new store in DIR, and searches it; with --level 1 as a cluster
        does before it has an index, and then takes the rows into it
    benchmarks lookup [--sessions 10000] [--requests 200000] --directory DIR
        answers look-ups of sessions in a new store in DIR, without sockets
    benchmarks scale [--sessions 10000000] [--requests 1000000] --directory DIR
        what so many sessions cost on the disk, for a look-up, and when the store is opened
    benchmarks open --directory DIR
        opens a store that is there, as each start of a node does
    """

func refuse() -> Never {
    print(usage)
    exit(2)
}

/// The values of options, each of which is there at most once.
func options(_ words: ArraySlice<String>, of known: Set<String>) -> [String: String] {
    var found: [String: String] = [:]
    var rest = words
    while let name = rest.popFirst() {
        guard known.contains(name), found[name] == nil, let value = rest.popFirst() else {
            refuse()
        }
        found[name] = value
    }
    return found
}

/// A whole number, or what stands for it.
func number(_ text: String?, or standard: UInt64) -> UInt64 {
    guard let text else { return standard }
    guard let number = UInt64(text) else { refuse() }
    return number
}

let words = CommandLine.arguments.dropFirst()
switch words.first {
case "audit":
    let found = options(words.dropFirst(), of: ["--rows", "--level", "--directory"])
    let (rows, level) = (number(found["--rows"], or: 10_000_000), number(found["--level"], or: 2))
    guard let directory = found["--directory"], rows > 0, (1...2).contains(level) else { refuse() }
    try AuditBenchmark(rows: rows, featureLevel: UInt32(level), directory: directory).run()
case "lookup":
    let found = options(words.dropFirst(), of: ["--sessions", "--requests", "--directory"])
    let sessions = number(found["--sessions"], or: 10_000)
    let requests = number(found["--requests"], or: 200_000)
    guard let directory = found["--directory"], (1...10_000_000).contains(sessions) else {
        refuse()
    }
    try LookupBenchmark(
        sessions: Int(sessions), requests: Int(clamping: requests), directory: directory
    ).run()
case "scale":
    let found = options(words.dropFirst(), of: ["--sessions", "--requests", "--directory"])
    let sessions = number(found["--sessions"], or: 10_000_000)
    let requests = number(found["--requests"], or: 1_000_000)
    guard let directory = found["--directory"], (10_000...100_000_000).contains(sessions),
        (1...1_000_000_000).contains(requests)
    else { refuse() }
    try ScaleBenchmark(
        sessions: Int(sessions), requests: Int(requests), directory: directory
    ).run()
case "open":
    let found = options(words.dropFirst(), of: ["--directory"])
    guard let directory = found["--directory"] else { refuse() }
    try ScaleBenchmark.open(directory)
default: refuse()
}
