internal import AuthCore
internal import AuthService
internal import Budgets
internal import PeerTransport
internal import RaftCore
internal import Replica
internal import ReplicaRuntime
internal import StateStore
internal import WriteAheadLog

/// The figures of a node, gathered when somebody asks.
struct NodeMetrics: Sendable {
    let http: HTTPMetrics
    let limits: ConnectionLimits
    let runtime: ReplicaRuntime
    let transport: PeerTransport
    let hashing: HashingPool
    let journal: NodeJournal

    /// Everything in Prometheus' text format.
    func text() -> [UInt8] {
        var text = MetricsText()
        raft(&text)
        log(&text)
        state(&text)
        requests(&text)
        peers(&text)
        authentication(&text)
        budgets(&text)
        return Array(text.text.utf8)
    }

    private func raft(_ text: inout MetricsText) {
        let status = runtime.status
        let raft = status.raft
        text.single("watchword_raft_term", .gauge, "Current term.", raft.term.rawValue)
        text.single(
            "watchword_raft_is_leader", .gauge, "1 on the leader.", raft.role == .leader ? 1 : 0)
        text.single(
            "watchword_raft_has_leader", .gauge, "1 where a leader is known.",
            raft.leader == nil ? 0 : 1)
        text.single("watchword_raft_commit_index", .gauge, "Committed.", raft.commit.rawValue)
        text.single(
            "watchword_raft_applied_index", .gauge, "Visible to reads.", status.visible.rawValue)
        text.single(
            "watchword_state_synced_index", .gauge, "Applied, and durable in the state.",
            status.durableApplied.rawValue)
        text.single("watchword_raft_last_index", .gauge, "End of log.", raft.last.index.rawValue)
        text.single("watchword_raft_durable_index", .gauge, "Synced.", raft.durable.rawValue)
        text.single(
            "watchword_raft_uncommitted_bytes", .gauge, "Proposed here and not committed.",
            raft.uncommittedBytes)
        text.single(
            "watchword_raft_unapplied_bytes", .gauge, "Committed and not applied here.",
            raft.unappliedBytes)
        text.single(
            "watchword_raft_log_first_index", .gauge, "First entry in memory.",
            raft.firstIndex.rawValue)
        text.single(
            "watchword_raft_log_memory_bytes", .gauge, "Entries in memory.", raft.logBytes)
        text.single(
            "watchword_raft_log_retained_bytes", .gauge,
            "Of these, kept only for followers that are behind.", raft.retainedBytes)
        text.single(
            "watchword_raft_leaderships_total", .counter, "Elections won.",
            status.counters.leaderships)
        text.single(
            "watchword_raft_snapshots_installed_total", .counter, "Snapshots taken over.",
            status.counters.snapshotsInstalled)
        text.single(
            "watchword_raft_proposals_sent_total", .counter, "Proposals, with repetitions.",
            status.counters.proposalsSent)
        text.single(
            "watchword_raft_proposals_repeated_total", .counter, "Proposals sent again.",
            status.counters.proposalsRepeated)
        text.single(
            "watchword_raft_outcomes_unknown_total", .counter, "Writes answered as unknown.",
            status.counters.outcomesUnknown)
        text.single(
            "watchword_raft_read_rounds_total", .counter, "Batched read confirmations.",
            status.counters.readRounds)
        text.begin(
            "watchword_lease_remaining_seconds", .gauge,
            "How long allows may still be answered by this node's own state.")
        text.value("watchword_lease_remaining_seconds", [], runtime.lease.remainingSeconds)
        repair(&text, status)
        text.begin("watchword_raft_peer_match_index", .gauge, "Durable on a peer, by the leader.")
        for peer in raft.peers {
            text.value(
                "watchword_raft_peer_match_index", [("peer", "\(peer.id)")],
                Double(peer.match.rawValue))
        }
    }

    private func repair(_ text: inout MetricsText, _ status: ReplicaStatus) {
        let raft = status.raft
        text.single(
            "watchword_raft_log_repairing", .gauge,
            "1 while the log lacks entries that a damaged disk lost.",
            raft.repairingUpTo == nil ? 0 : 1)
        text.single(
            "watchword_raft_log_repair_missing_entries", .gauge,
            "Entries from there to the end of the log as it was.",
            raft.repairingUpTo.map { promised in
                promised.index > raft.durable ? promised.index.distance(from: raft.durable) : 0
            } ?? 0)
        text.single(
            "watchword_raft_log_repairs_total", .counter, "Logs got back from the others.",
            status.counters.logRepairs)
        text.single(
            "watchword_raft_log_rewrites_total", .counter,
            "Damaged logs written anew from memory.", status.counters.logRewrites)
        text.begin(
            "watchword_raft_peer_log_reverted", .gauge,
            "1 while a peer has less of the log than it had acknowledged, by the leader.")
        for peer in raft.peers {
            text.value(
                "watchword_raft_peer_log_reverted", [("peer", "\(peer.id)")],
                peer.isReverted ? 1 : 0)
        }
    }

