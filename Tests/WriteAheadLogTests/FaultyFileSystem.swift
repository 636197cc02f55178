import RaftCore
import WriteAheadLog

/// A file system in memory that fails or stops at the N-th call, and after a power cut keeps any
/// chosen part of what was not synced. The contract is that of `FileSystem`, used to the full.
final class FaultyFileSystem: FileSystem {
    enum Fault: Equatable {
        /// The call fails, once, and later ones work.
        case fail(at: Int, errno: Int32)
        /// The node stops at the call: it and all later ones do nothing and fail.
        case stop(at: Int)
        /// From this call on, nothing can take more room.
        case full(from: Int)
    }

    /// What a crash may or may not have made durable.
    enum Unit: Hashable {
        /// A block of a file that was written and not synced since.
        case block(inode: Int, number: Int)
        /// The length of a file that was made longer and not synced since.
        case length(inode: Int)
        /// A change of names in a directory that was not synced since, by its place in the list.
        case name(Int)
    }

    private struct Inode {
        var live: [UInt8] = []
        var durable: [UInt8] = []
        // Written since the last sync that worked; or before one that failed, after which a later
        // sync no longer counts for them.
        var dirty: Set<Int> = []
        var lost: Set<Int> = []
        var isLocked = false

        // What is on the disk when these blocks reached it.
        func persisted(_ blocks: Set<Int>, length: Bool) -> [UInt8] {
            var bytes = durable
            if length && live.count > bytes.count {
                bytes += [UInt8](repeating: 0, count: live.count - bytes.count)
            }
            for block in blocks {
                let start = block * FaultyFileSystem.blockBytes
                let end = min(live.count, start + FaultyFileSystem.blockBytes)
                if end > bytes.count {
                    bytes += [UInt8](repeating: 0, count: end - bytes.count)
                }
                bytes.replaceSubrange(start..<end, with: live[start..<end])
            }
            return bytes
        }
    }

    private enum NameChange {
        case add(String, Int)
        case remove(String)
        case rename(String, String, Int)

        /// The directory whose names are changed; files are moved within one only.
        var directory: String {
            switch self {
            case .add(let path, _), .remove(let path), .rename(_, let path, _):
                FaultyFileSystem.directory(of: path)
            }
        }
    }

    private static let blockBytes = 4096
    private static let directory = -1

    private var inodes: [Int: Inode] = [:]
    private var live: [String: Int] = [:]
    private var durable: [String: Int] = [:]
    private var changes: [NameChange] = []
    private var handles: [FileHandle: (inode: Int, path: String)] = [:]
    private var nextInode = 1
    private var nextHandle: Int32 = 3

    var fault: Fault?
    /// The calls made so far.
    private(set) var calls = 0
    /// Those of them that changed something.
    private(set) var changingCalls: [Int] = []
    private(set) var hasStopped = false
    private(set) var synchronizations = 0

    init(root: String) {
        live[root] = Self.directory
        durable[root] = Self.directory
    }

    // MARK: Faults

    private func step(
        _ operation: FileOperation, _ path: String, changes: Bool = false,
        takesRoom: Bool = false
    ) throws(FileSystemError) {
        calls += 1
        if changes { changingCalls.append(calls) }
        switch fault {
        case .stop(let at) where calls >= at:
            hasStopped = true
            throw FileSystemError(errno: 9999, operation: operation, path: path)
        case .fail(let at, let errno) where calls == at:
            throw FileSystemError(errno: errno, operation: operation, path: path)
        case .full(let from) where calls >= from && takesRoom:
            throw FileSystemError(errno: 28, operation: operation, path: path)
        default: break
        }
    }

    /// What a crash now may or may not keep, in a fixed order.
    var unsynced: [Unit] {
        var units: [Unit] = []
        for number in inodes.keys.sorted() {
            let inode = inodes[number]!
            for block in inode.dirty.union(inode.lost).sorted() {
                units.append(.block(inode: number, number: block))
            }
            if inode.live.count > inode.durable.count { units.append(.length(inode: number)) }
        }
        return units + changes.indices.map { .name($0) }
    }

