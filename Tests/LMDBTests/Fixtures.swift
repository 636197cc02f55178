import Foundation
import Glibc
import Testing

@testable import LMDB

/// A directory that is gone when its owner is.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path =
            FileManager.default.temporaryDirectory
            .appending(path: "lmdb-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    /// Makes a directory inside.
    func make(_ name: String) throws -> String {
        let inner = path + "/" + name
        try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: false)
        return inner
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            print("left behind: \(path): \(error)")
        }
    }
}

/// Options that make small files.
func smallOptions(mapSizeBytes: Int = 64 << 20) -> EnvironmentOptions {
    EnvironmentOptions(mapSizeBytes: mapSizeBytes, maxReaders: 32, growthStepBytes: 0)
}

/// An environment with the trees `a` and `b`.
func makeEnvironment(
    _ directory: TemporaryDirectory, options: EnvironmentOptions = smallOptions()
) throws -> Environment {
    try Environment(path: directory.path, databases: ["a", "b"], options: options)
}

extension Environment {
    var a: Database { databases[0] }
    var b: Database { databases[1] }

    func get(_ database: Database, _ key: String) throws -> String? {
        try read { view in
            try view.get(database, Array(key.utf8)).map { String(decoding: $0, as: UTF8.self) }
        }
    }

    func put(_ database: Database, _ key: String, _ value: String) throws {
        try write { transaction in
            try transaction.put(database, Array(key.utf8), Array(value.utf8))
        }
    }
}

extension RawSpan {
    var array: [UInt8] { unsafe withUnsafeBytes { unsafe Array($0) } }
}

/// The big-endian bytes of a number.
func bigEndian(_ value: Int) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) }
}

/// What the error's code is when `body` throws an `LMDBError`; nil when it returns.
func code(_ body: () throws -> Void) throws -> LMDBError.Code? {
    do {
        try body()
        return nil
    } catch let error as LMDBError {
        return error.code
    }
}
