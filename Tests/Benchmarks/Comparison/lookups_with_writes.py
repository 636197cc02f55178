"""What look-ups through all nodes while writes go on reach, beside look-ups through one node."""

import client
import load
import report
from cluster import Cluster
from lookups import validations

CLIENTS = 63
WRITES_PER_SECOND = 200
BAR = 0.85

ONE, ALL = "one node, no writes", "three nodes, 200 writes/s"


def compare(root, output, sessions, rounds, seconds):
    body = output / "new-session"
    cluster = Cluster(root)
    try:
        print(f"making {sessions} sessions", flush=True)
        requests = validations(output, client.make_sessions(cluster, sessions))
        user = cluster.client().post("/v1/users", {"username": "writer"})["id"]
        body.write_text(f'{{"user_id":"{user}"}}')
        nodes = list(cluster.nodes.values())

        def ask_one(number):
            # As many threads of the client as below.
            return load.wrk(cluster, nodes[:1] * len(nodes), seconds, CLIENTS, requests,
                            seed=number)

        def ask_all(number):
            with load.steady_posts(nodes[-1] + "/v1/sessions", cluster.admin, body,
                                   WRITES_PER_SECOND, seconds):
                return load.wrk(cluster, nodes, seconds, CLIENTS, requests, seed=number)

        found = load.interleaved({ONE: ask_one, ALL: ask_all}, rounds)
        report.write(
            output / "lookups-with-writes",
            f"Look-ups among {sessions} sessions, clients: {CLIENTS}", found,
            {cluster.name: cluster.settings, "clients": load.CLIENTS}, report.CLUSTER_FIELDS, ONE,
            [report.beside(found, "rate", ALL, ONE, at_least=BAR)])
    finally:
        cluster.stop()
