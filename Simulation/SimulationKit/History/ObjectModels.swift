/// A secret: versions that count up, one value, and conditions on writing.
enum SecretModel: SequentialModel {
    /// What a write asks of the version that there is.
    enum Condition: Hashable {
        case any
        case absent
        case version(UInt64)
    }

    /// What was asked, with the answer that was given.
    enum Operation {
        /// Written as this version; nil: nobody knows whether it was.
        case put(Condition, value: UInt64, version: UInt64?)
        /// Not written, because the condition did not hold.
        case putRefused(Condition)
        case read(value: UInt64, version: UInt64)
        case readNothing
        /// Whether it was there; nil: nobody knows.
        case delete(found: Bool?)
    }

    struct State: Hashable {
        var latest: UInt64 = 0
        /// Nil while there is nothing to be read.
        var value: UInt64?

        func meets(_ condition: Condition) -> Bool {
            switch condition {
            case .any: true
            case .absent: value == nil
            case .version(let wanted): value != nil && latest == wanted
            }
        }
    }

    static let initial = State()

    static func apply(_ operation: Operation, to state: State) -> State? {
        switch operation {
        case .put(let condition, let value, let version):
            let after = State(latest: state.latest + 1, value: value)
            guard let version else { return state.meets(condition) ? after : state }
            return state.meets(condition) && version == after.latest ? after : nil
        case .putRefused(let condition): return state.meets(condition) ? nil : state
        case .read(let value, let version):
            return state.value == value && state.latest == version ? state : nil
        case .readNothing: return state.value == nil ? state : nil
        case .delete(let found):
            if let found, found != (state.value != nil) { return nil }
            return State(latest: state.latest, value: nil)
        }
    }
}

/// A role of a user: held or not.
enum GrantModel: SequentialModel {
    /// What was asked, with the answer that was given.
    enum Operation {
        case grant
        /// Whether it was held; nil: nobody knows.
        case takeBack(found: Bool?)
        case read(isHeld: Bool)
    }

    static let initial = false

    static func apply(_ operation: Operation, to state: Bool) -> Bool? {
        switch operation {
        case .grant: true
        case .takeBack(let found): found == nil || found == state ? false : nil
        case .read(let isHeld): isHeld == state ? state : nil
        }
    }
}

/// Whether a user can log in, and with what.
enum AccountModel: SequentialModel {
    /// What was asked, with the answer that was given. Passwords are numbers, never used twice.
    enum Operation {
        case create(password: UInt64)
        case setPassword(UInt64)
        /// By the user: whether the old one was right; nil: nobody knows.
        case changePassword(old: UInt64, new: UInt64, isDone: Bool?)
        case setDisabled(Bool)
        case logIn(password: UInt64, isDone: Bool)
    }

    struct State: Hashable {
        var password: UInt64?
        var isDisabled = false
    }

    static let initial = State()

    static func apply(_ operation: Operation, to state: State) -> State? {
        var state = state
        switch operation {
        case .create(let password):
            guard state.password == nil else { return nil }
            state.password = password
        case .setPassword(let password): state.password = password
        case .changePassword(let old, let new, let isDone):
            let isRight = state.password == old
            if let isDone, isDone != isRight { return nil }
            if isRight { state.password = new }
        case .setDisabled(let isDisabled): state.isDisabled = isDisabled
        case .logIn(let password, let isDone):
            let isRight = state.password == password && !state.isDisabled
            guard isDone == isRight else { return nil }
        }
        return state
    }
}

/// A session that nothing ends but its own revocation.
enum LifeModel: SequentialModel {
    /// What was asked, with the answer that was given.
    enum Operation {
        case begin
        /// Whether it was there; nil: nobody knows.
        case revoke(found: Bool?)
        case lookUp(isThere: Bool)
    }

    static let initial = false

    static func apply(_ operation: Operation, to state: Bool) -> Bool? {
        switch operation {
        case .begin: state ? nil : true
        case .revoke(let found): found == nil || found == state ? false : nil
        case .lookUp(let isThere): isThere == state ? state : nil
        }
    }
}
