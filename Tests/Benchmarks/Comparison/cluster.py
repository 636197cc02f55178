"""A cluster of our own that deploy/quickstart starts."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import servers
from client import Client
from wire import request


class Cluster(servers.Server):
    """Three nodes without a load balancer."""

    def __init__(self, root):
        super().__init__("Watchword", "three nodes as quickstart makes them, no load balancer")
        self.root = root
        self.folder = tempfile.mkdtemp(prefix="watchword-benchmark.")
        self.quickstart("up", "--no-lb")
        description = json.loads((pathlib.Path(self.folder) / "cluster.json").read_text())
        self.nodes = {node["id"]: node["http"] for node in description["nodes"]}
        # What quickstart waits for is that one of them takes a write.
        self.wait_until_whole()
        password = (pathlib.Path(self.folder) / "admin-password").read_text().strip()
        # A token that may do everything.
        self.admin = Client(min(self.nodes.values())).post(
            "/v1/auth/login", {"username": "admin", "password": password})["session_token"]

    def quickstart(self, *words):
        subprocess.run([self.root / "deploy" / "quickstart", *words, "--dir", self.folder],
                       check=True, stdout=subprocess.DEVNULL)

    def client(self):
        return Client(self.nodes[self.leader()], self.admin)

    def pid(self, name):
        return int((pathlib.Path(self.folder) / name / "pid").read_text())

    def pids(self):
        return [self.pid(name) for name in self.nodes]

    def node(self, name):
        return Node(self, name)

    def one_loop(self, name):
        """Restarts a node with one thread for clients, as it is to have one core."""
        self.quickstart("stop", name)
        path = pathlib.Path(self.folder) / name / "node.yaml"
        path.write_text(path.read_text().replace("http:\n", "http:\n  threads: 1\n"))
        self.start(name)
        self.wait_until_whole()

    def health(self, name):
        """What a node says of itself, nothing when it does not answer."""
        try:
            return Client(self.nodes[name]).get("/health")
        except OSError:
            return {}

    def leader(self):
        """The node that leads, when all agree on it."""
        def agreed():
            leaders = {self.health(name).get("leader") for name in self.nodes}
            return leaders.pop() if len(leaders) == 1 else None

        return servers.wait_until(agreed, "an election")

    def answered(self, route):
        """Answers to a route on all nodes since they started: successes, and others."""
        texts = [Client(url, self.admin).ask("GET", "/metrics").decode()
                 for url in self.nodes.values()]
        return servers.counted(
            "\n".join(texts), rf'watchword_http_request_seconds_count{{route="{route}",'
            r'status="(\d+)"} (\S+)', r"2\d\d")

    def small_write(self):
        """A request that begins a session."""
        user = self.client().post("/v1/users", {"username": "writer"})["id"]
        return request("POST", "/v1/sessions", self.admin, f'{{"user_id":"{user}"}}')

    def kill(self, name):
        os.kill(self.pid(name), signal.SIGKILL)

    def start(self, name):
        self.quickstart("start", name)

    def wait_until_whole(self):
        """Waits until all nodes are ready, and each has applied what one of them has now."""
        applied = self.health(self.leader())["applied_index"]
        servers.wait_until(
            lambda: all(health.get("ready") and health["applied_index"] >= applied
                        for health in map(self.health, self.nodes)), "catching up")

    def stop(self):
        self.quickstart("down")
        shutil.rmtree(self.folder, ignore_errors=True)


class Node(servers.Server):
    """One node of a cluster."""

    def __init__(self, cluster, name):
        super().__init__("Watchword, /v1/validate", "one node of three, as quickstart makes them, and "
                         "http.threads 1")
        self.url = cluster.nodes[name]
        self.pid = cluster.pid(name)

    def pids(self):
        return [self.pid]
