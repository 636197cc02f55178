// What a world must be ready for, by the faults that are planned.

extension Plan {
    /// Whether a fault of such a kind is planned.
    func has(_ isOfKind: (Fault) -> Bool) -> Bool { faults.contains { isOfKind($0.fault) } }
}

extension Fault {
    /// Whether it stops a clock that leases trust.
    var isOfSteadyClock: Bool {
        if case .freeze = self { true } else { false }
    }

    /// Whether there are two releases.
    var isOfRelease: Bool {
        switch self {
        case .release, .raise: true
        default: false
        }
    }

    /// Whether it damages a log.
    var isOfLog: Bool {
        switch self {
        case .damage, .decay: true
        default: false
        }
    }

    /// Whether it hits a state.
    var isOfState: Bool {
        switch self {
        case .hurtState, .hurtSnapshot: true
        default: false
        }
    }
}
