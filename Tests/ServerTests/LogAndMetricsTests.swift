import Foundation
import Logging
import Testing

@testable import Server

@Suite("Logs") struct LogTests {
    @Test("a line is one line of JSON, whatever stands in its fields (J6)")
    func injection() throws {
        let lines = LineCollector()
        let handler = NodeLogHandler(
            label: "test", level: .info, json: true, write: { lines.append($0) })
        let logger = Logger(label: "test") { _ in handler }
        let evil = "a\r\nb\u{1B}[31m\u{2028}\u{2029}\"\\\u{7F}\0é"
        logger.info("\(evil)", metadata: ["\(evil)": "\(evil)", "list": ["1", "2"]])
        let line = try #require(lines.all.first)
        #expect(lines.all.count == 1)
        for character in ["\n", "\r", "\u{1B}", "\u{2028}", "\u{2029}", "\u{7F}", "\0"] {
            #expect(!line.contains(character))
        }
        let object = try #require(
            JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
        #expect(object["message"] == evil && object[evil] == evil)
        #expect(object["level"] == "info" && object["target"] == "test")
    }

    @Test("nothing below the level is written")
    func level() {
        let lines = LineCollector()
        let handler = NodeLogHandler(
            label: "test", level: .warning, json: false, write: { lines.append($0) })
        let logger = Logger(label: "test") { _ in handler }
        logger.info("quiet")
        logger.warning("loud", metadata: ["b": "2", "a": "1\n"])
        #expect(lines.all.count == 1)
        #expect(lines.all[0].hasSuffix(" warning test: loud a=1\\n b=2"))
    }
}

@Suite("Figures") struct FigureTests {
    @Test("the text is Prometheus' own, with labels escaped")
    func text() {
        var text = MetricsText()
        text.single("watchword_a", .gauge, "A.", 3)
        text.begin("watchword_b", .counter, "B.")
        text.value("watchword_b", [("l", "x\"\\\n"), ("m", "2")], 0.25)
        #expect(
            text.text == """
                # HELP watchword_a A.
                # TYPE watchword_a gauge
                watchword_a 3
                # HELP watchword_b B.
                # TYPE watchword_b counter
                watchword_b{l="x\\"\\\\\\n",m="2"} 0.25

                """)
    }

    @Test("requests are counted by route and status, in buckets by their upper bound")
    func buckets() throws {
        let metrics = HTTPMetrics()
        for nanoseconds: UInt64 in [1, 500_000, 500_001, 20_000_000_000] {
            metrics.count(route: "login", status: 201, nanoseconds: nanoseconds)
        }
        metrics.count(route: nil, status: 400, nanoseconds: 0)
        let (series, _) = metrics.snapshot
        #expect(
            series.map { $0.0 } == [
                .init(route: "login", status: 201), .init(route: "none", status: 400),
            ])
        #expect(series[0].1.buckets.prefix(3) == [2, 1, 0])
        #expect(series[0].1.buckets.reduce(0, +) == 3 && series[0].1.count == 4)
    }
}
