import APITypes
import ArgumentParser
import AuthCore
import Foundation
import RaftCore
import Recovery

/// Goes on from one survivor when the cluster has lost its quorum.
struct RecoverCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover",
        abstract: "Go on from one survivor of a cluster that has lost its quorum for good.",
        discussion: """
            Works on the data directories of stopped nodes, and talks to nobody. On each survivor: \
            `plan --data DIR --json > NODE.json`. With all of them: `compare *.json`. On the node \
            that it names: `apply --data DIR`. Everybody else must never be started again with the \
            directory that it has, and joins anew, with an empty one.
            """, subcommands: [Plan.self, Compare.self, Apply.self])

    /// What every form prints of a plan.
    private static func show(_ plan: RecoveryPlan) {
        let members = plan.configuration
        let lines: [(String, String)] = [
            ("node", "\(plan.node)"), ("cluster", plan.clusterName),
            ("last entry", entry(plan.last)), ("applied", entry(plan.applied)),
            ("known committed", "\(plan.committed.rawValue)"),
            ("not known committed", "\(plan.uncommitted) entries"),
            ("term", "\(plan.term.rawValue)"),
            ("voters", names(members.voters)),
            ("outgoing voters", names(members.votersOutgoing)),
            ("learners", names(members.learners)), ("feature level", "\(plan.featureLevel)"),
        ]
        for (name, value) in lines {
            print("\(name.padding(toLength: 20, withPad: " ", startingAt: 0)) \(value)")
        }
        if plan.promised != .zero {
            print("its log is damaged: it had entries up to \(entry(plan.promised)) and lost some")
        }
        for place in plan.logDamage { print("damaged: \(place)") }
        if plan.isBegun { print("a recovery was begun here: `recover apply` ends it") }
        if let obstacle = plan.obstacle(supporting: StateMachine.featureLevel) {
            print("the cluster cannot go on from here: \(obstacle)")
        }
    }

    private static func entry(_ entry: EntryID) -> String {
        "\(entry.index.rawValue) (term \(entry.term.rawValue))"
    }

    private static func names(_ nodes: [NodeID]) -> String {
        nodes.isEmpty ? "-" : nodes.map { "\($0)" }.joined(separator: ", ")
    }

    /// Turns what went wrong into an exit code.
    private static func failing<R>(_ body: () throws -> R) throws -> R {
        do { return try body() } catch let error as RecoveryError {
            throw CommandFailure(.conflict, error.description)
        } catch let error as CommandFailure {
            throw error
        } catch {
            throw CommandFailure(.general, "\(error)")
        }
    }

    struct Plan: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what a stopped node has. Changes nothing.")
        @Option(name: .customLong("data"), help: "The node's data directory.") var directory: String
        @Flag(name: .customLong("json"), help: "Print JSON, for `recover compare`.")
        var asJSON = false

        func run() throws {
            let plan = try failing { try Recovery(directory: directory).plan() }
            guard asJSON else { return show(plan) }
            print(String(decoding: plan.json.bytes, as: UTF8.self))
        }
    }

    struct Compare: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say which survivor is the newest, and what may be lost.")
        @Argument(help: "Files that `recover plan --json` has written, one of each survivor.")
        var files: [String]

        func run() throws {
            let advice = try failing {
                try RecoveryAdvice(
                    files.map(read), supporting: StateMachine.featureLevel)
            }
            let newest = advice.newest
            print("newest: \(newest.node), up to entry \(entry(newest.last))")
            print("without a plan: \(names(advice.missing))")
            if advice.hasQuorum {
                print(
                    """
                    These nodes are a quorum. Start them: they elect a leader by themselves, lose \
                    nothing, and the others can be replaced. Do not recover.
                    """)
                return
            }
            if !advice.unusableAhead.isEmpty {
                print("lost: what \(names(advice.unusableAhead)) had behind that entry")
            }
            if advice.isComplete {
                print(
                    """
                    Nothing acknowledged is lost: what a majority of \
                    \(names(newest.configuration.voters)) had, one of these has.
                    """)
            } else {
                print(
                    """
                    May be lost: everything acknowledged behind entry \
                    \(newest.last.index.rawValue). Whether there is anything, only the missing \
                    nodes know.
                    """)
            }
            print(
                """
                \(newest.uncommitted) entries that may not have been acknowledged take effect.
                On \(newest.node): watchword cluster recover apply --data DIR
                """)
        }

        private func read(_ file: String) throws -> RecoveryPlan {
            let data = try Data(contentsOf: URL(fileURLWithPath: file))
            do {
                return try RecoveryPlan(json: try JSONValue(parsing: Array(data)))
            } catch {
                throw RecoveryError("\(file): \(error)")
            }
        }
    }

    struct Apply: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a stopped node the only member of its cluster.",
            discussion: """
                Asks for the cluster's id, to be typed (or on standard input), and does nothing \
                without it. If it stops in between, the node does not start: the same command again \
                comes to the end.
                """)
        @Option(name: .customLong("data"), help: "The node's data directory.") var directory: String

        /// The longest that anybody may still answer by a lease, and more (docs/lease.md).
        private static let leaseSeconds = 3

        func run() throws {
            let recovery = Recovery(directory: directory)
            let plan = try failing { try recovery.plan() }
            show(plan)
            if let obstacle = plan.obstacle(supporting: StateMachine.featureLevel) {
                throw CommandFailure(.conflict, obstacle)
            }
            let others = plan.configuration.members.filter { $0 != plan.node }
            print(
                """

                \(plan.node) becomes the only member. This cannot be undone.
                - Whatever was acknowledged and is not in this node's log is lost for ever.
                - \(plan.uncommitted) entries that may not have been acknowledged take effect.
                - \(names(others)) must be stopped, and never be started again with the data that \
                they have: among themselves they would go on as the old cluster, and say yes to what \
                is revoked here. Delete their directories, or take them from the network.
                - They join anew: `watchword cluster add`, and `join` with an empty directory.

                """)
            PrintError.line("Type the cluster's id to go on: ")
            guard let typed = readLine(), typed == plan.clusterName else {
                throw CommandFailure(.denied, "not confirmed: nothing was changed")
            }
            print("waiting \(Self.leaseSeconds) s, until no node can hold a lease any more")
            Thread.sleep(forTimeInterval: Double(Self.leaseSeconds))
            let result = try failing { try recovery.apply() }
            print(
                """
                \(result.node) is the only member, up to entry \(result.last.index.rawValue); the \
                log of before ends at \(result.base.rawValue).
                Start it, and let the other machines join anew.
                """)
        }
    }
}
