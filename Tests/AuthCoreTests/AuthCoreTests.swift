import ByteCodec
import RaftCore
import Testing

@testable import AuthCore

@Suite struct StateMachineTests {
    @Test("An empty entry moves the applied index and nothing else")
    func emptyEntry() throws {
        let tables = InMemoryTables()
        let machine = StateMachine(sha256: { _ in Array(repeating: 0, count: 32) })
        var session = try machine.begin(tables)
        let applied = try session.apply(
            Entry(index: LogIndex(1), term: Term(1), kind: .empty, payload: []), tables)
        try session.finish(tables)
        #expect(applied.outcome.isEmpty && applied.proposal == nil)
        #expect(try StateMeta.read(tables) == session.meta)
        #expect(session.meta.applied == EntryID(index: LogIndex(1), term: Term(1)))
        #expect(session.meta.stateHash != .empty)
    }
}