    private func log(_ text: inout MetricsText) {
        let log = runtime.logStatistics
        text.single("watchword_wal_syncs_total", .counter, "Groups made durable.", log.syncs)
        text.single("watchword_wal_requests_total", .counter, "Requests in them.", log.requests)
        text.begin("watchword_wal_sync_seconds_total", .counter, "Time of all syncs.")
        text.value("watchword_wal_sync_seconds_total", [], Double(log.nanoseconds) / 1e9)
        text.begin("watchword_wal_slowest_sync_seconds", .gauge, "Slowest sync of this run.")
        text.value("watchword_wal_slowest_sync_seconds", [], Double(log.slowestNanoseconds) / 1e9)
        guard let status = log.log else { return }
        text.single("watchword_wal_segments", .gauge, "Files of the log.", status.segments)
        text.single("watchword_wal_bytes", .gauge, "Size with reserve.", status.sizeBytes)
        text.single(
            "watchword_wal_written_bytes_total", .counter, "Written.", status.bytesWritten)
        text.single(
            "watchword_wal_scrubbed_bytes_total", .counter, "Read again to look for damage.",
            status.scrubbedBytes)
        text.single(
            "watchword_wal_scrub_rounds_total", .counter, "Times all of the log was.",
            status.scrubRounds)
    }

    private func state(_ text: inout MetricsText) {
        let apply = runtime.applyStatistics
        text.single(
            "watchword_apply_transactions_total", .counter, "Commits.", apply.transactions)
        text.single("watchword_apply_entries_total", .counter, "Entries applied.", apply.entries)
        text.begin("watchword_apply_seconds_total", .counter, "Time in commits.")
        text.value("watchword_apply_seconds_total", [], Double(apply.nanoseconds) / 1e9)
        text.single(
            "watchword_storage_full", .gauge, "1 when log or state cannot grow.",
            runtime.status.raft.isStorageFull ? 1 : 0)
        health(&text)
        guard let store = runtime.store as? LMDBStateStore,
            let figures = Self.figures(of: store)
        else { return }
        text.single("watchword_lmdb_file_bytes", .gauge, "Data file.", figures.fileSizeBytes)
        text.single("watchword_lmdb_used_pages", .gauge, "Pages in use.", figures.usedPages)
        text.single("watchword_lmdb_free_pages", .gauge, "Pages to be reused.", figures.freePages)
        text.single("watchword_lmdb_readers", .gauge, "Open views.", figures.activeReaders)
        text.begin("watchword_lmdb_oldest_reader_seconds", .gauge, "Age of the oldest view.")
        text.value(
            "watchword_lmdb_oldest_reader_seconds", [],
            Double(figures.oldestReaderNanoseconds) / 1e9)
        text.begin("watchword_lmdb_entries", .gauge, "Rows by table.")
        for tree in figures.trees {
            text.value("watchword_lmdb_entries", [("table", tree.name)], Double(tree.entries))
        }
    }

    private func health(_ text: inout MetricsText) {
        let (status, scrubs) = (runtime.status, runtime.scrubStatistics)
        text.single(
            "watchword_state_usable", .gauge, "0 while the state is damaged or being fetched.",
            status.fitness == .stateDamaged ? 0 : 1)
        text.single(
            "watchword_state_scrubs_total", .counter, "Times it was read whole.", scrubs.passes)
        text.begin("watchword_state_scrub_seconds", .gauge, "How long the last time took.")
        text.value("watchword_state_scrub_seconds", [], Double(scrubs.nanoseconds) / 1e9)
        text.single("watchword_state_scrub_rows", .gauge, "Rows read then.", scrubs.rows)
        text.single(
            "watchword_states_asked_total", .counter, "Times a peer was asked for a state.",
            status.counters.statesAsked)
        text.single(
            "watchword_states_supplied_total", .counter, "Times a peer was given one.",
            status.counters.statesSupplied)
        do {
            let (meta, names) = try runtime.store.read { ($0.meta, try logInNamesCounted($0)) }
            text.single(
                "watchword_login_names_counted", .gauge,
                "Names at which log-ins have failed lately, in the whole cluster.", names)
            text.single(
                "watchword_state_checkpoint_index", .gauge, "Where states were compared last.",
                meta.checkpoint.index.rawValue)
            text.single(
                "watchword_state_undecidable", .gauge,
                "1 when all nodes differ and none is known to be right.",
                meta.checkpoint.isUndecidable(meta.configuration) ? 1 : 0)
        } catch {
            // That it cannot be read is told above.
            return
        }
    }

