extension [UInt8] {
    /// A copy of bytes that are lent.
    public init(copying bytes: Span<UInt8>) {
        self.init()
        append(copying: bytes)
    }

    /// Appends a copy of bytes that are lent.
    public mutating func append(copying bytes: Span<UInt8>) {
        // The span is lent for the closure, which copies it.
        unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}
