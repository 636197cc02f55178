/// Which release this is.
public enum Release {
    /// As nodes register it and the command line tells it (Semantic Versioning 2.0.0).
    public static let version = "0.1.0"
}
