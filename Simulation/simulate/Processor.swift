import Foundation

/// The processor and the memory of this process.
enum Processor {
    /// The time that this process has spent on a core, in seconds.
    static var seconds: Double { Double(clock()) / Double(CLOCKS_PER_SEC) }

    /// Keeps freed memory for the next use: a world takes and gives back much, and each page that
    /// the kernel takes and gives costs more than what is done with it.
    static func keepMemory() {
        // Not in the module map of the C library. A symbol of this name in the process can only be
        // the allocator's; elsewhere than with glibc there is none, and nothing is set.
        typealias SetOption = @convention(c) (Int32, Int32) -> Int32
        guard let symbol = unsafe dlsym(nil, "mallopt") else { return }
        let set = unsafe unsafeBitCast(symbol, to: SetOption.self)
        let (trimThreshold, topPad, mapThreshold): (Int32, Int32, Int32) = (-1, -2, -3)
        _ = set(trimThreshold, 1 << 30)
        _ = set(topPad, 16 << 20)
        _ = set(mapThreshold, 32 << 20)
    }
}
