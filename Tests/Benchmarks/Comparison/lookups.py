"""What a look-up of a session costs, beside a static answer of nginx and a GET of Redis.

Each server has a core of its own, the load has the other one. Rounds are interleaved, so that
what the machine does meanwhile falls on all of them.
"""

import http.client
import json
import pathlib
import queue
import subprocess
import threading
import urllib.parse

import load
import report
import servers

SERVER_CORE, LOAD_CORE = 0, 1
SESSIONS_PER_USER = 10
WORKERS = 32


class Client:
    """A connection to one node that says what it did not understand."""

    def __init__(self, url, token=None):
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=30)
        self.headers = {"Content-Type": "application/json"}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    def post(self, path, body):
        self.connection.request("POST", path, json.dumps(body), self.headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status not in (200, 201):
            raise RuntimeError(f"{path}: {answer.status} {content[:200]}")
        return json.loads(content)


def make_sessions(cluster, count, path):
    """Makes living sessions of as many users as have ten each, and writes their tokens."""
    urls = list(cluster.nodes.values())
    admin = Client(urls[0]).post(
        "/v1/auth/login", {"username": "admin", "password": cluster.password})["session_token"]
    users = queue.SimpleQueue()
    for number in range(-(-count // SESSIONS_PER_USER)):
        users.put(number)
    tokens, failures, lock = [], [], threading.Lock()

    def work(url):
        client = Client(url, admin)
        try:
            while not failures:
                number = users.get_nowait()
                user = client.post("/v1/users", {"username": f"user{number}"})["id"]
                own = [client.post("/v1/sessions", {"user_id": user})["session_token"]
                       for _ in range(SESSIONS_PER_USER)]
                with lock:
                    tokens.extend(own)
        except queue.Empty:
            return
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(urls[worker % len(urls)],))
               for worker in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    path.write_text("".join(token + "\n" for token in tokens[:count]))


def compare(root, output, sessions, rounds, seconds):
    script = pathlib.Path(__file__).parent / "validate.lua"
    tokens = output / "tokens"
    nginx, redis, cluster = servers.nginx(), servers.redis(), servers.Cluster(root)
    node = cluster.node(min(cluster.nodes))
    try:
        print(f"making {sessions} sessions", flush=True)
        make_sessions(cluster, sessions, tokens)
        fill(redis, sessions)
        for server in (nginx, redis, node):
            server.pin(SERVER_CORE)
        found = {server.name: [] for server in (nginx, redis, node)}
        guess = 50_000
        # One round before the first that counts.
        for number in range(rounds + 1):
            # The very same requests to both that speak HTTP.
            results = {
                nginx.name: load.wrk(nginx, f"http://127.0.0.1:{nginx.port}", LOAD_CORE, seconds,
                                     script=script, arguments=(tokens, number)),
                redis.name: load.redis_get(redis, LOAD_CORE, seconds, sessions, guess),
                node.name: load.wrk(node, node.url, LOAD_CORE, seconds, script=script,
                                    arguments=(tokens, number)),
            }
            guess = results[redis.name].rate
            for name, result in results.items():
                if number > 0:
                    found[name].append(result)
                print(f"{name}: {result.cpu:.2f} us of CPU, {result.rate:.0f}/s, "
                      f"p99 {result.p99:.2f} ms", flush=True)
        settings = {server.name: server.settings for server in (nginx, redis, node)}
        report.write(
            output / "lookups", f"A look-up among {sessions} sessions, 64 connections",
            found, base=nginx.name, settings=settings)
    finally:
        for server in (nginx, redis, cluster):
            server.stop()


def fill(redis, count):
    """Puts as many values as there are sessions, under the keys that redis-benchmark asks for."""
    lines = [f"SET key:{number:012} {'x' * 64}\r\n" for number in range(count)]
    subprocess.run(["redis-cli", "-p", str(redis.port), "--pipe"], input="".join(lines),
                   text=True, check=True, stdout=subprocess.DEVNULL)
