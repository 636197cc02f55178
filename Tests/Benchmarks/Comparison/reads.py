"""What linearizable reads cost beside etcd's, with clients spread evenly over three nodes."""

import client
import etcd
import load
import report
from cluster import Cluster
from wire import Requests, request
from writes import STREAMS, VALUE

CLIENTS = (63, 255)
SESSION_BAR, SECRET_BAR, P99_BAR = 5, 1, 0.5
SECRETS = 1000
KEY = b"benchmark"

RANGE, SHARED = "etcd, linearizable range", "etcd, range, clients share connections"
SESSION, SECRET = "Watchword, GET /v1/sessions/{id}", "Watchword, GET of a secret"


def compare(root, output, sessions, rounds, seconds):
    ours, theirs = Cluster(root), etcd.Etcd()
    try:
        print(f"making {sessions} sessions", flush=True)
        ids = [session.id for session in client.make_sessions(ours, sessions)]
        client.gather(ours, range(SECRETS), write_secret)
        theirs.put(KEY, VALUE.encode())
        session_reads = Requests(output / "session-reads", (
            request("GET", f"/v1/sessions/{id}", ours.admin) for id in ids))
        secret_reads = Requests(output / "secret-reads", (
            request("GET", f"/v1/secrets/benchmark/{number:08}", ours.admin)
            for number in range(SECRETS)))
        for clients in CLIENTS:
            compare_reads(ours, theirs, session_reads, secret_reads, output, clients, rounds,
                          seconds)
    finally:
        ours.stop()
        theirs.stop()


def write_secret(node, number):
    node.ask("PUT", f"/v1/secrets/benchmark/{number:08}", {"value": VALUE})
    return ()


def compare_reads(ours, theirs, session_reads, secret_reads, output, clients, rounds, seconds):
    message = output / "range"
    message.write_bytes(etcd.linearizable_range(KEY))
    targets = [(url + "/etcdserverpb.KV/Range", message) for url in theirs.nodes.values()]

    def get_range(streams):
        return lambda number: load.confirmed(theirs, "Range", clients, lambda: load.h2load(
            theirs, targets, seconds, clients, streams))

    def read(route, requests):
        return lambda number: load.confirmed(ours, route, clients, lambda: load.wrk(
            ours, list(ours.nodes.values()), seconds, clients, requests, seed=number))

    found = load.interleaved({
        RANGE: get_range(1), SHARED: get_range(STREAMS[clients]),
        SESSION: read("getSession", session_reads), SECRET: read("getSecret", secret_reads),
    }, rounds)
    bars = [bar for base in (RANGE, SHARED) for bar in (
        report.beside(found, "rate", SESSION, base, at_least=SESSION_BAR),
        report.beside(found, "p99", SESSION, base, at_most=P99_BAR),
        report.beside(found, "rate", SECRET, base, at_least=SECRET_BAR))]
    report.write(output / f"reads-{clients}", f"Linearizable reads, clients: {clients}", found,
                 {ours.name: ours.settings, theirs.name: theirs.settings, "clients": load.CLIENTS},
                 report.CLUSTER_FIELDS, RANGE, bars)
