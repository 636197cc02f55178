internal import CLMDB
internal import Synchronization

/// A commit whose pages stay as they are in the file until this is dropped, so that the file can be
/// taken back to it: those of later commits go elsewhere, and only the two meta pages are written
/// over.
///
/// The library gives a new page to a writer only if no commit from the oldest reader's on refers to
/// it, and this is a reader; it is not counted among the views, whose age is watched.
public final class KeptCommit: Sendable {
    /// The number of the commit.
    public let number: UInt64
    /// How many pages the file has had, free ones included.
    public let pages: UInt64
    /// Its meta page, which names its roots; for `MetaPages.restore`.
    public let metaPage: [UInt8]
    private let environment: Environment
    private let reader: Reader

    init(environment: Environment, reader: Reader, meta: MetaPage, metaPage: [UInt8]) {
        self.environment = environment
        self.reader = reader
        self.metaPage = metaPage
        pages = meta.lastPage + 1
        number = reader.snapshot.load(ordering: .relaxed)
    }

    deinit { environment.readers.endKeeping(reader) }
}

extension Environment {
    /// Keeps the last commit. It is not durable before `synchronize`.
    ///
    /// - Throws: `readersFull`, `environmentFailed`, `readerOvertaken` while commits pass by
    ///   without a pause, or the library's or the system's code.
    public func keepCommit() throws(LMDBError) -> KeptCommit {
        try refuseIfFailed("mdb_txn_begin")
        for _ in 0..<64 {
            // The page of this commit is written over by the second one behind it, which begins
            // later: see `ReaderPool.take`.
            let (reader, moment) = try unsafe readers.takeToKeep(environment: handle)
            let number = reader.snapshot.load(ordering: .relaxed)
            let result = Result { () throws(LMDBError) in
                try SystemCalls.readPage(
                    descriptor: dataDescriptor, number: number & 1, bytes: pageSizeBytes,
                    path: path)
            }
            guard case .success(let page) = result, readers.isStill(moment),
                let meta = MetaPage(page), meta.commit == number
            else {
                readers.endKeeping(reader)
                _ = try result.get()
                continue
            }
            return KeptCommit(environment: self, reader: reader, meta: meta, metaPage: page)
        }
        throw LMDBError(.readerOvertaken, operation: "mdb_txn_renew", path: path)
    }
}
