import Foundation

// Programs that measure. They are no tests: what they print depends on the machine.

let usage = """
    benchmarks audit [--rows 10000000] [--level 2] --directory DIR
        fills the audit trail of a new store in DIR, and searches it; with --level 1 as a cluster
        does before it has an index, and then takes the rows into it
    """
var words = Array(CommandLine.arguments.dropFirst())
var rows: UInt64 = 10_000_000
var level: UInt32 = 2
var directory: String?
guard words.first == "audit" else {
    print(usage)
    exit(2)
}
words.removeFirst()
while words.count >= 2 {
    let (word, value) = (words[0], words[1])
    words.removeFirst(2)
    switch word {
    case "--rows": rows = UInt64(value) ?? 0
    case "--level": level = UInt32(value) ?? 0
    case "--directory": directory = value
    default: words = [word]
    }
}
guard words.isEmpty, rows > 0, (1...2).contains(level), let directory else {
    print(usage)
    exit(2)
}
try AuditBenchmark(rows: rows, featureLevel: level, directory: directory).run()
