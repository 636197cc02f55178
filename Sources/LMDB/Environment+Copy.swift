internal import CLMDB
internal import Glibc

extension Environment {
    /// Copies the last commit to `data.mdb` in the directory `destination`, which must exist and
    /// hold no such file, and makes file and directory entry durable.
    ///
    /// Writers go on meanwhile; the copy is a long reader, so the file grows under them. Pages
    /// that are free are copied too: compacting fails on pages that an older defect leaked.
    ///
    /// - Throws: the library's or the system's code; what was written so far is left behind.
    public func copy(toDirectory destination: String) throws(LMDBError) {
        try refuseIfFailed("mdb_env_copy2")
        try check(unsafe mdb_env_copy2(handle, destination, 0), "mdb_env_copy2")
        let file = SystemCalls.synchronize(path: destination + "/data.mdb", isDirectory: false)
        try check(file, "fsync data.mdb")
        try check(SystemCalls.synchronize(path: destination, isDirectory: true), "fsync")
    }
}