    /// The disk after a power cut that kept these units of what was not synced.
    func afterPowerCut(keeping kept: Set<Unit>) -> FaultyFileSystem {
        let copy = FaultyFileSystem(root: "")
        copy.live = durable
        copy.nextInode = nextInode
        for (number, change) in changes.enumerated() where kept.contains(.name(number)) {
            Self.apply(change, to: &copy.live)
        }
        copy.dropOrphans()
        copy.durable = copy.live
        for (number, inode) in inodes where copy.live.values.contains(number) {
            let blocks = inode.dirty.union(inode.lost).filter {
                kept.contains(.block(inode: number, number: $0))
            }
            let bytes = inode.persisted(
                blocks, length: kept.contains(.length(inode: number)))
            copy.inodes[number] = Inode(live: bytes, durable: bytes)
        }
        return copy
    }

    // What lay in a directory whose name was lost went with it.
    private func dropOrphans() {
        while true {
            let orphans = live.keys.filter {
                $0.contains("/") && live[Self.directory(of: $0)] == nil
            }
            guard !orphans.isEmpty else { return }
            for path in orphans { live[path] = nil }
        }
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return String(path[..<slash])
    }

    /// The file system after the end of the process: nothing is lost, nothing is open.
    func afterKill() -> FaultyFileSystem {
        let copy = FaultyFileSystem(root: "")
        copy.live = live
        copy.durable = durable
        copy.changes = changes
        copy.inodes = inodes
        for number in copy.inodes.keys { copy.inodes[number]!.isLocked = false }
        copy.nextInode = nextInode
        return copy
    }

    /// The contents of a file.
    subscript(path: String) -> [UInt8]? {
        get { live[path].flatMap { inodes[$0]?.live } }
        set {
            let number = live[path]!
            inodes[number]!.live = newValue!
            inodes[number]!.durable = newValue!
        }
    }

    var paths: [String] { live.filter { $0.value != Self.directory }.keys.sorted() }

    /// Removes a file for certain.
    func lose(_ path: String) {
        live[path] = nil
        durable[path] = nil
    }

    // MARK: FileSystem

    func open(_ path: String, _ access: FileAccess) throws(FileSystemError) -> FileHandle {
        try step(.open, path, changes: access == .create, takesRoom: access == .create)
        let number: Int
        if access == .create {
            guard live[path] == nil else {
                throw FileSystemError(errno: 17, operation: .open, path: path)
            }
            number = nextInode
            nextInode += 1
            inodes[number] = Inode()
            change(.add(path, number))
        } else {
            guard let found = live[path], found != Self.directory else {
                throw FileSystemError(errno: 2, operation: .open, path: path)
            }
            number = found
        }
        let handle = FileHandle(rawValue: nextHandle)
        nextHandle += 1
        handles[handle] = (number, path)
        return handle
    }

    func close(_ file: FileHandle) throws(FileSystemError) {
        try step(.close, handles[file]!.path)
        inodes[handles[file]!.inode]!.isLocked = false
        handles[file] = nil
    }

    /// The files that are open.
    var openFiles: Int { handles.count }

    func read(
        _ file: FileHandle, at offset: Int, count: Int
    ) throws(FileSystemError) -> [UInt8] {
        let (number, path) = handles[file]!
        try step(.read, path)
        try checkReadable(number, path, at: offset, count: count)
        return Array(inodes[number]!.live.dropFirst(offset).prefix(count))
    }

    // Blocks that cannot be read.
    private var ruined: [(inode: Int, block: Int)] = []

    private func checkReadable(
        _ number: Int, _ path: String, at offset: Int, count: Int
    ) throws(FileSystemError) {
        for (ruined, block) in ruined where ruined == number {
            if block * 4096 < offset + count, offset < (block + 1) * 4096 {
                throw FileSystemError(errno: 5, operation: .read, path: path)
            }
        }
    }

    /// A block of a file can no longer be read.
    func ruin(_ path: String, block: Int) { ruined.append((live[path]!, block)) }

    /// Whether the disk can be read past the cache.
    var readsPastCache = true

