public import AuthCore
public import RaftCore

/// What the state of a stopped node is, found without opening or changing anything.
public struct StateInspection: Sendable {
    /// The state's own row; nil where there is no state that may be used.
    public let meta: StateMeta?
    /// The last entry of the snapshot that it began as.
    public let installedSnapshot: EntryID
    /// What is known of a state that was given up.
    public let lost: LostState?
    /// Why there is none that may be used; nil where there is one.
    public let damage: String?

    /// Reads a data directory, the whole state included.
    ///
    /// - Throws: `foreign`, when another release has written it; `failed`.
    public static func read(directory root: String) throws -> StateInspection {
        try translated {
            let directory = StoreDirectory(root: root, files: StoreFiles())
            do {
                guard let pointer = try directory.readCurrent() else {
                    return StateInspection(damage: "there is none")
                }
                let number = pointer.number
                if let lost = try directory.readLoss(of: number) {
                    return StateInspection(lost: lost, damage: "it was given up as damaged")
                }
                let file = directory.state(number) + "/data.mdb"
                let synced = try directory.readSynced(pointer)
                guard let check = try StateCheck.run(file: file, metaPage: synced?.metaPage) else {
                    throw StateStoreError(.failed, "\(file) is being written")
                }
                return StateInspection(
                    meta: check.meta, installedSnapshot: try directory.readOrigin(of: number))
            } catch let error as StateStoreError where error.code == .damaged {
                return StateInspection(lost: LostState(), damage: error.detail)
            }
        }
    }

    /// What is known; for tests, of a state that lies elsewhere.
    public init(
        meta: StateMeta? = nil, installedSnapshot: EntryID = .zero, lost: LostState? = nil,
        damage: String? = nil
    ) {
        self.meta = meta
        self.installedSnapshot = installedSnapshot
        self.lost = lost
        self.damage = damage
    }
}
