import ByteCodec
import RaftCore
import WriteAheadLog

/// A disk that keeps to the contract of `FileSystem` and to nothing more.
///
/// What was written and not synced lives in the page cache: the end of the process does not touch
/// it, a power cut keeps any subset of its 4 KiB blocks. Names that were made, moved or removed
/// and not synced survive a power cut each by itself or not at all. A crash can be set to happen
/// in the middle of whatever is going on: then every call fails from the chosen one on.
final class SimulatedFileSystem: FileSystem {
    private static let noEntry: Int32 = 2
    static let inputOutput: Int32 = 5
    private static let badHandle: Int32 = 9
    private static let exists: Int32 = 17
    private static let noSpace: Int32 = 28

    private enum NameChange {
        case link(String, Inode)
        case rename(from: String, to: String, Inode)
        case unlink(String)
    }

    // Looked up by name; lists are sorted before they are given out.
    private var names: [String: Inode] = [:]
    private var durableNames: [String: Inode] = [:]
    private var pendingNames: [(directory: String, change: NameChange)] = []
    private var open: [Int32: (inode: Inode, path: String)] = [:]
    private var locked: Set<String> = []
    private var nextHandle: Int32 = 3
    /// Bytes that all files together may take.
    var capacityBytes = Int.max
    private(set) var usedBytes = 0
    /// Whether the next sync of a file fails.
    var failsNextSync = false
    private(set) var failedSyncs: UInt64 = 0
    /// Whether syncs of files do nothing and say that they did.
    var liesAboutSyncs = false
    /// Calls until everything fails; nil for no crash.
    var callsUntilCrash: Int?
    /// Calls so far.
    private(set) var calls: UInt64 = 0
    private(set) var syncs: UInt64 = 0

    init() {
        let root = Inode()
        root.isDirectory = true
        names["."] = root
        durableNames["."] = root
    }

    /// Whether a crash that was set has come.
    var isCrashed: Bool { callsUntilCrash == 0 }

    private func begin(_ operation: FileOperation, _ path: String) throws(FileSystemError) {
        calls += 1
        guard let left = callsUntilCrash else { return }
        guard left > 0 else { throw failure(Self.inputOutput, operation, path) }
        callsUntilCrash = left - 1
        if left == 1 { throw failure(Self.inputOutput, operation, path) }
    }

    private func failure(
        _ errno: Int32, _ operation: FileOperation, _ path: String
    ) -> FileSystemError {
        FileSystemError(errno: errno, operation: operation, path: path)
    }

    private func entry(
        _ file: FileHandle, _ operation: FileOperation
    ) throws(FileSystemError) -> (inode: Inode, path: String) {
        guard let entry = open[file.rawValue] else { throw failure(Self.badHandle, operation, "") }
        return entry
    }

    private func directory(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return String(path[..<slash])
    }

    // MARK: Files

    func open(_ path: String, _ access: FileAccess) throws(FileSystemError) -> FileHandle {
        try begin(.open, path)
        let inode: Inode
        switch (access, names[path]) {
        case (.create, .some): throw failure(Self.exists, .open, path)
        case (.create, .none):
            inode = Inode()
            names[path] = inode
            pendingNames.append((directory(of: path), .link(path, inode)))
        case (_, .some(let found)): inode = found
        case (_, .none): throw failure(Self.noEntry, .open, path)
        }
        let handle = FileHandle(rawValue: nextHandle)
        nextHandle += 1
        open[handle.rawValue] = (inode, path)
        return handle
    }

    func close(_ file: FileHandle) throws(FileSystemError) {
        let path = try entry(file, .close).path
        try begin(.close, path)
        open[file.rawValue] = nil
        locked.remove(path)
    }

    func read(
        _ file: FileHandle, at offset: Int, count: Int
    ) throws(FileSystemError) -> [UInt8] {
        let (inode, path) = try entry(file, .read)
        try begin(.read, path)
        guard !inode.isUnreadable(at: offset, count: count) else {
            throw failure(Self.inputOutput, .read, path)
        }
        return inode.read(at: offset, count: count)
    }

