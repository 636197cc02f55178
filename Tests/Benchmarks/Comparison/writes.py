"""What durable writes cost beside etcd's, and revocations beside other writes.

Three nodes of each, and the clients, share all cores; no server is pinned. Clients are spread
evenly over the nodes; one alone asks the node that leads, where etcd is fastest.
"""

import client
import etcd
import load
import report
from cluster import Cluster
from wire import Requests, request

# As near to 64 and 256 as a third of them for each node goes.
BARS = {1: 1.5, 63: 3, 255: 4}
P99_BAR = 0.5
REVOCATION_CLIENTS, REVOCATION_BAR = 63, 2
# How many clients share a connection, in the run of etcd where they do: it is faster then, though
# clients that are programs of their own cannot.
STREAMS = {63: 7, 255: 17}
USERS = 1000
# Enough that clients seldom write the same one at once; that is another matter.
SECRETS = 30_000
VALUE = "x" * 200

PUT, SHARED = "etcd, put", "etcd, put, clients share connections"
SESSION, SECRET = "Watchword, POST /v1/sessions", "Watchword, PUT of a secret"
REVOCATION = "Watchword, DELETE /v1/sessions/{id}"


def compare(root, output, rounds, seconds):
    ours, theirs = Cluster(root), etcd.Etcd()
    try:
        users = client.make_users(ours, USERS)
        sessions = Requests(output / "new-sessions", (
            request("POST", "/v1/sessions", ours.admin, f'{{"user_id":"{user}"}}')
            for user in users))
        secrets = Requests(output / "new-secrets", (
            request("PUT", f"/v1/secrets/benchmark/{number:08}", ours.admin,
                    f'{{"value":"{VALUE}"}}') for number in range(SECRETS)))
        # First, while there are few sessions that it has to list.
        compare_revocations(ours, users, sessions, output, rounds, seconds)
        for clients in BARS:
            compare_writes(ours, theirs, sessions, secrets, output, clients, rounds, seconds)
    finally:
        ours.stop()
        theirs.stop()


def compare_writes(ours, theirs, sessions, secrets, output, clients, rounds, seconds):
    message = output / "put"

    def put(streams):
        def work(number):
            message.write_bytes(etcd.put(f"benchmark/{number}".encode(), VALUE.encode()))
            targets = [(url + "/etcdserverpb.KV/Put", message)
                       for url in asked(theirs, clients)]
            return load.confirmed(theirs, "Put", clients, lambda: load.h2load(
                theirs, targets, seconds, clients, streams))
        return work

    def write(route, requests):
        return lambda number: load.confirmed(ours, route, clients, lambda: load.wrk(
            ours, asked(ours, clients), seconds, clients, requests, seed=number))

    puts = {PUT: put(1)}
    if clients in STREAMS:
        puts[SHARED] = put(STREAMS[clients])
    found = load.interleaved(puts | {
        SESSION: write("createSession", sessions), SECRET: write("putSecret", secrets)}, rounds)
    bars = []
    for base in puts:
        for name in (SESSION, SECRET):
            bars += [report.beside(found, "rate", name, base, at_least=BARS[clients]),
                     report.beside(found, "p99", name, base, at_most=P99_BAR)]
    report.write(output / f"writes-{clients}", f"Durable writes, clients: {clients}", found,
                 {ours.name: ours.settings, theirs.name: theirs.settings, "clients": load.CLIENTS},
                 report.CLUSTER_FIELDS, PUT, bars)


def asked(server, clients):
    """The nodes that clients ask: all of them, or for one client the one that leads."""
    return list(server.nodes.values()) if clients > 1 else [server.nodes[server.leader()]]


def compare_revocations(ours, users, sessions, output, rounds, seconds):
    """Ends sessions that were begun in the same round, for half as long: so there are enough."""
    clients = REVOCATION_CLIENTS
    nodes = list(ours.nodes.values())

    def begin(number):
        return load.confirmed(ours, "createSession", clients, lambda: load.wrk(
            ours, nodes, seconds, clients, sessions, seed=number))

    def revoke(_):
        ids = client.gather(ours, users, client.sessions_of)
        living = Requests(output / "living-sessions", (
            request("DELETE", f"/v1/sessions/{id}", ours.admin) for id in ids))
        return load.confirmed(ours, "revokeSession", clients, lambda: load.wrk(
            ours, nodes, max(1, seconds // 2), clients, living, order="once"))

    found = load.interleaved({SESSION: begin, REVOCATION: revoke}, rounds)
    bars = [report.beside(found, field, REVOCATION, SESSION, at_most=REVOCATION_BAR)
            for field in ("p50", "p99")]
    report.write(output / "revocations", f"Revocations beside other writes, clients: {clients}",
                 found, {ours.name: ours.settings, "clients": load.CLIENTS},
                 report.CLUSTER_FIELDS, SESSION, bars)
