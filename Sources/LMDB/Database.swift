/// One named tree of an environment: an ordered map from keys of 1 to 511 bytes to values.
///
/// Keys are in the order of their bytes, a shorter one before those that it begins.
public struct Database: Hashable, Sendable {
    /// Its name in the file.
    public let name: String
    // The library's handle, good as long as the environment that made it.
    let handle: UInt32
}
