"""Reports for programs (JSON) and for people (Markdown, with a picture)."""

import json
import math
import os
import platform
import statistics
import subprocess
import tempfile
import time

# The first field of each is pictured, and compared with the base.
LOOKUP_FIELDS = [("cpu", "CPU of the server, µs a request"), ("rate", "requests/s"),
                 ("p50", "p50, ms"), ("p99", "p99, ms")]
CLUSTER_FIELDS = [("rate", "requests/s"), ("p50", "p50, ms"), ("p99", "p99, ms"),
                  ("cpu", "CPU of all nodes, µs a request"),
                  ("client", "CPU of the clients, µs a request")]


class Bar:
    """What is asked of a number that several rounds have shown."""

    def __init__(self, text, values, at_least=None, at_most=None):
        self.text = text
        self.values = values
        self.at_least = at_least
        self.at_most = at_most

    def is_met(self):
        """Whether the median is within the bounds."""
        median = statistics.median(self.values)
        return ((self.at_least is None or median >= self.at_least)
                and (self.at_most is None or median <= self.at_most))

    def line(self):
        asked = (f"at least {self.at_least}" if self.at_most is None else f"at most {self.at_most}")
        seen = spread(self.values) if len(self.values) > 1 else number(self.values[0])
        return (f"- {self.text}: {seen}; asked for is {asked}: "
                f"{'met' if self.is_met() else 'not met'}")


def beside(found, field, name, base, **bounds):
    """A bar for the ratio of two servers in the same round."""
    ratios = [getattr(one, field) / getattr(other, field)
              for one, other in zip(found[name], found[base])]
    return Bar(f"{field} of {name} by that of {base}", ratios, **bounds)


def spread(values):
    text = f"{number(statistics.median(values))}"
    return f"{text} ({number(min(values))} to {number(max(values))})"


def percentiles(values):
    ordered = sorted(values)
    return " / ".join(number(value) for value in (
        ordered[0], statistics.median(ordered), quantile(ordered, 0.99), ordered[-1]))


def quantile(ordered, share):
    """Of values in ascending order."""
    return ordered[math.ceil(share * len(ordered)) - 1]


def number(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.2f}"


def write(path, title, found, settings, fields=LOOKUP_FIELDS, base=None, bars=(),
          sample="rounds in turn", cell=spread,
          legend="the median, and the least and the greatest"):
    """Writes path.json, path.md and path.svg.

    found: rounds by server; base: the server that the others are compared with.
    """
    compared, label = fields[0]
    on = machine()
    path.with_suffix(".json").write_text(json.dumps({
        "title": title, "machine": on, "settings": settings,
        "rounds": {name: [vars(one) for one in all_] for name, all_ in found.items()},
        "bars": [{**vars(bar), "met": bar.is_met()} for bar in bars]}, indent=1))
    headings = [heading for _, heading in fields] + ([f"{label} by that of {base}"] if base else [])
    lines = [f"# {title}", "",
             f"{len(next(iter(found.values())))} {sample} on {on['cores']} cores "
             f"({on['machine']}, Linux {on['kernel']}, {on['disk']}): {legend}.", "",
             "| server | " + " | ".join(headings) + " |",
             "| --- " * (len(headings) + 1) + "|"]
    for name, all_ in found.items():
        cells = [cell([getattr(one, field) for one in all_]) for field, _ in fields]
        if base:
            cells.append(cell(beside(found, compared, name, base).values))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    if bars:
        lines += [""] + [bar.line() for bar in bars]
    lines += [""] + [f"- {name}: {text}" for name, text in settings.items()]
    lines += ["", f"![{label}]({path.name}.svg)"]
    path.with_suffix(".md").write_text("\n".join(lines) + "\n")
    path.with_suffix(".svg").write_text(picture(found, compared))
    print("\n".join(lines), flush=True)


def machine():
    folder = tempfile.gettempdir()
    kind = subprocess.run(["df", "--output=fstype", folder], check=True, capture_output=True,
                          text=True).stdout.split()[-1]
    return {"cores": os.cpu_count(), "machine": platform.machine(), "kernel": platform.release(),
            "disk": f"{kind}, a sync takes {sync_milliseconds(folder):.2f} ms"}


def sync_milliseconds(folder, tries=200):
    """The median of a few; one far below a millisecond may not reach any lasting medium."""
    times = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(tries):
            os.pwrite(file.fileno(), bytes(4096), 0)
            begin = time.monotonic()
            os.fdatasync(file.fileno())
            times.append((time.monotonic() - begin) * 1000)
    return statistics.median(times)


def picture(found, field):
    """Bars of the medians of a field, with a line from the least to the greatest."""
    most = max(getattr(one, field) for all_ in found.values() for one in all_)
    rows = []
    for place, (name, all_) in enumerate(found.items()):
        values = [getattr(one, field) for one in all_]
        y = 20 + place * 44
        width = 300 * statistics.median(values) / most
        low, high = (280 + 300 * value / most for value in (min(values), max(values)))
        rows.append(
            f'<text x="270" y="{y + 16}" text-anchor="end">{name}</text>'
            f'<rect x="280" y="{y}" width="{width:.1f}" height="24" fill="#4a7fb5"/>'
            f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y + 12}" y2="{y + 12}" stroke="#222"/>'
            f'<text x="{max(high, 280 + width) + 6:.1f}" y="{y + 16}">'
            f'{number(statistics.median(values))}</text>')
    height = 30 + len(found) * 44
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 {height}" '
            'font-family="sans-serif" font-size="13"><rect width="680" '
            f'height="{height}" fill="white"/>{"".join(rows)}</svg>\n')
