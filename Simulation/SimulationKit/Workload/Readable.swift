/// A value that can be decoded, or nil: the caller reports what cannot.
func readable<Value>(_ decode: () throws -> Value) -> Value? {
    do { return try decode() } catch { return nil }
}
