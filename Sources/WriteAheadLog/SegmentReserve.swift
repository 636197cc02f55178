/// How much of the reserve is there.
public enum ReserveState: Equatable, Sendable {
    /// As many segments as the options ask for.
    case ready
    /// Fewer: `prepareReserve` has something to do.
    case preparing
}

/// Zero-filled files, ready to become segments.
///
/// Files that fell out of the log are filled with zeros again before they are used: then whatever
/// is not zero behind the last group was being written when the node stopped, and what the log
/// once held does not outlive it on the disk. Checksums are salted with the segment's number too,
/// so that not even a lost write of zeros lets old records pass for new ones.
struct SegmentReserve {
    private struct Filling {
        var number: UInt64
        var file: FileHandle
        var offset: Int
    }

    private let files: LogFiles
    private let options: WALOptions
    private var spares: [UInt64] = []
    // Files of contents that mean nothing, kept for their room.
    private var raw: [UInt64] = []
    private var filling: Filling?
    private var nextNumber: UInt64 = 1
    // What a step writes, made once.
    private let zeros: [UInt8]

    /// Takes over what is in the directory. A spare is looked through: a node that stopped while
    /// it made one a segment may have left anything in it.
    init(files: LogFiles, options: WALOptions, names: [FileName]) throws(WALError) {
        self.files = files
        self.options = options
        zeros = [UInt8](
            repeating: 0, count: min(options.reserveStepBytes, options.segmentBytes))
        var found: [(FileName, UInt64)] = []
        for name in names {
            switch name {
            case .spare(let number), .raw(let number):
                found.append((name, number))
                nextNumber = max(nextNumber, number == .max ? number : number + 1)
            case .segment, .other: continue
            }
        }
        for (name, number) in found { try adopt(name, number) }
        // No file is renamed twice between two syncs: of the two changes a power cut could keep the
        // second alone, and the file would have two names, one of them perhaps the log's later.
        if !found.isEmpty { try files.synchronizeNames() }
    }

    /// The spares that are ready.
    var count: Int { spares.count }

    var state: ReserveState {
        spares.count >= options.reserveSegments ? .ready : .preparing
    }

    /// The room that spares and files being filled take.
    var sizeBytes: Int {
        (spares.count + raw.count) * options.segmentBytes + (filling?.offset ?? 0)
    }

    /// Fills one more step of one more spare, whether or not it is needed.
    ///
    /// - Throws: `reserveUnavailable` when there is no room: then the file is removed again.
    mutating func fillStep() throws(WALError) {
        do {
            try fillWhileRoom()
        } catch {
            guard case .reserveUnavailable = error else { throw error }
            try abandon()
            throw error
        }
        guard let filled = filling, filled.offset == options.segmentBytes else { return }
        try files.close(filled.file)
        try files.rename(.raw(filled.number), to: .spare(filled.number))
        try files.synchronizeNames()
        spares.append(filled.number)
        filling = nil
    }

    /// Takes a spare.
    ///
    /// - Precondition: there is one.
    mutating func take() -> FileName {
        precondition(!spares.isEmpty, "no spare segment")
        return .spare(spares.removeFirst())
    }

    /// Takes a file that fell out of the log, to be filled again or removed.
    mutating func recycle(_ name: FileName) throws(WALError) {
        if raw.count > options.reserveSegments {
            try files.remove(name)
        } else {
            let number = takeNumber()
            try files.rename(name, to: .raw(number))
            raw.append(number)
        }
        // Before the contents go the name must be gone, and before the next segment this one.
        try files.synchronizeNames()
    }

    /// Closes what is open.
    mutating func close() throws(WALError) {
        guard let open = filling else { return }
        filling = nil
        raw.append(open.number)
        try files.close(open.file)
    }

    private mutating func fillWhileRoom() throws(WALError) {
        if filling == nil { filling = try beginFilling() }
        guard var step = filling else { preconditionFailure("nothing to fill") }
        let count = min(options.reserveStepBytes, options.segmentBytes - step.offset)
        let part = count == zeros.count ? zeros : Array(zeros.prefix(count))
        try files.callForRoom { fs throws(FileSystemError) in
            try fs.write(step.file, part, at: step.offset)
            try fs.synchronizeData(step.file)
        }
        step.offset += count
        filling = step
    }

    private mutating func beginFilling() throws(WALError) -> Filling {
        if let number = raw.popLast() {
            let file = try files.open(.raw(number), .readWrite)
            return Filling(number: number, file: file, offset: 0)
        }
        let number = takeNumber()
        let path = files.path(.raw(number))
        let file = try files.callForRoom { fs throws(FileSystemError) in
            try fs.open(path, .create)
        }
        return Filling(number: number, file: file, offset: 0)
    }

    // A file whose sync failed for want of room must not be synced again, so it is not kept.
    private mutating func abandon() throws(WALError) {
        guard let abandoned = filling else { return }
        filling = nil
        try files.close(abandoned.file)
        try files.remove(.raw(abandoned.number))
    }

    private mutating func takeNumber() -> UInt64 {
        defer { nextNumber &+= 1 }
        return nextNumber
    }

    private mutating func adopt(_ name: FileName, _ number: UInt64) throws(WALError) {
        let path = files.path(name)
        let status = try files.call { fs throws(FileSystemError) in try fs.status(path) }
        let size = status?.sizeBytes ?? 0
        if case .spare = name, size == options.segmentBytes, try isZero(name) {
            spares.append(number)
        } else if size > options.segmentBytes || raw.count > options.reserveSegments {
            try files.remove(name)
        } else {
            let rawNumber = takeNumber()
            try files.rename(name, to: .raw(rawNumber))
            raw.append(rawNumber)
        }
    }

    private func isZero(_ name: FileName) throws(WALError) -> Bool {
        let file = try files.open(name, .readOnly)
        var offset = 0
        var isZero = true
        while isZero && offset < options.segmentBytes {
            let start = offset
            let bytes: [UInt8]
            do {
                bytes = try files.fileSystem.read(file, at: start, count: options.reserveStepBytes)
            } catch {
                // What cannot be read is written again.
                bytes = []
            }
            isZero = !bytes.isEmpty && bytes.isZero(in: 0..<bytes.count)
            offset += bytes.count
        }
        try files.close(file)
        return isZero
    }
}