    func readFromDisk(
        _ path: String, at offset: Int, count: Int
    ) throws(FileSystemError) -> [UInt8]? {
        try step(.read, path)
        guard readsPastCache else { return nil }
        guard let inode = live[path].flatMap({ inodes[$0] }) else {
            throw FileSystemError(errno: 2, operation: .open, path: path)
        }
        if let number = live[path] {
            try checkReadable(number, path, at: offset, count: count)
        }
        // Dirty pages are written first; those that a failed sync left are clean.
        let disk = inode.lost.isEmpty ? inode.live : inode.persisted(inode.dirty, length: true)
        return Array(disk.dropFirst(offset).prefix(count))
    }

    func write(_ file: FileHandle, _ bytes: [UInt8], at offset: Int) throws(FileSystemError) {
        let (number, path) = handles[file]!
        let end = offset + bytes.count
        try step(
            .write, path, changes: true, takesRoom: end > inodes[number]!.live.count)
        if end > inodes[number]!.live.count {
            let missing = end - inodes[number]!.live.count
            inodes[number]!.live += [UInt8](repeating: 0, count: missing)
        }
        inodes[number]!.live.replaceSubrange(offset..<end, with: bytes)
        for block in (offset / Self.blockBytes)...((end - 1) / Self.blockBytes) {
            inodes[number]!.dirty.insert(block)
            inodes[number]!.lost.remove(block)
        }
    }

    func synchronizeData(_ file: FileHandle) throws(FileSystemError) {
        let (number, path) = handles[file]!
        do {
            try step(.synchronizeData, path, changes: true)
        } catch {
            // The kernel now calls the pages clean; whether they reached the disk is not known.
            if !hasStopped {
                inodes[number]!.lost.formUnion(inodes[number]!.dirty)
                inodes[number]!.dirty = []
            }
            throw error
        }
        synchronizations += 1
        let inode = inodes[number]!
        inodes[number]!.durable =
            inode.lost.isEmpty ? inode.live : inode.persisted(inode.dirty, length: true)
        inodes[number]!.dirty = []
    }

    func synchronizeDirectory(_ path: String) throws(FileSystemError) {
        try step(.synchronizeDirectory, path, changes: true)
        for change in changes where change.directory == path { Self.apply(change, to: &durable) }
        changes.removeAll { $0.directory == path }
    }

    func rename(_ path: String, to newPath: String) throws(FileSystemError) {
        try step(.rename, path, changes: true)
        change(.rename(path, newPath, live[path]!))
    }

    func remove(_ path: String) throws(FileSystemError) {
        try step(.remove, path, changes: true)
        change(.remove(path))
    }

    func makeDirectory(_ path: String) throws(FileSystemError) {
        try step(.makeDirectory, path, changes: true, takesRoom: true)
        change(.add(path, Self.directory))
    }

    func list(_ directory: String) throws(FileSystemError) -> [String] {
        try step(.list, directory)
        let prefix = directory + "/"
        return live.keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
            .filter { !$0.contains("/") }.sorted()
    }

    func status(_ path: String) throws(FileSystemError) -> FileStatus? {
        try step(.status, path)
        guard let number = live[path] else { return nil }
        guard number != Self.directory else {
            return FileStatus(kind: .directory, sizeBytes: 0, permissions: 0o700)
        }
        return FileStatus(
            kind: .file, sizeBytes: inodes[number]!.live.count, permissions: 0o600)
    }

    func lock(_ file: FileHandle) throws(FileSystemError) -> Bool {
        let (number, path) = handles[file]!
        try step(.lock, path)
        guard !inodes[number]!.isLocked else { return false }
        inodes[number]!.isLocked = true
        return true
    }

    private func change(_ change: NameChange) {
        changes.append(change)
        Self.apply(change, to: &live)
    }

    private static func apply(_ change: NameChange, to names: inout [String: Int]) {
        switch change {
        case .add(let path, let inode): names[path] = inode
        case .remove(let path): names[path] = nil
        case .rename(let path, let newPath, let inode):
            if names[path] == inode { names[path] = nil }
            names[newPath] = inode
        }
    }
}
