"""Reports for programs (JSON) and for people (Markdown, with a picture)."""

import json
import os
import platform
import statistics

FIELDS = [("cpu", "CPU of the server, µs a request"), ("rate", "requests/s"),
          ("p50", "p50, ms"), ("p99", "p99, ms")]


def write(path, title, found, base, settings):
    """Writes path.json, path.md and path.svg.

    found: rounds by server; base: the server that the others are compared with.
    """
    machine = {"cores": os.cpu_count(), "machine": platform.machine(),
               "kernel": platform.release()}
    rounds = {name: [vars(one) for one in all_] for name, all_ in found.items()}
    path.with_suffix(".json").write_text(json.dumps(
        {"title": title, "machine": machine, "settings": settings, "rounds": rounds}, indent=1))
    lines = [f"# {title}", "",
             f"{len(next(iter(found.values())))} rounds in turn on {machine['cores']} cores "
             f"({machine['machine']}, Linux {machine['kernel']}): the median, and the least and "
             "the greatest.", "",
             "| server | " + " | ".join(label for _, label in FIELDS) + f" | CPU by {base} |",
             "| --- " * (len(FIELDS) + 2) + "|"]
    for name, all_ in found.items():
        cells = [spread([getattr(one, field) for one in all_]) for field, _ in FIELDS]
        ratios = [one.cpu / other.cpu for one, other in zip(all_, found[base])]
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {spread(ratios)} |")
    lines += [""] + [f"- {name}: {text}" for name, text in settings.items()]
    lines += ["", f"![CPU of the server]({path.name}.svg)"]
    path.with_suffix(".md").write_text("\n".join(lines) + "\n")
    path.with_suffix(".svg").write_text(picture(found))
    print("\n".join(lines))


def spread(values):
    text = f"{number(statistics.median(values))}"
    return f"{text} ({number(min(values))} to {number(max(values))})"


def number(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.2f}"


def picture(found):
    """Bars of the median CPU time, with a line from the least to the greatest."""
    most = max(one.cpu for all_ in found.values() for one in all_)
    rows = []
    for place, (name, all_) in enumerate(found.items()):
        values = [one.cpu for one in all_]
        y = 20 + place * 44
        width = 380 * statistics.median(values) / most
        low, high = (200 + 380 * value / most for value in (min(values), max(values)))
        rows.append(
            f'<text x="190" y="{y + 16}" text-anchor="end">{name}</text>'
            f'<rect x="200" y="{y}" width="{width:.1f}" height="24" fill="#4a7fb5"/>'
            f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y + 12}" y2="{y + 12}" stroke="#222"/>'
            f'<text x="{max(high, 200 + width) + 6:.1f}" y="{y + 16}">'
            f'{number(statistics.median(values))}</text>')
    height = 30 + len(found) * 44
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 {height}" '
            'font-family="sans-serif" font-size="13"><rect width="680" '
            f'height="{height}" fill="white"/>{"".join(rows)}</svg>\n')
