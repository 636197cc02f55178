"""Servers that are started, pinned to a core, and asked by the kernel what they cost."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """A process, or several, whose CPU time counts."""

    def __init__(self, name, settings):
        self.name = name
        # As they are printed in the report: nobody need guess how a peer was run.
        self.settings = settings

    def pids(self):
        raise NotImplementedError

    def cpu_seconds(self):
        """User and system time of all its threads, by the kernel's account."""
        total = 0
        for pid in self.pids():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def pin(self, core):
        for pid in self.pids():
            subprocess.run(["taskset", "-acp", str(core), str(pid)], check=True,
                           stdout=subprocess.DEVNULL)

    def stop(self):
        raise NotImplementedError


class Started(Server):
    """A server that runs in the foreground."""

    def __init__(self, name, command, port, settings, folder):
        super().__init__(name, settings)
        self.port = port
        self.folder = folder
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(port)

    def pids(self):
        children = pathlib.Path(
            f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid] + [int(child) for child in children]

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def wait_for(port, seconds=20):
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def nginx(port=18081):
    """One worker, no log, many requests on a connection: what its manual says for speed."""
    folder = tempfile.mkdtemp(prefix="watchword-nginx.")
    text = f"""
daemon off;
pid {folder}/pid;
error_log /dev/null;
worker_processes 1;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{ return 204; }}
    }}
}}
"""
    path = pathlib.Path(folder) / "nginx.conf"
    path.write_text(text)
    return Started("nginx, return 204", ["nginx", "-c", path], port,
                   "one worker, access_log off, keepalive_requests 1000000000", folder)


def redis(port=18082):
    folder = tempfile.mkdtemp(prefix="watchword-redis.")
    return Started(
        "Redis, GET", ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "",
                       "--appendonly", "no", "--dir", folder], port,
        "nothing is written to the disk: --save '' --appendonly no", folder)


class Cluster:
    """Three nodes that deploy/quickstart started, without a load balancer."""

    def __init__(self, root):
        self.root = root
        self.folder = tempfile.mkdtemp(prefix="watchword-benchmark.")
        self.quickstart("up", "--no-lb")
        description = json.loads((pathlib.Path(self.folder) / "cluster.json").read_text())
        self.nodes = {node["id"]: node["http"] for node in description["nodes"]}
        self.password = (pathlib.Path(self.folder) / "admin-password").read_text().strip()

    def quickstart(self, *words):
        subprocess.run([self.root / "deploy" / "quickstart", *words, "--dir", self.folder],
                       check=True, stdout=subprocess.DEVNULL)

    def node(self, name):
        return Node(self, name)

    def stop(self):
        self.quickstart("down")
        shutil.rmtree(self.folder, ignore_errors=True)


class Node(Server):
    """One node of a cluster."""

    def __init__(self, cluster, name):
        super().__init__("Watchword, /v1/validate", "one node of three, as quickstart makes them")
        self.url = cluster.nodes[name]
        self.pid = int((pathlib.Path(cluster.folder) / name / "pid").read_text())

    def pids(self):
        return [self.pid]

    def stop(self):
        pass
