"""Servers that are started, pinned to a core, and asked by the kernel what they cost."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.parse

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
        return sum(cpu_seconds(pid) for pid in self.pids())

    def pin(self, core):
        for pid in self.pids():
            subprocess.run(["taskset", "-acp", str(core), str(pid)], check=True,
                           stdout=subprocess.DEVNULL)

    def stop(self):
        raise NotImplementedError


def cpu_seconds(pid):
    """User and system time of all threads of a process, by the kernel's account."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Started(Server):
    """A server that runs in the foreground."""

    def __init__(self, name, command, port, settings, folder):
        super().__init__(name, settings)
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
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


def require_free(urls):
    """Somebody else's server must not be measured in the place of ours."""
    for url in urls:
        host, port = urllib.parse.urlsplit(url).netloc.split(":")
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                raise RuntimeError(f"{url} is taken")


def wait_until(holds, what, seconds=60):
    """What the function returns as soon as that is true."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not happen within {seconds} s")
        time.sleep(0.02)
    return found


def counted(metrics, pattern, success):
    """How many of the counters that match have a label that says success, and how many not.

    pattern: its groups are the label and the count.
    """
    succeeded = failed = 0
    for label, count in re.findall(pattern, metrics):
        if re.fullmatch(success, label):
            succeeded += int(float(count))
        else:
            failed += int(float(count))
    return succeeded, failed
