public import AuthCore
internal import ByteCodec

/// The text form of ids: the prefix, `_`, and 22 base62 characters.
public enum ObjectText {
    /// The id as the API shows it. A session's id is shown by `TokenCodec.show`.
    public static func show<ID: ObjectID>(_ id: ID) -> String {
        show(ID.prefix, id.bytes)
    }

    /// The id that has these bytes.
    static func show(_ prefix: String, _ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(prefix.utf8.count + 1 + Base62.width(ofBytes: bytes.count))
        text.append(contentsOf: prefix.utf8)
        text.append(UInt8(ascii: "_"))
        text.append(contentsOf: Base62.digits(of: bytes))
        return String(decoding: text, as: UTF8.self)
    }

    /// The id that a text spells; nil when it spells none.
    public static func read<ID: ObjectID>(_ text: String, as type: ID.Type = ID.self) -> ID? {
        let start = "\(ID.prefix)_"
        guard text.utf8.starts(with: start.utf8) else { return nil }
        let digits = String(decoding: text.utf8.dropFirst(start.utf8.count), as: UTF8.self)
        return Base62.decode(digits, byteCount: 16).flatMap(ID.init(bytes:))
    }
}
