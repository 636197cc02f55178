"""What every test against the running cluster needs."""

import json
import os
import pathlib
import subprocess
import time

import pytest
import requests

ROOT = pathlib.Path(os.environ["PEERS_ROOT"])
DIR = pathlib.Path(os.environ["PEERS_DIR"])


class Cluster:
    """The cluster that deploy/quickstart started."""

    def __init__(self):
        description = json.loads((DIR / "cluster.json").read_text())
        self.lb = description["lb"]
        self.nodes = {node["id"]: node["http"] for node in description["nodes"]}
        self.password = (DIR / "admin-password").read_text().strip()
        self.token = self.login("admin", self.password)["session_token"]

    @property
    def headers(self):
        return {"Authorization": f"Bearer {self.token}"}

    def login(self, username, password, url=None, expect=201):
        answer = requests.post(
            f"{url or self.lb}/v1/auth/login",
            json={"username": username, "password": password}, timeout=30)
        assert answer.status_code == expect, answer.text
        return answer.json()

    def get(self, path, url=None, **options):
        return requests.get(
            f"{url or self.lb}{path}", headers=self.headers, timeout=30, **options)

    def quickstart(self, *words):
        return subprocess.run(
            [ROOT / "deploy/quickstart", *words, "--dir", DIR],
            check=True, capture_output=True, text=True).stdout

    def leader(self):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for node, url in self.nodes.items():
                try:
                    if requests.get(f"{url}/health/leader", timeout=1).status_code == 200:
                        return node
                except requests.ConnectionError:
                    pass
            time.sleep(0.02)
        raise AssertionError("no leader")

    def ready(self, node):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                if requests.get(f"{self.nodes[node]}/health/ready", timeout=1).status_code == 200:
                    return
            except requests.ConnectionError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"{node} is not ready")

    def command(self, *words, text=None):
        """Runs the command line against the load balancer."""
        return subprocess.run(
            [ROOT / ".build/release/watchword", *words], input=text, text=True,
            capture_output=True, timeout=600,
            env={**os.environ, "WATCHWORD_PROFILE": str(DIR / "peers-profile.json")})


@pytest.fixture(scope="session")
def cluster():
    cluster = Cluster()
    done = cluster.command(
        "login", "admin", "--url", cluster.lb, "--password-file", str(DIR / "admin-password"))
    assert done.returncode == 0, done.stderr
    return cluster
