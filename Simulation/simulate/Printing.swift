import ByteCodec
import SimulationKit

/// Puts figures on one line each.
enum Printing {
    /// One world in full.
    static func report(_ report: SimulationReport, seconds: Double) {
        print(verdict(report))
        counters(report.counters)
        downtimes(report.downtimes)
        print("trace \(report.trace) over \(report.trace.count) words")
        speed(report.counters, microseconds: report.microseconds, seconds: seconds)
    }

    /// How a world ended, in one line.
    static func verdict(_ report: SimulationReport) -> String {
        let what =
            report.violation.map { "BROKEN \($0)" }
            ?? (report.isVacuous ? "VACUOUS: too little happened" : "kept every promise")
        return "seed \(report.seed), \(report.options.nodes) nodes: \(what)"
    }

    static func counters(_ counters: WorldCounters) {
        for kind in WorldCounters.Kind.allCases where counters[kind] > 0 {
            print("  \(padded(counters[kind])) \(kind.name)")
        }
    }

    /// Which of the rare branches in the nodes' code were reached, and which places were unlucky.
    static func probes(_ tally: Tally) {
        #if PLANTED_DEFECTS
        for probe in Probe.allCases where tally.reached[probe.rawValue] > 0 {
            print("  \(padded(tally.reached[probe.rawValue])) times \(probe)")
        }
        for place in Buggify.allCases {
            print("  \(padded(tally.fired[place.rawValue])) times unlucky: \(place)")
        }
        let missed = Probe.allCases.filter { tally.reached[$0.rawValue] == 0 }
        print("  never reached: \(missed.isEmpty ? "none" : "\(missed)")")
        #endif
    }

    static func downtimes(_ downtimes: Downtimes) {
        for cause in Downtimes.Cause.allCases {
            guard let median = downtimes.quantile(cause, perMille: 500),
                let most = downtimes.quantile(cause, perMille: 990),
                let all = downtimes.quantile(cause, perMille: 1_000)
            else { continue }
            print(
                "  no write acknowledged after \(cause.name): "
                    + "p50 \(median / 1_000) ms, p99 \(most / 1_000) ms, "
                    + "max \(all / 1_000) ms of \(downtimes.gaps[cause.rawValue].count)")
        }
    }

    /// Events per second of one core's time, and virtual time in real time. Seconds of the
    /// processor and not of the wall: what else runs on the machine makes no simulator slower.
    static func speed(_ counters: WorldCounters, microseconds: UInt64, seconds: Double) {
        let virtual = Double(microseconds) / 1_000_000
        print(
            "  \(Int(Double(counters[.events]) / seconds)) events per second and core, "
                + "\(Int(virtual)) simulated seconds in \(rounded(seconds)) s of a core, "
                + "\(Int(virtual / seconds)) times as fast as real time")
    }

    private static func rounded(_ seconds: Double) -> Double {
        (seconds * 100).rounded() / 100
    }

    private static func padded(_ number: UInt64) -> String {
        let digits = String(number)
        return String(repeating: " ", count: max(0, 12 - digits.count)) + digits
    }
}
