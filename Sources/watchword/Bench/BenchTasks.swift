import Glibc

/// Many requests of one kind before or after a load, a few at a time.
struct BenchTasks {
    /// What is counted, for people.
    let title: String
    let count: Int
    /// How many at once.
    let width: Int
    let interrupts: Interrupts
    /// What to do when it is interrupted.
    var hint = "interrupted"

    /// The results in the order of their numbers.
    ///
    /// - Throws: the first error of a task; `CommandFailure` when somebody interrupts.
    func run<Result: Sendable>(
        _ body: @escaping @Sendable (Int) async throws -> Result
    ) async throws -> [Result] {
        let before = interrupts.count
        var results: [Result?] = Array(repeating: nil, count: count)
        try await withThrowingTaskGroup(of: (Int, Result).self) { group in
            var (next, done) = (0, 0)
            func add() {
                guard next < count else { return }
                let number = next
                group.addTask { (number, try await body(number)) }
                next += 1
            }
            for _ in 0..<width { add() }
            while let (number, result) = try await group.next() {
                results[number] = result
                done += 1
                tell(done)
                // What is on its way is awaited: it would take effect after the cleaning up.
                if interrupts.count == before { add() }
            }
            guard done == count else { throw CommandFailure(.general, hint) }
        }
        return results.compactMap { $0 }
    }

    private func tell(_ done: Int) {
        guard isatty(2) == 1, done % 50 == 0 || done == count else { return }
        PrintError.progress("\(title): \(done) of \(count)")
        if done == count { PrintError.line("") }
    }
}
