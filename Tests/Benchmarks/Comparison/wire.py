"""Requests of HTTP/1.1 as they go over the wire."""


def request(method, target, token=None, body="", more=""):
    """One request; more: further lines of its head."""
    head = f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}"
    if token:
        head += f"Authorization: Bearer {token}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}\r\n{body}"


class Requests:
    """A file of requests of the same length, as requests.lua takes them."""

    def __init__(self, path, requests):
        self.path = path
        self.count = self.length = 0
        with path.open("w") as file:
            for one in requests:
                self.length = self.length or len(one)
                if len(one) != self.length:
                    raise ValueError(f"not as long as those before: {one}")
                file.write(one)
                self.count += 1
