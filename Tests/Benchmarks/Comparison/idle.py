"""What a cluster costs that nobody asks anything, beside etcd."""

import pathlib
import re
import time

import etcd
import report
import servers
from cluster import Cluster

FIELDS = [("cpu", "CPU of a node, % of a core"), ("heap", "heap of a node, MiB"),
          ("resident", "resident in all, MiB")]


class Idle:
    """What one node took while nothing was asked of it."""

    def __init__(self, pid, cpu_seconds, seconds):
        self.cpu = 100 * cpu_seconds / seconds
        rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        # What is no page of a file: the heap, in MiB. The rest is the program and the state, which
        # both servers map, and which the kernel may take back.
        self.heap = mebibytes(rollup, "Anonymous")
        self.resident = mebibytes(rollup, "Rss")


def mebibytes(rollup, field):
    return int(re.search(rf"^{field}:\s+(\d+) kB$", rollup, re.MULTILINE).group(1)) / 1024


def compare(root, output, seconds):
    clusters = Cluster(root), etcd.Etcd()
    try:
        # What a start leaves to be done.
        time.sleep(10)
        pids = {server.name: server.pids() for server in clusters}
        before = {pid: servers.cpu_seconds(pid) for all_ in pids.values() for pid in all_}
        time.sleep(seconds)
        found = {name: [Idle(pid, servers.cpu_seconds(pid) - before[pid], seconds) for pid in all_]
                 for name, all_ in pids.items()}
        report.write(output / "idle", f"Clusters that are idle, over {seconds} s", found,
                     {server.name: server.settings for server in clusters}, FIELDS,
                     sample="nodes of each at the same time")
    finally:
        for server in clusters:
            server.stop()
