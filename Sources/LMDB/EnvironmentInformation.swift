internal import CLMDB

/// The library's own figures about an environment.
struct EnvironmentInformation {
    let mapSizeBytes: Int
    let usedPages: Int
    let lastTransaction: UInt64
    let readerSlots: Int
    let maxReaders: Int

    /// Asks an open environment.
    init(of handle: OpaquePointer) {
        var raw = unsafe MDB_envinfo()
        // The proof: the call writes one MDB_envinfo, which it is given.
        let result = unsafe mdb_env_info(handle, &raw)
        precondition(result == MDB_SUCCESS, "mdb_env_info: \(result)")
        mapSizeBytes = unsafe raw.me_mapsize
        usedPages = unsafe raw.me_last_pgno + 1
        lastTransaction = UInt64(unsafe raw.me_last_txnid)
        readerSlots = Int(unsafe raw.me_numreaders)
        maxReaders = Int(unsafe raw.me_maxreaders)
    }
}
