internal import CLMDB

/// Why an environment could not do what it was asked.
public struct LMDBError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong, from an open set: codes of the library, of the system, and of this target.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// Negative below -30000: the library's. Positive: `errno`. Between: this target's.
        public let rawValue: Int32
        public init(rawValue: Int32) { self.rawValue = rawValue }
    }

    /// What went wrong.
    public let code: Code
    /// The call that failed, by its name in the library or the system.
    public let operation: String
    /// The directory of the environment.
    public let path: String

    public init(_ code: Code, operation: String, path: String) {
        self.code = code
        self.operation = operation
        self.path = path
    }

    public var description: String { "\(operation): \(code) (\(path))" }
}

extension LMDBError.Code {
    /// The environment failed before and refuses everything until it is opened again.
    public static let environmentFailed = Self(rawValue: -1)
    /// A file is not what this target writes: a database is missing.
    public static let databaseMissing = Self(rawValue: -2)
    /// A read view could not be opened in a bounded number of tries, because commits passed by.
    public static let readerOvertaken = Self(rawValue: -3)

    /// The key exists already, or is not the last one of an append.
    public static let keyExists = Self(rawValue: MDB_KEYEXIST)
    /// There is no such key.
    public static let notFound = Self(rawValue: MDB_NOTFOUND)
    /// A page that should be there is not: the file is damaged.
    public static let pageNotFound = Self(rawValue: MDB_PAGE_NOTFOUND)
    /// A page is not of the kind that it should be: the file is damaged.
    public static let corrupted = Self(rawValue: MDB_CORRUPTED)
    /// The library gave the environment up after a failed write of its meta page.
    public static let panic = Self(rawValue: MDB_PANIC)
    /// The file is of another version of the library.
    public static let versionMismatch = Self(rawValue: MDB_VERSION_MISMATCH)
    /// The file is not of this library.
    public static let invalid = Self(rawValue: MDB_INVALID)
    /// The map has no room left: an ordinary error, which ends only the transaction.
    public static let mapFull = Self(rawValue: MDB_MAP_FULL)
    /// There are more databases than the options allow.
    public static let databasesFull = Self(rawValue: MDB_DBS_FULL)
    /// There are more readers at once than the options allow.
    public static let readersFull = Self(rawValue: MDB_READERS_FULL)
    /// The transaction touched more pages than one can.
    public static let transactionFull = Self(rawValue: MDB_TXN_FULL)
    /// The tree is too deep for a cursor: the file is damaged.
    public static let cursorFull = Self(rawValue: MDB_CURSOR_FULL)
    /// A page has no room where it should: a defect of the library.
    public static let pageFull = Self(rawValue: MDB_PAGE_FULL)
    /// Another process made the file larger than this one's map.
    public static let mapResized = Self(rawValue: MDB_MAP_RESIZED)
    /// The database is not of the kind that the call expects.
    public static let incompatible = Self(rawValue: MDB_INCOMPATIBLE)
    /// A reader's slot was used twice.
    public static let badReaderSlot = Self(rawValue: MDB_BAD_RSLOT)
    /// The transaction failed before, or has ended.
    public static let badTransaction = Self(rawValue: MDB_BAD_TXN)
    /// A key is empty or over 511 bytes, or a value over 4 GiB.
    public static let badValueSize = Self(rawValue: MDB_BAD_VALSIZE)
    /// A database was closed, or made in a transaction that was dropped.
    public static let badDatabase = Self(rawValue: MDB_BAD_DBI)

    /// Whether the file itself was found to be damaged.
    public var isDamage: Bool {
        [
            .pageNotFound, .corrupted, .versionMismatch, .invalid, .cursorFull, .databaseMissing,
        ].contains(self)
    }
}

extension LMDBError.Code: CustomStringConvertible {
    public var description: String {
        switch self {
        case .environmentFailed: "environment failed before"
        case .databaseMissing: "database missing"
        case .readerOvertaken: "reader overtaken by commits"
        default:
            // The proof: mdb_strerror answers a static string, or strerror's for the system's
            // codes, which is copied before the thread can ask for another.
            unsafe "\(String(cString: mdb_strerror(rawValue))) [\(rawValue)]"
        }
    }
}
