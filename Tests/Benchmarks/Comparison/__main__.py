"""Measures a cluster of our own beside other people's servers. See Tests/Benchmarks/run."""

import argparse
import pathlib
import sys

import lookups


def main():
    parser = argparse.ArgumentParser(prog="Tests/Benchmarks/run")
    parser.add_argument("root", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("what", choices=["lookups"])
    parser.add_argument("--short", action="store_true", help="few sessions and short rounds")
    parser.add_argument("--sessions", type=int, help="living sessions, ten of each user")
    parser.add_argument("--output", type=pathlib.Path, help="where the report goes")
    options = parser.parse_args()
    output = options.output or options.root / ".build" / "benchmarks"
    output.mkdir(parents=True, exist_ok=True)
    sessions = options.sessions or (10_000 if options.short else 1_000_000)
    rounds, seconds = (3, 3) if options.short else (7, 8)
    lookups.compare(options.root, output, sessions, rounds, seconds)


if __name__ == "__main__":
    sys.exit(main())