    func write(_ file: FileHandle, _ bytes: [UInt8], at offset: Int) throws(FileSystemError) {
        let (inode, path) = try entry(file, .write)
        let isTorn = callsUntilCrash == 1
        if isTorn, bytes.count > Inode.blockBytes {
            // The process ends in the middle of the write.
            let blocks = 1 + Int(calls % UInt64(bytes.count / Inode.blockBytes))
            try put(bytes.prefix(blocks * Inode.blockBytes), at: offset, inode, path)
        }
        try begin(.write, path)
        try put(bytes[...], at: offset, inode, path)
    }

    private func put(
        _ bytes: ArraySlice<UInt8>, at offset: Int, _ inode: Inode, _ path: String
    ) throws(FileSystemError) {
        guard !bytes.isEmpty else { return }
        let growth = max(0, offset + bytes.count - inode.count)
        guard usedBytes + growth <= capacityBytes else {
            throw failure(Self.noSpace, .write, path)
        }
        usedBytes += growth
        inode.write(bytes, at: offset)
    }

    func synchronizeData(_ file: FileHandle) throws(FileSystemError) {
        let (inode, path) = try entry(file, .synchronizeData)
        try begin(.synchronizeData, path)
        syncs += 1
        guard !failsNextSync else {
            failsNextSync = false
            failedSyncs += 1
            inode.failSync()
            throw failure(Self.inputOutput, .synchronizeData, path)
        }
        if !liesAboutSyncs { inode.synchronize() }
    }

    // MARK: Names

    func synchronizeDirectory(_ path: String) throws(FileSystemError) {
        try begin(.synchronizeDirectory, path)
        for (directory, change) in pendingNames where directory == path { carryOut(change) }
        pendingNames.removeAll { $0.directory == path }
    }

    private func carryOut(_ change: NameChange) {
        switch change {
        case .link(let path, let inode): durableNames[path] = inode
        case .rename(let from, let to, let inode):
            if durableNames[from] === inode { durableNames[from] = nil }
            durableNames[to] = inode
        case .unlink(let path): durableNames[path] = nil
        }
    }

    func rename(_ path: String, to newPath: String) throws(FileSystemError) {
        try begin(.rename, path)
        guard let inode = names[path] else { throw failure(Self.noEntry, .rename, path) }
        if let replaced = names[newPath] { usedBytes -= replaced.count }
        names[path] = nil
        names[newPath] = inode
        pendingNames.append((directory(of: newPath), .rename(from: path, to: newPath, inode)))
    }

    func remove(_ path: String) throws(FileSystemError) {
        try begin(.remove, path)
        guard let inode = names.removeValue(forKey: path) else {
            throw failure(Self.noEntry, .remove, path)
        }
        usedBytes -= inode.count
        pendingNames.append((directory(of: path), .unlink(path)))
    }

    func makeDirectory(_ path: String) throws(FileSystemError) {
        try begin(.makeDirectory, path)
        guard names[path] == nil else { throw failure(Self.exists, .makeDirectory, path) }
        let inode = Inode()
        inode.isDirectory = true
        names[path] = inode
        pendingNames.append((directory(of: path), .link(path, inode)))
    }

    func list(_ directory: String) throws(FileSystemError) -> [String] {
        try begin(.list, directory)
        guard names[directory]?.isDirectory == true else {
            throw failure(Self.noEntry, .list, directory)
        }
        let prefix = directory + "/"
        // Sorted, so that the order of the dictionary is seen by nobody.
        return names.keys.filter { self.directory(of: $0) == directory && $0 != "." }
            .map { $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : $0 }
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    func status(_ path: String) throws(FileSystemError) -> FileStatus? {
        try begin(.status, path)
        return names[path].map {
            FileStatus(
                kind: $0.isDirectory ? .directory : .file, sizeBytes: $0.count,
                permissions: $0.isDirectory ? 0o700 : 0o600)
        }
    }

    func lock(_ file: FileHandle) throws(FileSystemError) -> Bool {
        let path = try entry(file, .lock).path
        try begin(.lock, path)
        return locked.insert(path).inserted
    }
}

// MARK: - Crashes

extension SimulatedFileSystem {
    /// What a power cut did.
    struct Damage: Equatable {
        /// Blocks that were written, not synced, and lost.
        var blocksLost = 0
        /// Blocks that were written, not synced, and kept all the same.
        var blocksKept = 0
        /// Changes of names that were lost.
        var namesLost = 0
    }

    /// The process is gone: what it wrote stays.
    func endProcess() {
        open.removeAll()
        locked.removeAll()
        callsUntilCrash = nil
    }

