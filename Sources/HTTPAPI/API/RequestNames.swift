internal import Cryptography
internal import Synchronization

/// Names for requests that bring none: 128 random bits each, drawn many at a time.
final class RequestNames: Sendable {
    private struct Stock {
        var bytes: [UInt8] = []
        var used = 0
    }

    private static let nameBytes = 16
    private static let stockBytes = 64 * nameBytes

    // Held for as long as it takes to spell one name, or once in a while to draw the next ones.
    private let stock = Mutex(Stock())

    /// The next name.
    func draw(_ random: any RandomBytes) -> String {
        stock.withLock { stock in
            if stock.used == stock.bytes.count {
                stock = Stock(bytes: random.bytes(Self.stockBytes))
            }
            defer { stock.used += Self.nameBytes }
            return RequestID.hex(
                stock.bytes.span.extracting(stock.used..<(stock.used + Self.nameBytes)))
        }
    }
}
