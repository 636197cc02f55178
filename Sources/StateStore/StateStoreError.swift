/// Why a store could not do what it was asked.
public struct StateStoreError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What went wrong, from an open set.
    public struct Code: RawRepresentable, Hashable, Sendable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
    }

    public let code: Code
    /// The call, the file and the system's words, without anything of a row.
    public let detail: String

    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    public var description: String { "\(code.rawValue): \(detail)" }
}

extension StateStoreError.Code {
    /// The map has no room left. Nothing has happened.
    public static let full = Self(rawValue: "full")
    /// There are too many views at once. Nothing has happened.
    public static let busy = Self(rawValue: "busy")
    /// A file or a row is not what was written: the state must be fetched from a peer.
    public static let damaged = Self(rawValue: "damaged")
    /// The disk failed, or did before: the process must end and recover from its log.
    public static let failed = Self(rawValue: "failed")
    /// The snapshot is not newer than the state.
    public static let stale = Self(rawValue: "stale")
    /// The snapshot is of another kind of store, or of an unknown version.
    public static let foreign = Self(rawValue: "foreign")
    /// The cluster uses a feature level that this release does not know: it must be upgraded.
    public static let tooOld = Self(rawValue: "too old")
    /// The snapshot was not received whole, or is another one.
    public static let notReceived = Self(rawValue: "not received")
    /// The bytes do not begin where the ones before ended.
    public static let misplaced = Self(rawValue: "misplaced")
    /// What was received is not what was announced.
    public static let mismatch = Self(rawValue: "mismatch")
}
