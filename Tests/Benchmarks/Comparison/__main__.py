"""Measures a cluster of our own beside other people's servers. See Tests/Benchmarks/run."""

import argparse
import pathlib
import sys

import failover
import idle
import lookups
import lookups_with_writes
import reads
import writes


def main():
    parser = argparse.ArgumentParser(prog="Tests/Benchmarks/run")
    parser.add_argument("root", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("what", choices=["all", *comparisons(None, None)])
    parser.add_argument("--short", action="store_true", help="few sessions and short rounds")
    parser.add_argument("--sessions", type=int, help="living sessions, ten of each user")
    parser.add_argument("--kills", type=int, help="of each cluster's leader")
    parser.add_argument("--output", type=pathlib.Path, help="where the report goes")
    options = parser.parse_args()
    output = options.output or options.root / ".build" / "benchmarks"
    output.mkdir(parents=True, exist_ok=True)
    for name, compare in comparisons(options, output).items():
        if options.what in ("all", name):
            compare()


def comparisons(options, output):
    def sessions(many):
        return options.sessions or (10_000 if options.short else many)

    def rounds():
        return (3, 3) if options.short else (7, 8)

    return {
        "lookups": lambda: lookups.compare(options.root, output, sessions(1_000_000), *rounds()),
        "writes": lambda: writes.compare(options.root, output, *rounds()),
        "reads": lambda: reads.compare(options.root, output, sessions(100_000), *rounds()),
        "lookups-with-writes": lambda: lookups_with_writes.compare(
            options.root, output, sessions(100_000), *rounds()),
        "failover": lambda: failover.compare(
            options.root, output, options.kills or (10 if options.short else 200)),
        "idle": lambda: idle.compare(options.root, output, 10 if options.short else 60),
    }


if __name__ == "__main__":
    sys.exit(main())
