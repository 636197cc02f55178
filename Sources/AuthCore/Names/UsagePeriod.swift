public import ByteCodec

/// A day or a month of UTC in which requests are counted.
public enum UsagePeriod: Hashable, Sendable {
    /// Days since the Unix epoch.
    case day(UInt32)
    /// Months since the year 0.
    case month(UInt32)
}

extension UsagePeriod {
    static let dayMilliseconds: UInt64 = 86_400_000

    /// The day of a moment, in days since the Unix epoch.
    public static func day(of moment: Timestamp) -> UInt32 {
        UInt32(clamping: moment.rawValue / dayMilliseconds)
    }

    /// The month that a day is in.
    public static func month(ofDay day: UInt32) -> UsagePeriod {
        let (year, month, _) = civil(ofDay: day)
        return .month(year * 12 + month - 1)
    }

    /// The day after its last one.
    public var endDay: UInt32 {
        switch self {
        case .day(let day): day &+ 1
        case .month(let month): Self.day(year: (month + 1) / 12, month: (month + 1) % 12 + 1)
        }
    }

    /// When it ends. Exclusive.
    public var end: Timestamp { Timestamp(milliseconds: UInt64(endDay) * Self.dayMilliseconds) }

    /// Year, month (1 to 12) and day (1 to 31), by the era arithmetic of the proleptic Gregorian
    /// calendar: 400 years are 146,097 days, and years begin in March, so that the leap day is
    /// their last.
    public static func civil(ofDay day: UInt32) -> (year: UInt32, month: UInt32, day: UInt32) {
        let shifted = UInt64(day) + 719_468
        let inEra = shifted % 146_097
        let yearOfEra = (inEra - inEra / 1_460 + inEra / 36_524 - inEra / 146_096) / 365
        let inYear = inEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let march = (5 * inYear + 2) / 153
        let month = march < 10 ? march + 3 : march - 9
        let year = yearOfEra + shifted / 146_097 * 400 + (month <= 2 ? 1 : 0)
        return (UInt32(year), UInt32(month), UInt32(inYear - (153 * march + 2) / 5 + 1))
    }

    /// The first day of a month, from March of the year 0 on; those before 1970 are the epoch.
    public static func day(year: UInt32, month: UInt32, day: UInt32 = 1) -> UInt32 {
        let shiftedYear = UInt64(month <= 2 ? max(year, 1) - 1 : year)
        let yearOfEra = shiftedYear % 400
        let march = UInt64(month > 2 ? month - 3 : month + 9)
        let inYear = (153 * march + 2) / 5 + UInt64(day) - 1
        let days =
            shiftedYear / 400 * 146_097 + 365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100 + inYear
        return UInt32(days > 719_468 ? days - 719_468 : 0)
    }

    /// A byte that says which it is, and the number, most significant byte first: so that periods
    /// of a subject ascend in its rows.
    func write(to writer: inout ByteWriter) {
        switch self {
        case .day(let number):
            writer.write(UInt8(0))
            writer.write(bigEndian: number)
        case .month(let number):
            writer.write(UInt8(1))
            writer.write(bigEndian: number)
        }
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        let kind: UInt8 = try reader.read()
        let number = try reader.read(bigEndian: UInt32.self)
        switch kind {
        case 0: self = .day(number)
        case 1: self = .month(number)
        default: throw .malformed(offset: reader.offset - 5, what: "period \(kind)")
        }
    }
}
