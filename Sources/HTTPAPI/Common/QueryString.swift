/// The parameters behind a target's `?`, each at most once.
struct QueryString: Equatable, Sendable {
    /// What is wrong with a query.
    enum Fault: Error, Equatable { case malformed, repeated, tooMany }

    /// Names and values, decoded, in order.
    let pairs: [(name: String, value: String)]

    static func == (a: QueryString, b: QueryString) -> Bool {
        a.pairs.elementsEqual(b.pairs) { $0.name == $1.name && $0.value == $1.value }
    }

    /// Reads a query as HTML forms spell it; a repeated name is a fault unless it is in `repeats`.
    ///
    /// - Parameter ignoresOthers: takes only the names in `repeats`.
    init(
        _ text: String?, repeats: Set<String> = [], ignoresOthers: Bool = false
    ) throws(Fault) {
        var pairs: [(name: String, value: String)] = []
        guard let text else {
            self.pairs = pairs
            return
        }
        for part in text.split(separator: "&") {
            guard pairs.count < 32 else { throw .tooMany }
            let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decode(halves[0], plusIsSpace: true),
                let value = PercentEncoding.decode(
                    halves.count == 2 ? halves[1] : "", plusIsSpace: true)
            else { throw .malformed }
            if ignoresOthers, !repeats.contains(name) { continue }
            guard repeats.contains(name) || !pairs.contains(where: { $0.name == name }) else {
                throw .repeated
            }
            pairs.append((name, value))
        }
        self.pairs = pairs
    }

    /// The value of the first parameter of this name.
    subscript(_ name: String) -> String? { pairs.first { $0.name == name }?.value }

    /// The values of every parameter of this name.
    func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }
}
