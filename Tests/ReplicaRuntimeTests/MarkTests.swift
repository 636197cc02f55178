import AuthCore
import Foundation
import Logging
import RaftCore
import Testing
import WriteAheadLog

@testable import ReplicaRuntime

@Suite("The marks that a node leaves (consensus recovery R1, rule D10)") struct MarkTests {
    private func disk(_ path: String) throws -> NodeDisk {
        var options = RuntimeOptions()
        options.logSegmentBytes = 1 << 20
        options.storeMapBytes = 64 << 20
        return try NodeDisk(
            path: path, clusterID: [UInt8](repeating: 1, count: 16), node: NodeID(1),
            voters: [NodeID(1)], options: options,
            machine: StateMachine(sha256: { _ in .init(repeating: 0, count: 32) }),
            newIncarnation: Incarnation(5),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func marker(_ path: String) throws -> RunMarker {
        try RunMarker.open(
            directory: path, fileSystem: PosixFileSystem(),
            boot: [UInt8](repeating: 0, count: 16))
    }

    @Test("an orderly end is told from a failure, and a failure from the start after it")
    func endings() throws {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("marks-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        defer {
            do { try FileManager.default.removeItem(atPath: path) } catch {
                Issue.record("\(error)")
            }
        }
        let first = try disk(path)
        #expect(first.marker.last.ending == .none)
        #expect(try marker(path).last.ending == .killed, "as long as it runs")
        try first.marker.noteFailed()
        #expect(try marker(path).last.ending == .failed)
        // The lock is the process's, so the rest is seen from outside.
        try marker(path).noteBegin()
        #expect(try marker(path).last.ending == .killed)
    }

    @Test("a node that is shut down leaves the mark of an orderly end")
    func shutdown() throws {
        let node = try TestRuntime()
        try #require(node.awaitLeadership())
        #expect(try marker(node.path).last.ending == .killed)
        try node.stop {
            let ending = try marker(node.path).last.ending
            #expect(ending == .stopped)
        }
    }
}
