"""What is asked of a cluster of our own before it is measured."""

import collections
import http.client
import json
import queue
import threading
import urllib.parse

SESSIONS_PER_USER = 10
WORKERS = 32

Session = collections.namedtuple("Session", "id token")


class Client:
    """A connection to one node that says what it did not understand."""

    def __init__(self, url, token=None):
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=30)
        self.headers = {"Content-Type": "application/json"}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    def ask(self, method, path, body=None):
        text = None if body is None else json.dumps(body)
        self.connection.request(method, path, text, self.headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status not in (200, 201):
            raise RuntimeError(f"{path}: {answer.status} {content[:200]}")
        return content

    def get(self, path):
        return json.loads(self.ask("GET", path))

    def post(self, path, body):
        return json.loads(self.ask("POST", path, body))


def gather(cluster, items, work):
    """What work(client, item) returns for all items, done on all nodes at once, in any order."""
    urls = list(cluster.nodes.values())
    waiting = queue.SimpleQueue()
    for item in items:
        waiting.put(item)
    results, failures, lock = [], [], threading.Lock()

    def serve(url):
        client = Client(url, cluster.admin)
        try:
            while not failures:
                found = list(work(client, waiting.get_nowait()))
                with lock:
                    results.extend(found)
        except queue.Empty:
            return
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=serve, args=(urls[worker % len(urls)],))
               for worker in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return results


def make_users(cluster, count):
    """The ids of so many new users."""
    return gather(cluster, range(count), lambda client, number: [
        client.post("/v1/users", {"username": f"user{number}"})["id"]])


def make_sessions(cluster, count):
    """So many living sessions of as many users as have ten each."""
    def begin(client, user):
        for _ in range(SESSIONS_PER_USER):
            answer = client.post("/v1/sessions", {"user_id": user})
            yield Session(answer["session"]["id"], answer["session_token"])

    users = make_users(cluster, -(-count // SESSIONS_PER_USER))
    return gather(cluster, users, begin)[:count]


def sessions_of(client, user):
    """The ids of all sessions of a user."""
    found, cursor = [], ""
    while cursor is not None:
        page = client.get(f"/v1/sessions?user_id={user}&limit=1000{cursor}")
        found += [session["id"] for session in page["items"]]
        following = page["next_cursor"]
        cursor = following and f"&cursor={urllib.parse.quote(following)}"
    return found
