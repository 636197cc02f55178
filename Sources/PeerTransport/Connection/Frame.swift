internal import ByteCodec
internal import NIOCore

/// What a frame's body is.
enum FrameType: UInt8, Sendable, CaseIterable {
    case hello = 1
    case helloReply = 2
    case ping = 3
    case pong = 4
    case message = 5
    case snapshotOffer = 16
    case snapshotResume = 17
    case snapshotChunk = 18
    case snapshotAcknowledgement = 19
    case snapshotDone = 20
    case snapshotRefused = 21
}

/// The unit of the peer protocol.
///
/// Layout, little-endian: length of the body (4 bytes), CRC-32C of what follows it (4 bytes),
/// type (1 byte), body. The format's page is `docs/formats/peer.md`.
struct Frame: Equatable, Sendable {
    let type: FrameType
    let body: [UInt8]

    /// What stands in front of a body.
    static let headerBytes = 9

    init(_ type: FrameType, _ body: [UInt8] = []) {
        self.type = type
        self.body = body
    }

    /// Appends the frame.
    func write(into buffer: inout ByteBuffer) {
        buffer.reserveCapacity(
            minimumWritableBytes: Self.headerBytes + body.count)
        var checksum = CRC32C()
        checksum.update([type.rawValue])
        checksum.update(body)
        buffer.writeInteger(UInt32(body.count), endianness: .little)
        buffer.writeInteger(checksum.value, endianness: .little)
        buffer.writeInteger(type.rawValue)
        buffer.writeBytes(body)
    }
}

/// Why bytes are no frame. The connection that carried them is of no further use.
enum FrameError: Error, Equatable, Sendable {
    case tooLarge(bytes: Int, limit: Int)
    case unknownType(UInt8)
    case checksum
}

/// Cuts a stream of bytes into frames, holding at most one frame that is not whole.
struct FrameDecoder: Sendable {
    private var buffer = ByteBuffer()
    /// The largest body taken; raised once the peer is known.
    var bodyBytesMax: Int

    init(bodyBytesMax: Int) { self.bodyBytesMax = bodyBytesMax }

    /// Bytes that wait for the rest of their frame.
    var bufferedBytes: Int { buffer.readableBytes }

    /// Adds what was received.
    mutating func append(_ bytes: ByteBuffer) {
        guard buffer.readableBytes > 0 else {
            buffer = bytes
            return
        }
        // Once for each read, not for each frame: moving the rest down costs its length.
        buffer.discardReadBytes()
        buffer.writeImmutableBuffer(bytes)
    }

    /// The next whole frame, or nil when more bytes are needed.
    ///
    /// - Throws: `FrameError`; a frame that is too large is refused by its header alone.
    mutating func next() throws(FrameError) -> Frame? {
        let start = buffer.readerIndex
        guard
            let length: UInt32 = buffer.getInteger(at: start, endianness: .little),
            let checksum: UInt32 = buffer.getInteger(at: start + 4, endianness: .little),
            let rawType: UInt8 = buffer.getInteger(at: start + 8)
        else { return nil }
        guard length <= bodyBytesMax else {
            throw .tooLarge(bytes: Int(length), limit: bodyBytesMax)
        }
        guard let type = FrameType(rawValue: rawType) else { throw .unknownType(rawType) }
        guard buffer.readableBytes >= Frame.headerBytes + Int(length),
            let body = buffer.getBytes(at: start + Frame.headerBytes, length: Int(length))
        else { return nil }
        buffer.moveReaderIndex(forwardBy: Frame.headerBytes + Int(length))
        if buffer.readableBytes == 0 { buffer = ByteBuffer() }
        var actual = CRC32C()
        actual.update([rawType])
        actual.update(body)
        guard actual.value == checksum else { throw .checksum }
        return Frame(type, body)
    }
}
