internal import LMDB

/// Turns the library's errors into the store's.
func translated<R: ~Copyable>(_ body: () throws -> R) throws -> R {
    do {
        return try body()
    } catch let error as LMDBError {
        throw StateStoreError(error)
    }
}

extension StateStoreError {
    /// What an error of the environment means for the store.
    init(_ error: LMDBError) {
        let code: Code =
            switch error.code {
            case .mapFull: .full
            case .readersFull, .readerOvertaken: .busy
            case let code where code.isDamage: .damaged
            default: .failed
            }
        self.init(code, "\(error)")
    }
}
