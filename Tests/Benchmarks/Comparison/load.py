"""Loads that other people's programs make, and what these say of them."""

import csv
import io
import re
import subprocess

UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


class Round:
    """What one round of a load showed."""

    def __init__(self, requests, seconds, p50, p99, cpu_seconds):
        self.requests = requests
        self.rate = requests / seconds
        # In milliseconds.
        self.p50 = p50
        self.p99 = p99
        # Of the server, in microseconds for each request.
        self.cpu = cpu_seconds * 1e6 / requests


def measured(server, work):
    """Does the work, and says what it cost the server in CPU seconds."""
    before = server.cpu_seconds()
    result = work()
    return result, server.cpu_seconds() - before


def wrk(server, url, core, seconds, connections=64, script=None, arguments=()):
    command = ["taskset", "-c", str(core), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s",
               "--latency"] + (["-s", str(script)] if script else []) + [url]
    if arguments:
        command += ["--", *map(str, arguments)]
    done, cpu = measured(server, lambda: subprocess.run(
        command, check=True, capture_output=True, text=True).stdout)
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", done)
    errors = re.search(r"Socket errors: (.*)", done)
    if failed or errors:
        raise RuntimeError(f"{url}: {(failed or errors).group(0)}")
    requests, spent = re.search(r"(\d+) requests in ([\d.]+)s", done).groups()
    return Round(int(requests), float(spent), latency(done, "50%"), latency(done, "99%"), cpu)


def latency(text, percentile):
    value, unit = re.search(rf"{percentile}\s+([\d.]+)(us|ms|s)\b", text).groups()
    return float(value) * UNITS[unit]


def redis_get(server, core, seconds, keys, guess, connections=64):
    """As many GETs of random keys as take about so many seconds by the guessed rate."""
    count = int(guess * seconds)
    command = ["taskset", "-c", str(core), "redis-benchmark", "-p", str(server.port), "-t", "get",
               "-c", str(connections), "-n", str(count), "-r", str(keys), "-d", "64", "--csv"]
    done, cpu = measured(server, lambda: subprocess.run(
        command, check=True, capture_output=True, text=True).stdout)
    row = next(csv.DictReader(io.StringIO(done)))
    rate = float(row["rps"])
    return Round(count, count / rate, float(row["p50_latency_ms"]), float(row["p99_latency_ms"]),
                 cpu)
