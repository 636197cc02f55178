"""What a look-up of a session costs, beside a static answer of nginx and a GET of Redis.

Each server has a core of its own, the load has the other one. Rounds are interleaved, so that
what the machine does meanwhile falls on all of them.
"""

import subprocess

import client
import load
import report
import servers
from cluster import Cluster
from wire import Requests, request

SERVER_CORE, LOAD_CORE = 0, 1
# Of redis-benchmark, before the first round has shown it.
REDIS_RATE = 50_000


def compare(root, output, sessions, rounds, seconds):
    nginx, redis, cluster = servers.nginx(), servers.redis(), Cluster(root)
    try:
        print(f"making {sessions} sessions", flush=True)
        requests = validations(output, client.make_sessions(cluster, sessions))
        cluster.one_loop(min(cluster.nodes))
        node = cluster.node(min(cluster.nodes))
        fill(redis, sessions)
        for server in (nginx, redis, node):
            server.pin(SERVER_CORE)
        rates = [REDIS_RATE]

        def ask(server):
            # The very same requests to both that speak HTTP.
            return lambda number: load.wrk(
                server, [server.url], seconds, 64, requests, seed=number, core=LOAD_CORE)

        def ask_redis(_):
            result = load.redis_get(redis, LOAD_CORE, seconds, sessions, rates[-1])
            rates.append(result.rate)
            return result

        found = load.interleaved(
            {nginx.name: ask(nginx), redis.name: ask_redis, node.name: ask(node)}, rounds)
        report.write(
            output / "lookups", f"A look-up among {sessions} sessions, 64 connections", found,
            settings={server.name: server.settings for server in (nginx, redis, node)},
            base=nginx.name)
    finally:
        for server in (nginx, redis, cluster):
            server.stop()


def validations(output, sessions):
    return Requests(output / "validations", (
        request("GET", "/v1/validate", session.token) for session in sessions))


def fill(redis, count):
    """Puts as many values as there are sessions, under the keys that redis-benchmark asks for."""
    lines = [f"SET key:{number:012} {'x' * 64}\r\n" for number in range(count)]
    subprocess.run(["redis-cli", "-p", str(redis.port), "--pipe"], input="".join(lines),
                   text=True, check=True, stdout=subprocess.DEVNULL)
