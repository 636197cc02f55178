public import ByteCodec

/// A moment of UTC by the calendar, and its two spellings on the wire.
///
/// Computed by the era arithmetic of the proleptic Gregorian calendar (400 years are 146,097
/// days), because nothing on a request's path may need Foundation.
public struct CalendarTime: Equatable, Sendable {
    public let year: UInt64
    /// 1 to 12.
    public let month: UInt64
    /// 1 to 31.
    public let day: UInt64
    public let hour: UInt64
    public let minute: UInt64
    public let second: UInt64
    public let millisecond: UInt64
    /// 0 is Sunday.
    public let weekday: UInt64

    /// The last moment that has four digits for its year: 9999-12-31T23:59:59.999Z.
    public static let latest = Timestamp(milliseconds: 253_402_300_799_999)

    /// The calendar's view of `moment`; everything after `latest` reads as `latest`.
    public init(_ moment: Timestamp) {
        let milliseconds = min(moment, Self.latest).rawValue
        let days = milliseconds / 86_400_000
        let inDay = milliseconds % 86_400_000
        hour = inDay / 3_600_000
        minute = inDay / 60_000 % 60
        second = inDay / 1_000 % 60
        millisecond = inDay % 1_000
        weekday = (days + 4) % 7
        // Years begin in March here, so that the leap day is a year's last day.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// RFC 3339 with milliseconds, as `2026-07-01T12:00:00.000Z`.
    public var rfc3339: String {
        // Every place is written, with ASCII.
        unsafe String(unsafeUninitializedCapacity: 24) { text in
            _ = unsafe text.initialize(from: "0000-00-00T00:00:00.000Z".utf8)
            let fields: InlineArray<7, (UInt64, Int, Int)> = [
                (year, 0, 4), (month, 5, 2), (day, 8, 2), (hour, 11, 2), (minute, 14, 2),
                (second, 17, 2), (millisecond, 20, 3),
            ]
            for field in fields.indices {
                let (number, begin, width) = fields[field]
                var rest = number
                for place in (begin..<(begin + width)).reversed() {
                    unsafe text[place] += UInt8(truncatingIfNeeded: rest % 10)
                    rest /= 10
                }
            }
            return 24
        }
    }

    /// The form of HTTP's `Date` (RFC 9110 §5.6.7), as `Wed, 01 Jul 2026 12:00:00 GMT`.
    public var imfFixdate: String {
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        var text = Array("\(days[Int(weekday)]), ".utf8)
        append(day, 2, to: &text)
        text += Array(" \(months[Int(month) - 1]) ".utf8)
        append(year, 4, to: &text)
        text.append(UInt8(ascii: " "))
        appendTime(to: &text)
        text += Array(" GMT".utf8)
        return String(decoding: text, as: UTF8.self)
    }

    private func appendTime(to text: inout [UInt8]) {
        append(hour, 2, to: &text)
        text.append(UInt8(ascii: ":"))
        append(minute, 2, to: &text)
        text.append(UInt8(ascii: ":"))
        append(second, 2, to: &text)
    }

    /// The last `width` digits.
    private func append(_ number: UInt64, _ width: Int, to text: inout [UInt8]) {
        let begin = text.count
        var rest = number
        for _ in 0..<width { text.append(UInt8(ascii: "0")) }
        for place in (begin..<text.count).reversed() {
            text[place] += UInt8(rest % 10)
            rest /= 10
        }
    }
}

extension Timestamp {
    /// RFC 3339 with milliseconds.
    public var rfc3339: String { CalendarTime(self).rfc3339 }

    /// Reads RFC 3339 in UTC (`Z`) with at most milliseconds; nil for everything else.
    public init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        guard (20...24).contains(bytes.count), bytes.last == UInt8(ascii: "Z") else { return nil }
        func number(_ range: Range<Int>) -> UInt64? {
            var value: UInt64 = 0
            for index in range {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) else {
                    return nil
                }
                value = value * 10 + UInt64(bytes[index] - UInt8(ascii: "0"))
            }
            return value
        }
        let separators: [(Int, UInt8)] = [
            (4, UInt8(ascii: "-")), (7, UInt8(ascii: "-")), (10, UInt8(ascii: "T")),
            (13, UInt8(ascii: ":")), (16, UInt8(ascii: ":")),
        ]
        for (index, separator) in separators where bytes[index] != separator { return nil }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16),
            let second = number(17..<19),
            year >= 1970, (1...12).contains(month), day >= 1, hour < 24, minute < 60, second < 60
        else { return nil }
        var fraction: UInt64 = 0
        if bytes.count > 20 {
            guard bytes[19] == UInt8(ascii: "."), bytes.count > 21,
                let digits = number(20..<(bytes.count - 1))
            else { return nil }
            fraction = digits * [100, 10, 1][bytes.count - 22]
        }
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear / 400
        let yearOfEra = shiftedYear % 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second
        self.init(milliseconds: seconds * 1_000 + fraction)
        // A day that its month does not have comes back as another day.
        let back = CalendarTime(self)
        guard back.day == day, back.month == month else { return nil }
    }
}
