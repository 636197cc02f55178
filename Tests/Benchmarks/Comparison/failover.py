"""How long nobody's write is acknowledged after the leader was killed, beside etcd.

One client for all: it sends a small POST over HTTP/1.1 to each node in turn, again and again,
whatever became of those before, so no request that a dead leader swallowed keeps the next one
waiting. To etcd it speaks through the gateway that each member has, which adds less than a
millisecond.
"""

import asyncio
import contextlib
import random
import statistics
import time
import urllib.parse

import etcd
import report
from cluster import Cluster

# Between requests to the same node; the gap is known no better than this.
INTERVAL_SECONDS = 0.01
TIMEOUT_SECONDS = 1
# With one cluster after the other, so that none costs another its time.
KILLS_IN_A_ROW = 20
P50_BAR, P99_BAR, ETCD_BAR = 60, 300, 0.1
FIELDS = [("gap", "gap in milliseconds: least / p50 / p99 / greatest")]


class Gap:
    """From a kill to the first acknowledgement of a write that was asked for since."""

    def __init__(self, seconds):
        self.gap = seconds * 1000


class Writer:
    """Sends the same request to all nodes, and remembers when the first one was acknowledged."""

    def __init__(self, nodes, request):
        self.addresses = [urllib.parse.urlsplit(url).netloc.split(":") for url in nodes]
        self.request = request.encode()
        self.killed = None
        self.acknowledged = asyncio.get_running_loop().create_future()

    async def keep_on(self):
        """Sends until one is acknowledged that was sent after the kill."""
        async with asyncio.TaskGroup() as tries:
            begun = set()
            while not self.acknowledged.done():
                for address in self.addresses:
                    begun.add(tries.create_task(self.send(*address)))
                    await asyncio.sleep(INTERVAL_SECONDS / len(self.addresses))
            for one in begun:
                one.cancel()

    async def send(self, host, port):
        sent = time.monotonic()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                reader, writer = await asyncio.open_connection(host, port)
                with contextlib.closing(writer):
                    writer.write(self.request)
                    status = await reader.readline()
        except (OSError, TimeoutError):
            return
        counts = self.killed is not None and sent > self.killed
        if counts and status.startswith(b"HTTP/1.1 20") and not self.acknowledged.done():
            self.acknowledged.set_result(time.monotonic())


def compare(root, output, kills):
    # Settings are those of the last cluster of each kind; all are the same.
    kinds = {"Watchword": lambda: Cluster(root), "etcd, default timers": etcd.Etcd,
             "etcd, shortest timers": lambda: etcd.Etcd(etcd.SHORTEST)}
    found, settings = {name: [] for name in kinds}, {}
    in_a_row = min(KILLS_IN_A_ROW, kills // 2)
    while len(found["Watchword"]) < kills:
        for name, start in kinds.items():
            cluster = start()
            try:
                found[name] += gaps(cluster, in_a_row)
                settings[name] = cluster.settings
            finally:
                cluster.stop()
            print(f"{name}: {report.percentiles([one.gap for one in found[name]])} ms", flush=True)
    ordered = {name: sorted(one.gap for one in all_) for name, all_ in found.items()}
    medians = {name: statistics.median(values) for name, values in ordered.items()}
    p99 = report.quantile(ordered["Watchword"], 0.99)
    report.write(
        output / "failover", "The leader is killed with -9", found, settings, FIELDS,
        bars=[report.Bar("p50 of Watchword, ms", [medians["Watchword"]], at_most=P50_BAR),
              report.Bar("p99 of Watchword, ms", [p99], at_most=P99_BAR),
              report.Bar("p50 of Watchword by that of etcd with default timers", [
                  medians["Watchword"] / medians["etcd, default timers"]], at_most=ETCD_BAR)],
        sample="kills of each", cell=report.percentiles,
        legend="from the kill to the first acknowledgement of a write that was sent since")


def gaps(cluster, kills):
    request = cluster.small_write()
    found = []
    for _ in range(kills):
        # Long enough for what a new leader does, and never in step with heartbeats.
        time.sleep(random.uniform(0.5, 1))
        gap, killed = asyncio.run(kill_leader(cluster, request))
        found.append(gap)
        cluster.start(killed)
        cluster.wait_until_whole()
    return found


async def kill_leader(cluster, request):
    """The gap, and who was killed while writes went on."""
    writer = Writer(cluster.nodes.values(), request)
    sending = asyncio.create_task(writer.keep_on())
    await asyncio.sleep(0.2)
    leader = cluster.leader()
    writer.killed = time.monotonic()
    cluster.kill(leader)
    acknowledged = await asyncio.wait_for(writer.acknowledged, 60)
    await sending
    return Gap(acknowledged - writer.killed), leader
