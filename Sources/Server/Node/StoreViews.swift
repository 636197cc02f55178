internal import AuthCore
internal import AuthService
internal import RaftCore
internal import StateStore

/// The views of use cases, over this node's store.
struct StoreViews: ViewSource {
    let store: any StateStore

    var origin: LogIndex { store.installedSnapshot.index }

    func withView<R>(_ body: (any TableReader) throws -> R) throws -> R {
        try store.read { view in try body(view) }
    }
}
