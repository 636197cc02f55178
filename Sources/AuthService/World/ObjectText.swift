public import AuthCore
internal import ByteCodec

/// The text form of ids: the prefix, `_`, and 22 base62 characters.
public enum ObjectText {
    /// The id as the API shows it. A session's id is shown by `TokenCodec.show`.
    public static func show<ID: ObjectID>(_ id: ID) -> String {
        id.text
    }

    /// The id that a text spells; nil when it spells none.
    public static func read<ID: ObjectID>(_ text: String, as type: ID.Type = ID.self) -> ID? {
        ID(text: text)
    }
}
