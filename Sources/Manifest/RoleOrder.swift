/// The order in which roles can be made and changed: each behind those that it inherits, among
/// roles of which none waits for another by name. Deleting goes the other way.
struct RoleOrder {
    /// All names, inherited ones first; those in a circle are left out.
    let names: [String]
    /// Names in circles, or that inherit from one, ascending.
    let circular: [String]

    /// - Parameter inherits: the roles that each role inherits. Others than its keys are taken for
    ///   roles that inherit nothing.
    ///
    /// Complexity: the number of roles times that of the steps of inheritance.
    init(_ inherits: [String: [String]]) {
        var placed: Set<String> = []
        var names: [String] = []
        var waiting = inherits.keys.sorted()
        while true {
            let ready = waiting.filter { name in
                (inherits[name] ?? []).allSatisfy { placed.contains($0) || inherits[$0] == nil }
            }
            guard !ready.isEmpty else { break }
            names += ready
            placed.formUnion(ready)
            waiting.removeAll { placed.contains($0) }
        }
        self.names = names
        circular = waiting
    }
}