    /// The power is gone: of what was not synced any part stays.
    func cutPower(_ random: inout RandomSource) -> Damage {
        endProcess()
        var damage = Damage()
        // All, nothing, or each by itself.
        let keeping = random.next(below: 4)
        func isKept(_ random: inout RandomSource) -> Bool {
            switch keeping {
            case 0: false
            case 1: true
            default: random.chance(1, in: 2)
            }
        }
        for (_, change) in pendingNames {
            if isKept(&random) { carryOut(change) } else { damage.namesLost += 1 }
        }
        pendingNames.removeAll()
        // What lay in a directory whose name was lost is gone with it.
        let directories = Set(durableNames.filter { $0.value.isDirectory }.keys)
        durableNames = durableNames.filter { directories.contains(directory(of: $0.key)) }
        names = durableNames
        for path in names.keys.sorted() {
            guard let inode = names[path], !inode.isDirectory else { continue }
            let (lost, kept) = inode.losePower { isKept(&random) }
            damage.blocksLost += lost
            damage.blocksKept += kept
        }
        usedBytes = names.values.reduce(0) { $0 + $1.count }
        return damage
    }

    /// Some of what a failed sync did not write is no longer in memory either.
    func forgetUnwritten(_ random: inout RandomSource) {
        for path in names.keys.sorted() {
            names[path]?.forgetAbandoned { random.chance(1, in: 2) }
        }
    }

    /// Damages blocks of the log that were synced, and that are neither of its last groups nor of
    /// what follows or names them; of the two copies of the newest segment's header one at most.
    ///
    /// - Returns: where; nil if there is no such block.
    func hurt(_ damage: Fault.Damage, _ random: inout RandomSource) -> String? {
        var candidates = hurtable
        guard !candidates.isEmpty else { return nil }
        // What was written last is what the state may not have yet.
        if random.chance(1, in: 2) { candidates = Array(candidates.suffix(6)) }
        var places: [String] = []
        for _ in 0..<(random.chance(1, in: 3) ? 1 + random.next(below: 3) : 1) {
            let position = Int(random.next(below: UInt64(candidates.count)))
            let (path, block, isHeader) = candidates.remove(at: position)
            if isHeader { candidates.removeAll { $0.isHeader } }
            if let inode = names[path], hurt(inode, block, damage, &random) {
                places.append("block \(block) of \(path)")
            }
            if candidates.isEmpty { break }
        }
        return places.isEmpty ? nil : places.joined(separator: ", ")
    }

    private func hurt(
        _ inode: Inode, _ block: Int, _ damage: Fault.Damage, _ random: inout RandomSource
    ) -> Bool {
        switch damage {
        case .bitFlip:
            inode.flipBit(Int(random.next(below: UInt64(Inode.blockBytes * 8))), ofBlock: block)
        case .lostWrite: inode.replace(block, withBlock: nil)
        case .misdirectedWrite:
            let other = Int(random.next(below: UInt64(inode.blockCount)))
            guard other != block else { return false }
            inode.replace(block, withBlock: other)
        case .unreadable: inode.ruin(block)
        }
        return true
    }

    // Blocks that may be damaged, the newest groups last.
    private var hurtable: [(path: String, block: Int, isHeader: Bool)] {
        let segments = names.keys.filter { $0.hasSuffix(".wal") }.sorted()
        var candidates: [(path: String, block: Int, isHeader: Bool)] = []
        for path in segments {
            guard let inode = names[path] else { continue }
            let isNewest = path == segments.last
            let last = inode.blockCount - 1
            let groups = Self.groups(inode)
            var blocks = isNewest ? [] : Array(0...last)
            if isNewest, groups.count >= 2 {
                let oldIdentifiers = last - (groups.count - 2)
                blocks = Array(oldIdentifiers...last) + Array(0..<groups[groups.count - 2])
            }
            for block in blocks where !inode.isBlank(block) {
                let isHeader = isNewest && (block == 0 || block == last)
                candidates.append((path, block, isHeader))
            }
        }
        return candidates
    }

    /// Where groups begin.
    private static func groups(_ inode: Inode) -> [Int] {
        let magic = Array("WGRP".utf8)
        return (0..<inode.blockCount).filter { inode.block($0, beginsWith: magic) }
    }
}
