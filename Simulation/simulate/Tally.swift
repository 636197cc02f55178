import ByteCodec
import SimulationKit

/// What came of many worlds together. Processes hand theirs over as lines.
struct Tally {
    var counters = WorldCounters()
    var downtimes = Downtimes()
    var worlds: UInt64 = 0
    var microseconds: UInt64 = 0
    /// Seconds that processors worked.
    var seconds = 0.0
    /// Worlds in which too little happened.
    var vacuous: UInt64 = 0
    /// Worlds that broke a promise.
    var broken: UInt64 = 0
    /// How often each rare branch was reached, and each place was unlucky.
    var reached = [UInt64](repeating: 0, count: Probe.allCases.count)
    var fired = [UInt64](repeating: 0, count: Buggify.allCases.count)

    /// Adds one world.
    mutating func add(_ report: SimulationReport) {
        worlds += 1
        microseconds += report.microseconds
        counters.add(report.counters)
        downtimes.add(report.downtimes)
        if report.isVacuous { vacuous += 1 }
        if report.violation != nil { broken += 1 }
    }

    /// Takes over what the nodes' code has counted in this process.
    mutating func takeProbes() {
        #if PLANTED_DEFECTS
        // The worlds are over: nobody writes to these any more.
        reached = unsafe Probe.reached
        fired = unsafe Buggify.fired
        #endif
    }

    // MARK: Lines

    /// Everything, a line for each figure.
    var lines: [String] {
        var lines = [
            "tally worlds 0 \(worlds)", "tally microseconds 0 \(microseconds)",
            "tally milliseconds 0 \(UInt64(seconds * 1_000))", "tally vacuous 0 \(vacuous)",
            "tally broken 0 \(broken)",
        ]
        for kind in WorldCounters.Kind.allCases where counters[kind] > 0 {
            lines.append("tally counter \(kind.rawValue) \(counters[kind])")
        }
        for cause in Downtimes.Cause.allCases {
            lines += downtimes.gaps[cause.rawValue].map { "tally gap \(cause.rawValue) \($0)" }
        }
        lines += reached.enumerated().map { "tally reached \($0) \($1)" }
        lines += fired.enumerated().map { "tally fired \($0) \($1)" }
        return lines
    }

    /// Adds what a line of another tally says. False if it is no such line.
    mutating func add(line: Substring) -> Bool {
        let words = line.split(separator: " ")
        guard words.count == 4, words[0] == "tally", let place = Int(words[2]),
            let value = UInt64(words[3])
        else { return false }
        switch words[1] {
        case "worlds": worlds += value
        case "microseconds": microseconds += value
        case "milliseconds": seconds += Double(value) / 1_000
        case "vacuous": vacuous += value
        case "broken": broken += value
        case "reached" where reached.indices.contains(place): reached[place] += value
        case "fired" where fired.indices.contains(place): fired[place] += value
        case "counter":
            guard let kind = WorldCounters.Kind(rawValue: place) else { return false }
            counters[kind] += value
        case "gap":
            guard let cause = Downtimes.Cause(rawValue: place) else { return false }
            downtimes.add(value, to: cause)
        default: return false
        }
        return true
    }
}
