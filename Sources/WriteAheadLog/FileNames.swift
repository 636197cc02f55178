internal import RaftCore

/// The names in the log's directory, all of them of fixed length.
enum FileName: Equatable {
    /// `<sequence>-<first index>.wal`: part of the log, its header durable.
    case segment(sequence: UInt64, firstIndex: LogIndex)
    /// `free-<number>.spare`: zeros, ready to become a segment.
    case spare(UInt64)
    /// `free-<number>.tmp`: a file whose contents mean nothing.
    case raw(UInt64)
    /// Anything else.
    case other(String)

    init(_ name: String) {
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        let ends = parts.count == 2 ? parts[1].split(separator: ".") : []
        guard ends.count == 2, let number = Self.number(ends[0]) else {
            self = .other(name)
            return
        }
        switch (Self.number(parts[0]), parts[0], ends[1]) {
        case (let sequence?, _, "wal"):
            self = .segment(sequence: sequence, firstIndex: LogIndex(number))
        case (nil, "free", "spare"): self = .spare(number)
        case (nil, "free", "tmp"): self = .raw(number)
        default: self = .other(name)
        }
    }

    /// The name as it stands in the directory.
    var text: String {
        switch self {
        case .segment(let sequence, let firstIndex):
            "\(Self.digits(sequence))-\(Self.digits(firstIndex.rawValue)).wal"
        case .spare(let number): "free-\(Self.digits(number)).spare"
        case .raw(let number): "free-\(Self.digits(number)).tmp"
        case .other(let name): name
        }
    }

    private static func digits(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    private static func number(_ digits: Substring) -> UInt64? {
        guard digits.utf8.count == 16, let value = UInt64(digits, radix: 16),
            Self.digits(value) == digits
        else { return nil }
        return value
    }
}
