import APITypes
import ByteCodec
import Testing

@Suite("times are spelt as RFC 3339 and HTTP want them")
struct CalendarTimeTests {
    @Test(
        "known moments",
        arguments: [
            (UInt64(0), "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z", "Mon, 28 Feb 2000 23:59:59 GMT"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z", "Tue, 29 Feb 2000 00:00:00 GMT"),
            (784_111_777_000, "1994-11-06T08:49:37.000Z", "Sun, 06 Nov 1994 08:49:37 GMT"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z", "Mon, 01 Mar 2100 00:00:00 GMT"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z", "Fri, 31 Dec 9999 23:59:59 GMT"),
        ])
    func known(_ milliseconds: UInt64, _ rfc3339: String, _ http: String) {
        let moment = Timestamp(milliseconds: milliseconds)
        #expect(moment.rfc3339 == rfc3339)
        #expect(CalendarTime(moment).imfFixdate == http)
        #expect(Timestamp(rfc3339: rfc3339) == moment)
    }

    @Test("every day of eight centuries comes back from its spelling")
    func everyDay() {
        for day in stride(from: UInt64(0), to: 292_194, by: 1) {
            let moment = Timestamp(milliseconds: day * 86_400_000 + day % 86_400_000)
            guard Timestamp(rfc3339: moment.rfc3339) == moment else {
                Issue.record("day \(day): \(moment.rfc3339)")
                return
            }
        }
    }

    @Test("what lies behind the year 9999 reads as its last moment")
    func saturates() { #expect(Timestamp.max.rfc3339 == "9999-12-31T23:59:59.999Z") }

    @Test(
        "refuses other spellings and impossible days",
        arguments: [
            "", "2026-07-01", "2026-07-01T12:00:00", "2026-07-01T12:00:00+00:00",
            "2026-07-01 12:00:00Z", "2026-13-01T12:00:00Z", "2026-02-29T12:00:00Z",
            "2026-04-31T00:00:00Z", "2026-07-01T24:00:00Z", "2026-07-01T12:60:00Z",
            "1969-12-31T23:59:59Z", "2026-07-01T12:00:00.Z", "2026-07-01T12:00:00.0000Z",
            "2026-07-01T12:00:60Z", "2026-00-01T12:00:00Z", "2026-07-00T12:00:00Z",
        ])
    func refuses(_ text: String) { #expect(Timestamp(rfc3339: text) == nil) }

    @Test("reads one to three digits of a fraction")
    func fractions() {
        #expect(Timestamp(rfc3339: "1970-01-01T00:00:00.5Z")?.rawValue == 500)
        #expect(Timestamp(rfc3339: "1970-01-01T00:00:00.05Z")?.rawValue == 50)
        #expect(Timestamp(rfc3339: "1970-01-01T00:00:01Z")?.rawValue == 1_000)
    }
}
