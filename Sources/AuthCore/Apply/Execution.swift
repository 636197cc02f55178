import ByteCodec
import RaftCore

/// One command on its way into the state.
struct Execution {
    let command: Command
    /// The node that was asked.
    let node: NodeID
    let index: LogIndex
    var meta: StateMeta
    let tables: Changes
    let sha256: @Sendable ([UInt8]) -> [UInt8]

    /// The state's own time.
    var stamp: Timestamp { meta.lastStamp }
    var header: CommandHeader { command.header }
    var tenant: TenantID { command.header.tenant }

    /// Carries the command out, or refuses it.
    mutating func run() throws -> Outcome {
        Outcome(result: .refused(.unsupported), index: index, stamp: stamp)
    }
}
