internal import CLMDB

/// The steps of opening, which either all succeed or leave nothing open.
@safe struct OpenedEnvironment {
    let handle: OpaquePointer
    let databases: [Database]
    let dataDescriptor: Int32
    let pageSizeBytes: Int

    init(
        path: String, databases names: [String], mayLack: Set<String>,
        options: EnvironmentOptions
    ) throws(LMDBError) {
        var created: OpaquePointer?
        try Self.check(unsafe mdb_env_create(&created), "mdb_env_create", path)
        guard let created = unsafe created else { preconditionFailure("no environment") }
        do {
            try unsafe Self.open(created, path: path, databases: names.count, options)
            databases = try unsafe Self.openDatabases(
                created, path: path, names, mayLack: mayLack, options)
            var descriptor: Int32 = -1
            try Self.check(unsafe mdb_env_get_fd(created, &descriptor), "mdb_env_get_fd", path)
            var statistics = MDB_stat()
            try Self.check(unsafe mdb_env_stat(created, &statistics), "mdb_env_stat", path)
            dataDescriptor = descriptor
            pageSizeBytes = Int(statistics.ms_psize)
            unsafe handle = created
        } catch {
            unsafe mdb_env_close(created)
            throw error
        }
    }

    private static func open(
        _ handle: OpaquePointer, path: String, databases: Int, _ options: EnvironmentOptions
    ) throws(LMDBError) {
        try check(
            unsafe mdb_env_set_mapsize(handle, options.mapSizeBytes), "mdb_env_set_mapsize", path)
        try check(
            unsafe mdb_env_set_maxreaders(handle, UInt32(options.maxReaders)),
            "mdb_env_set_maxreaders", path)
        try check(
            unsafe mdb_env_set_maxdbs(handle, UInt32(max(databases, 1))), "mdb_env_set_maxdbs",
            path)
        let mode = options.isReadOnly ? MDB_RDONLY | MDB_NOLOCK : MDB_NOSYNC
        // A file that only its owner may read and write: it holds digests and ciphertexts.
        try check(
            unsafe mdb_env_open(handle, path, UInt32(MDB_NOTLS | mode), 0o600), "mdb_env_open",
            path)
        if !options.isReadOnly {
            var cleared: Int32 = 0
            try check(unsafe mdb_reader_check(handle, &cleared), "mdb_reader_check", path)
        }
    }

    // Handles of databases must be opened in a transaction of their own, by one thread, and are
    // good for every later one once it is committed (lmdb.h, mdb_dbi_open).
    private static func openDatabases(
        _ handle: OpaquePointer, path: String, _ names: [String], mayLack: Set<String>,
        _ options: EnvironmentOptions
    ) throws(LMDBError) -> [Database] {
        var begun: OpaquePointer?
        let flags = UInt32(options.isReadOnly ? MDB_RDONLY : 0)
        try check(unsafe mdb_txn_begin(handle, nil, flags, &begun), "mdb_txn_begin", path)
        guard let begun = unsafe begun else {
            preconditionFailure("a transaction without a handle")
        }
        var databases: [Database] = []
        for name in names {
            var database: MDB_dbi = 0
            let mayCreate = !options.isReadOnly && !mayLack.contains(name)
            let create = UInt32(mayCreate ? MDB_CREATE : 0)
            let result = unsafe mdb_dbi_open(begun, name, create, &database)
            if result == MDB_NOTFOUND, mayLack.contains(name) { continue }
            if result != MDB_SUCCESS {
                unsafe mdb_txn_abort(begun)
                let code: LMDBError.Code =
                    result == MDB_NOTFOUND ? .databaseMissing : .init(rawValue: result)
                throw LMDBError(code, operation: "mdb_dbi_open \(name)", path: path)
            }
            databases.append(Database(name: name, handle: database))
        }
        try check(unsafe mdb_txn_commit(begun), "mdb_txn_commit", path)
        return databases
    }

    private static func check(
        _ result: Int32, _ operation: String, _ path: String
    ) throws(LMDBError) {
        if result != MDB_SUCCESS {
            throw LMDBError(.init(rawValue: result), operation: operation, path: path)
        }
    }
}
