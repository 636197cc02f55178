/// The configurations that the log holds, the last of which is in force.
///
/// A configuration takes effect when it is *appended*, committed or not, as in the paper
/// (Raft §6: "a server always uses the latest configuration in its log"). The other choice,
/// taking effect when applied (etcd/raft), needs a guard against campaigning with a configuration
/// that is committed and not applied, and was found to elect two leaders without it (etcd #11284,
/// raft #456); here no such state exists, since what counts is the log itself. The price is that a
/// truncation must bring back the configuration before, which is why all of them are kept until
/// they are behind the snapshot.
struct ConfigurationHistory: Equatable, Sendable {
    private struct Item: Equatable, Sendable {
        var index: LogIndex
        var configuration: ConfState
    }
    // Never empty, ascending. The first is the one at, or before, the snapshot.
    private var items: [Item]

    /// The history of a log that begins with the configuration of a snapshot.
    init(snapshot: SnapshotMetadata) {
        items = [Item(index: snapshot.last.index, configuration: snapshot.configuration)]
    }

    /// The configuration in force.
    var current: ConfState { items[items.count - 1].configuration }
    /// The index of the entry that holds the configuration in force.
    var currentIndex: LogIndex { items[items.count - 1].index }
    /// The one before it, as far as it is remembered.
    var previous: ConfState? {
        items.count > 1 ? items[items.count - 2].configuration : nil
    }
    /// Whether it is joint. Asked after every event.
    var isJoint: Bool { items[items.count - 1].configuration.isJoint }
    /// How many configurations are remembered.
    var count: Int { items.count }

    /// Puts the configuration of the entry at `index` in force.
    mutating func append(_ configuration: ConfState, at index: LogIndex) {
        precondition(index > currentIndex, "configurations out of order at \(index.rawValue)")
        precondition(configuration.isValid, "invalid configuration \(configuration)")
        items.append(Item(index: index, configuration: configuration))
    }

    /// Forgets the configurations of entries behind `index`, which were truncated.
    mutating func rollBack(after index: LogIndex) {
        while items.count > 1, currentIndex > index { items.removeLast() }
        precondition(currentIndex <= index, "the snapshot's configuration was truncated")
    }

    /// Forgets the configurations before the one that was in force at `index`.
    mutating func forget(before index: LogIndex) {
        while items.count > 1, items[1].index <= index { items.removeFirst() }
    }

    /// The configuration that was in force at `index`, and where it stands; nil if it is forgotten.
    func item(at index: LogIndex) -> (configuration: ConfState, index: LogIndex)? {
        items.last { $0.index <= index }.map { ($0.configuration, $0.index) }
    }

    /// Whether the configuration that was in force at `index`, and every later one, is as wanted.
    ///
    /// - Precondition: `index` is not before what was forgotten.
    func allSatisfy(from index: LogIndex, _ isWanted: (ConfState) -> Bool) -> Bool {
        guard let first = items.lastIndex(where: { $0.index <= index }) else {
            preconditionFailure("the configuration at \(index.rawValue) is forgotten")
        }
        return items[first...].allSatisfy { isWanted($0.configuration) }
    }

    /// Checks the order, and that every configuration is valid.
    func checkInvariants(last: LogIndex) {
        precondition(!items.isEmpty, "no configuration in force")
        precondition(currentIndex <= last, "configuration past the end of the log")
        precondition(
            zip(items, items.dropFirst()).allSatisfy { $0.index < $1.index }, "out of order")
    }
}
