"""A cluster of etcd, and what is asked of it."""

import base64
import http.client
import json
import pathlib
import shutil
import subprocess
import tempfile
import urllib.request

import servers
from wire import request

MEMBERS = ("e1", "e2", "e3")
DEFAULT = ("--heartbeat-interval=100", "--election-timeout=1000")
# The tuning guide of etcd asks for heartbeats about as far apart as a round trip between members
# takes, and for elections after ten round trips at least. While 255 clients write on two cores,
# etcd itself counts round trips of 6 to 13 ms, and even with these a leader is lost now and then:
# anything shorter would not be safe.
SHORTEST = ("--heartbeat-interval=10", "--election-timeout=100")


class Etcd(servers.Server):
    """Three members, as etcd recommends: each write is synced by two of them, the default."""

    def __init__(self, timers=DEFAULT, name="etcd", client_port=18100, peer_port=18110):
        version = subprocess.run(["etcd", "--version"], check=True, capture_output=True, text=True)
        super().__init__(name, (
            f"{version.stdout.splitlines()[0]}, three members, data on the same disk as ours, "
            f"{' '.join(timers)}, all else at its default: every commit is synced, "
            "--snapshot-count=100000, no compaction"))
        self.timers = timers
        self.folder = tempfile.mkdtemp(prefix="watchword-etcd.")
        self.nodes = {member: f"http://127.0.0.1:{client_port + place}"
                      for place, member in enumerate(MEMBERS)}
        self.peers = {member: f"http://127.0.0.1:{peer_port + place}"
                      for place, member in enumerate(MEMBERS)}
        servers.require_free([*self.nodes.values(), *self.peers.values()])
        self.processes = {}
        for member in MEMBERS:
            self.start(member)
        self.wait_until_whole()

    def start(self, name):
        if name in self.processes:
            self.processes[name].wait()
        url, peer = self.nodes[name], self.peers[name]
        self.processes[name] = subprocess.Popen(
            ["etcd", "--name", name, "--data-dir", pathlib.Path(self.folder) / name,
             "--listen-client-urls", url, "--advertise-client-urls", url,
             "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
             "--initial-cluster", ",".join(f"{one}={at}" for one, at in self.peers.items()),
             *self.timers], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def pid(self, name):
        return self.processes[name].pid

    def pids(self):
        return [self.pid(name) for name in self.nodes]

    def status(self, name):
        """What a member says of itself, nothing when it does not answer."""
        try:
            with urllib.request.urlopen(
                    self.nodes[name] + "/v3/maintenance/status", b"{}", timeout=5) as answer:
                return json.load(answer)
        except (OSError, http.client.HTTPException):
            return {}

    def leader(self):
        """The member that leads, when all agree on it."""
        def agreed():
            statuses = {name: self.status(name) for name in self.nodes}
            leaders = {status.get("leader") for status in statuses.values()}
            names = [name for name, status in statuses.items()
                     if status and {status["header"]["member_id"]} == leaders]
            return names[0] if names else None

        return servers.wait_until(agreed, "an election")

    def answered(self, method):
        """Calls of a method on all members since they started: successes, and others."""
        texts = [urllib.request.urlopen(url + "/metrics", timeout=5).read().decode()
                 for url in self.nodes.values()]
        return servers.counted(
            "\n".join(texts), r'grpc_server_handled_total{grpc_code="(\w+)",'
            rf'grpc_method="{method}",grpc_service="etcdserverpb.KV",.*}} (\S+)', "OK")

    def small_write(self):
        """A request that puts a value of 200 bytes."""
        return request("POST", "/v3/kv/put", body=put_as_json(b"benchmark", b"x" * 200))

    def put(self, key, value):
        urllib.request.urlopen(self.nodes[self.leader()] + "/v3/kv/put",
                               put_as_json(key, value).encode(), timeout=5).close()

    def kill(self, name):
        self.processes[name].kill()

    def wait_until_whole(self):
        """Waits until all members have applied what the one that leads has now."""
        applied = self.applied(self.leader())
        servers.wait_until(
            lambda: all(self.applied(name) >= applied for name in self.nodes), "catching up")

    def applied(self, name):
        return int(self.status(name).get("raftAppliedIndex", -1))

    def stop(self):
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def put(key, value):
    """A PutRequest as gRPC frames it."""
    return framed(field(1, key) + field(2, value))


def linearizable_range(key):
    """A RangeRequest of one key; it is linearizable unless it says otherwise."""
    return framed(field(1, key))


def field(number, content):
    """A field of bytes in a message of protobuf."""
    length, size = len(content), b""
    while length > 127:
        size += bytes([length & 127 | 128])
        length >>= 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + content


def framed(message):
    """Not compressed, and its length before it."""
    return b"\0" + len(message).to_bytes(4, "big") + message


def put_as_json(key, value):
    """The same as the gateway of each member takes it."""
    return json.dumps({"key": base64.b64encode(key).decode(),
                       "value": base64.b64encode(value).decode()})
