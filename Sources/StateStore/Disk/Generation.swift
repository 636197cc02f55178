internal import AuthCore
internal import LMDB
internal import RaftCore

/// One open state: an environment, and where it lies. Closed with its last reference.
final class Generation: Sendable {
    let number: UInt64
    let environment: Environment

    /// Opens the state in `path`, with the trees that it has and those that every state has.
    init(_ number: UInt64, path: String, options: EnvironmentOptions) throws {
        self.number = number
        environment = try Environment(
            path: path, databases: DiskTables.names, mayLack: DiskTables.later, options: options)
    }

    /// The trees that there are now.
    var tables: DiskTables { DiskTables(environment) }

    /// The machine's row of the last commit, and the number of that commit.
    func readMeta() throws -> (meta: StateMeta, commit: UInt64) {
        let transaction = try environment.beginRead()
        let commit = transaction.id
        let rows = DiskRows(transaction, tables)
        defer { rows.close() }
        return (try StateMeta.read(rows), commit)
    }

    /// Makes an empty state that begins with `configuration`, durable but for its directory's
    /// name.
    static func make(
        in directory: StoreDirectory, number: UInt64, configuration: ConfState,
        options: EnvironmentOptions
    ) throws {
        let path = directory.state(number)
        try directory.files.makeDirectory(path)
        let made = try directory.files.perform("make environment", path) {
            try Generation(number, path: path, options: options)
        }
        let transaction = DiskTransaction(try made.environment.beginWrite(), made.tables)
        defer { transaction.abort() }
        try StateMeta(initial: configuration).write(transaction)
        try directory.files.perform("commit", path) {
            try transaction.commit()
            try made.environment.synchronize()
        }
        try directory.files.synchronizeDirectory(path)
    }
}
