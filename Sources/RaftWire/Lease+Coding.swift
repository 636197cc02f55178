internal import ByteCodec
internal import RaftCore

extension LeaseAsk {
    /// Appends incarnation, reading, applied and awaited index, 8 bytes each.
    func encode(into writer: inout ByteWriter) {
        writer.write(incarnation)
        writer.write(reading.nanoseconds)
        writer.write(applied.rawValue)
        writer.write(awaited.rawValue)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        self.init(
            incarnation: try reader.read(), reading: SteadyTime(nanoseconds: try reader.read()),
            applied: try reader.readLogIndex(), awaited: try reader.readLogIndex())
    }
}

extension LeaseGrant {
    /// Appends incarnation, reading, duration, index and released index, 8 bytes each.
    func encode(into writer: inout ByteWriter) {
        writer.write(incarnation)
        writer.write(reading.nanoseconds)
        writer.write(durationNanoseconds)
        writer.write(index.rawValue)
        writer.write(released.rawValue)
    }

    init(from reader: inout ByteReader) throws(ByteCodecError) {
        self.init(
            incarnation: try reader.read(), reading: SteadyTime(nanoseconds: try reader.read()),
            durationNanoseconds: try reader.read(), index: try reader.readLogIndex(),
            released: try reader.readLogIndex())
    }
}
