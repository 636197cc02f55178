import Testing

@testable import AuthCore

@Suite("Rate limits (api.md, Objects)") struct RateLimitTests {
    @Test(
        "A number for each unit of time, in one spelling",
        arguments: [
            ("1/second", 1, 1), ("100/minute", 100, 60), ("7/hour", 7, 3_600),
            ("999999999/day", 999_999_999, 86_400),
        ])
    func reads(_ text: String, _ count: UInt32, _ seconds: UInt64) throws {
        let limit = try #require(RateLimit(text))
        #expect(limit.count == count && limit.unit.seconds == seconds)
        #expect(limit.description == text)
    }

    @Test(
        "Anything else is none",
        arguments: [
            "", "/", "100", "100/", "/minute", "0/minute", "01/minute", "1000000000/minute",
            "-1/minute", "+1/minute", "1/Minute", "1/minutes", "1/minute/", "1 /minute", "１/minute",
            "1.5/minute", "0x1/minute",
        ])
    func refuses(_ text: String) { #expect(RateLimit(text) == nil) }
}
