import Foundation
import LoadCore

/// Latencies in files for HdrHistogram's plotters.
enum HistogramFiles {
    /// Says before a load that a file could not be written behind it.
    static func check(_ path: String) throws {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        guard FileManager.default.isWritableFile(atPath: folder) else {
            throw CommandFailure(.configuration, "\(folder) is no folder that can be written to")
        }
    }

    /// All kinds together to `path`, and if there are several each to a file of its own beside it:
    /// `out.hgrm` and `out.validate.hgrm`.
    static func write(_ report: LoadReport, to path: String) throws {
        try write(report.tally.latency(), to: path)
        let kinds = RequestKind.allCases.filter { report.tally.succeeded($0) > 0 }
        guard kinds.count > 1 else { return }
        let name = path as NSString
        for kind in kinds {
            let end = name.pathExtension.isEmpty ? "" : ".\(name.pathExtension)"
            try write(
                report.tally.latency(of: kind),
                to: "\(name.deletingPathExtension).\(kind.name)\(end)")
        }
    }

    private static func write(_ histogram: LatencyHistogram, to path: String) throws {
        try Data(histogram.percentileText.utf8).write(to: URL(fileURLWithPath: path))
    }
}