    /// None when the store has failed, which the process does not outlive.
    private static func figures(of store: LMDBStateStore) -> StoreStatistics? {
        do { return try store.statistics() } catch { return nil }
    }

    private func requests(_ text: inout MetricsText) {
        let (series, refused) = http.snapshot
        text.single(
            "watchword_http_connections", .gauge, "Connections of clients.", limits.current)
        text.single(
            "watchword_http_connections_refused_total", .counter, "Connections too many.", refused)
        let name = "watchword_http_request_seconds"
        text.begin(name, .histogram, "Requests by route and status.")
        for (key, figures) in series {
            let labels = [("route", key.route), ("status", "\(key.status)")]
            var sum: UInt64 = 0
            for (bound, count) in zip(HTTPMetrics.bounds, figures.buckets) {
                sum += count
                text.value("\(name)_bucket", labels + [("le", "\(bound)")], Double(sum))
            }
            text.value("\(name)_bucket", labels + [("le", "+Inf")], Double(figures.count))
            text.value("\(name)_sum", labels, Double(figures.nanoseconds) / 1e9)
            text.value("\(name)_count", labels, Double(figures.count))
        }
    }

    private func peers(_ text: inout MetricsText) {
        let statistics = transport.statistics.sorted { $0.key < $1.key }
        let columns: [(String, String, (PeerStatistics) -> UInt64)] = [
            ("connections_total", "Connections made.", { $0.connections }),
            ("losses_total", "Connections lost.", { $0.losses }),
            ("sent_bytes_total", "Sent.", { $0.bytesSent }),
            ("received_bytes_total", "Received.", { $0.bytesReceived }),
            ("messages_dropped_total", "Not sent.", { $0.messagesDropped }),
            ("snapshot_sent_bytes_total", "Snapshots sent.", { $0.snapshotBytesSent }),
            ("snapshot_received_bytes_total", "Snapshots taken.", { $0.snapshotBytesReceived }),
        ]
        for (name, help, figure) in columns {
            text.begin("watchword_peer_\(name)", .counter, help)
            for (peer, figures) in statistics {
                text.value(
                    "watchword_peer_\(name)", [("peer", "\(peer)")], Double(figure(figures)))
            }
        }
    }

    private func budgets(_ text: inout MetricsText) {
        let (counters, buckets) = runtime.till.statistics
        text.single(
            "watchword_limits_passed_total", .counter, "Requests that passed under a limit.",
            counters.passed)
        let refused = "watchword_limits_refused_total"
        text.begin(refused, .counter, "Requests refused by a limit, by whose it is.")
        for (kind, count) in [
            ("key", counters.refusedByKey), ("user", counters.refusedByUser),
            ("tenant", counters.refusedByTenant),
        ] {
            text.value(refused, [("kind", kind)], Double(count))
        }
        let usage = journal.usage
        let overQuota = "watchword_quotas_refused_total"
        text.begin(overQuota, .counter, "Requests refused by a quota, by whose it is.")
        for (kind, count) in zip(["key", "user", "tenant"], usage.refused) {
            text.value(overQuota, [("kind", kind)], Double(count))
        }
        text.single(
            "watchword_usage_waiting", .gauge,
            "Keys, users and tenants with requests that the log does not know of.", usage.waiting)
        text.single(
            "watchword_usage_dropped_total", .counter, "Requests that usage does not count.",
            usage.dropped)
        text.single(
            "watchword_limits_buckets", .gauge, "Buckets that this node uses.", buckets)
        text.single(
            "watchword_limits_ledger_buckets", .gauge,
            "Buckets of the cluster that are not known to be full.", runtime.status.budgets)
        text.single(
            "watchword_limits_claims_total", .counter, "Claims made to the leader.",
            counters.claims)
        text.single(
            "watchword_limits_granted_total", .counter, "Requests granted in slices.",
            counters.granted)
        text.single(
            "watchword_limits_unanswered_total", .counter,
            "Times that claims were made again, because no answer came.", counters.unanswered)
    }

    private func authentication(_ text: inout MetricsText) {
        let load = hashing.load
        text.single("watchword_hashing_running", .gauge, "Passwords being hashed.", load.running)
        text.single("watchword_hashing_waiting", .gauge, "Log-ins that wait.", load.waiting)
        text.single(
            "watchword_journal_dropped_total", .counter, "Touches and events not kept.",
            journal.dropped)
        let entries = "watchword_journal_entries_total"
        text.begin(
            entries, .counter,
            "Entries proposed by this node for what has gathered: events, uses, usage.")
        let proposed = journal.proposed
        for (kind, count) in [
            ("events", proposed.events), ("uses", proposed.uses), ("usage", proposed.usage),
        ] {
            text.value(entries, [("kind", kind)], Double(count))
        }
    }
}
