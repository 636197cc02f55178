"""Loads that other people's programs make, and what these say of them."""

import contextlib
import csv
import io
import pathlib
import re
import resource
import subprocess
import tempfile
import urllib.parse

import report

UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}
SCRIPT = pathlib.Path(__file__).parent / "requests.lua"
# As the report tells of them.
CLIENTS = ("wrk for HTTP/1.1, h2load with prepared messages for gRPC, on the cores of the servers, "
           "a thread or process for each node; each client waits for an answer before it goes on")
# What h2load logs must not make the disk busy on which the servers sync.
MEMORY = "/dev/shm"


class Round:
    """What one round of a load showed."""

    def __init__(self, requests, seconds, p50, p99, cost):
        self.requests = requests
        self.rate = requests / seconds
        # In milliseconds.
        self.p50 = p50
        self.p99 = p99
        # Of the server and of its clients, in microseconds for each request.
        self.cpu, self.client = (spent * 1e6 / requests for spent in cost)


def measured(server, work):
    """Does the work, and says what it cost the server and its clients in CPU seconds."""
    before = server.cpu_seconds(), client_seconds()
    result = work()
    after = server.cpu_seconds(), client_seconds()
    return result, tuple(later - earlier for earlier, later in zip(before, after))


def client_seconds():
    """User and system time of the processes that were started here and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def interleaved(contenders, rounds):
    """So many rounds of each contender, in turn, after one of each that does not count."""
    found = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, work in contenders.items():
            result = work(number)
            if number > 0:
                found[name].append(result)
            print(f"{name}: {result.rate:.0f}/s, p50 {result.p50:.2f} ms, p99 {result.p99:.2f} ms,"
                  f" {result.cpu:.1f} us of CPU, {result.client:.1f} us of the client", flush=True)
    return found


def confirmed(server, operation, clients, work):
    """Does a round, and holds what the clients saw against what the servers counted.

    When time is up, each client has one request under way that no client counts, and that may
    end in any way.
    """
    before = server.answered(operation)
    result = work()
    succeeded, failed = (now - then for now, then in zip(server.answered(operation), before))
    if not result.requests <= succeeded <= result.requests + clients or failed > clients:
        raise RuntimeError(f"{operation}: {result.requests} answers came to the clients, of "
                           f"{succeeded} successes and {failed} failures")
    return result


def wrk(server, urls, seconds, clients, requests, order="drawn", seed=0, core=None):
    """Sends requests of a file, a thread to each URL: see requests.lua."""
    nodes = [part for url in urls for part in urllib.parse.urlsplit(url).netloc.split(":")]
    command = ["taskset", "-c", str(core)] if core is not None else []
    command += ["wrk", f"-t{len(urls)}", f"-c{clients}", f"-d{seconds}s", "--latency",
                "--timeout", "10s", "-s", SCRIPT, urls[0], "--", requests.path,
                str(requests.length), str(requests.count // len(urls)), order, str(seed), *nodes]
    done, cost = measured(server, lambda: subprocess.run(
        command, check=True, capture_output=True, text=True).stdout)
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", done)
    errors = re.search(r"Socket errors: (.*)", done)
    if failed or errors:
        raise RuntimeError(f"{' '.join(urls)}: {(failed or errors).group(0)}")
    count, spent = re.search(r"(\d+) requests in ([\d.]+)s", done).groups()
    return Round(int(count), float(spent), latency(done, "50%"), latency(done, "99%"), cost)


def latency(text, percentile):
    value, unit = re.search(rf"{percentile}\s+([\d.]+)(us|ms|s)\b", text).groups()
    return float(value) * UNITS[unit]


def h2load(server, targets, seconds, clients, streams=1):
    """Calls a method of gRPC with prepared messages, a process for each member of a cluster.

    A client in Go or Python would need several times the CPU time of h2load, on the cores that
    the servers need.

    targets: URL and file of the message by member; streams: clients that share a connection.
    """
    each = clients // len(targets)
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        logs = [pathlib.Path(folder) / str(number) for number in range(len(targets))]
        commands = [
            ["h2load", "-t1", "-c", str(each // streams), "-m", str(streams), "-D", str(seconds),
             "-d", message, "-H", "content-type: application/grpc", "-H", "te: trailers",
             "--log-file", log, url]
            for (url, message), log in zip(targets, logs)]
        _, cost = measured(server, lambda: run_all(commands))
        # Begin, status and microseconds of each request.
        lines = [line.split() for log in logs for line in log.read_text().splitlines()]
    if any(status != "200" for _, status, _ in lines):
        raise RuntimeError(f"{targets}: not all answers were 200")
    latencies = as_wrk_counts([int(spent) for _, _, spent in lines], seconds, clients)
    return Round(len(lines), seconds, report.quantile(latencies, 0.5) / 1000,
                 report.quantile(latencies, 0.99) / 1000, cost)


def run_all(commands):
    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for command in commands]
    if any([process.wait() for process in running]):
        raise RuntimeError(f"{commands[0]} failed")


def as_wrk_counts(latencies, seconds, clients):
    """Adds what wrk adds, so that latencies of both programs compare.

    wrk takes the mean time between requests of a client for the time at which it meant to ask
    again, and counts each request that an answer later than twice that kept from being sent.
    """
    interval = int(seconds * 1e6 / (len(latencies) / clients))
    kept = [later for spent in latencies if spent >= 2 * interval
            for later in range(spent - interval, interval, -interval)]
    return sorted(latencies + kept)


def redis_get(server, core, seconds, keys, guess, connections=64):
    """As many GETs of random keys as take about so many seconds by the guessed rate."""
    count = int(guess * seconds)
    command = ["taskset", "-c", str(core), "redis-benchmark", "-p", str(server.port), "-t", "get",
               "-c", str(connections), "-n", str(count), "-r", str(keys), "-d", "64", "--csv"]
    done, cost = measured(server, lambda: subprocess.run(
        command, check=True, capture_output=True, text=True).stdout)
    row = next(csv.DictReader(io.StringIO(done)))
    rate = float(row["rps"])
    return Round(count, count / rate, float(row["p50_latency_ms"]), float(row["p99_latency_ms"]),
                 cost)


@contextlib.contextmanager
def steady_posts(url, token, body, rate, seconds):
    """Sends so many POSTs a second meanwhile, whether answers come soon or late."""
    clients = 20
    # Each client keeps the same schedule, and begins a little later than the one before.
    period = 1000 * clients // rate
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        schedule, log = pathlib.Path(folder) / "schedule", pathlib.Path(folder) / "log"
        count = seconds * 1000 // period
        schedule.write_text("".join(f"{number * period}\t{url}\n" for number in range(count)))
        sending = subprocess.Popen(
            ["h2load", "--h1", "-t1", "-m1", "-c", str(clients), "-r1",
             f"--rate-period={period // clients}ms", f"--timing-script-file={schedule}",
             "-d", body, "-H", "content-type: application/json",
             "-H", f"authorization: Bearer {token}", "--log-file", log],
            stdout=subprocess.DEVNULL)
        yield
        sending.wait()
        statuses = [line.split()[1] for line in log.read_text().splitlines()]
    if statuses != ["201"] * (count * clients):
        raise RuntimeError(f"{statuses.count('201')} of {count * clients} POSTs succeeded")
