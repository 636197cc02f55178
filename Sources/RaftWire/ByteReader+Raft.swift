internal import ByteCodec
internal import RaftCore

extension ByteReader {
    /// Reads a log index.
    ///
    /// - Throws: `truncated`, or `malformed` over `WireLimits.counterMax`.
    mutating func readLogIndex() throws(ByteCodecError) -> LogIndex { LogIndex(try readCounter()) }

    /// Reads a term.
    ///
    /// - Throws: `truncated`, or `malformed` over `WireLimits.counterMax`.
    mutating func readTerm() throws(ByteCodecError) -> Term { Term(try readCounter()) }

    /// Reads the number of somebody.
    ///
    /// - Throws: `truncated`, or `malformed` for node 0.
    mutating func readNode() throws(ByteCodecError) -> NodeID {
        let start = offset
        let number: UInt64 = try read()
        guard number != 0 else { throw .malformed(offset: start, what: "node 0") }
        return NodeID(number)
    }

    /// Reads the number of a node, or 0 for nobody.
    ///
    /// - Throws: `truncated`.
    mutating func readOptionalNode() throws(ByteCodecError) -> NodeID? {
        let number: UInt64 = try read()
        return number == 0 ? nil : NodeID(number)
    }

    /// Reads a 32-bit count of things of which each takes at least `bytesEach` bytes, so that no
    /// room is made for more than can follow.
    ///
    /// - Throws: `truncated`, or `malformed` over `maximum` or over what is left to read.
    mutating func readCount(
        atMost maximum: Int, bytesEach: Int
    ) throws(ByteCodecError) -> Int {
        precondition(bytesEach > 0, "things of no bytes")
        let start = offset
        let count: UInt32 = try read()
        guard count <= maximum, Int(count) <= remaining / bytesEach else {
            throw .malformed(offset: start, what: "count \(count)")
        }
        return Int(count)
    }

    /// Reads a version byte and refuses all but one.
    ///
    /// - Throws: `truncated`, or `malformed`.
    mutating func requireVersion(
        _ version: UInt8, of what: String
    ) throws(ByteCodecError) {
        let start = offset
        let found: UInt8 = try read()
        guard found == version else {
            throw .malformed(offset: start, what: "\(what) version \(found)")
        }
    }

    private mutating func readCounter() throws(ByteCodecError) -> UInt64 {
        let start = offset
        let value: UInt64 = try read()
        guard value <= WireLimits.counterMax else {
            throw .malformed(offset: start, what: "counter \(value)")
        }
        return value
    }
}

extension ByteWriter {
    /// Appends the number of a node, or 0 for nobody.
    mutating func write(optional node: NodeID?) {
        precondition(node != NodeID(0), "node 0 is nobody")
        write(node?.rawValue ?? 0)
    }
}
