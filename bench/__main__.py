"""`python -m bench [NAME...]`: take all measurements, or some; exit code 1 when one misses its target."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console

from bench.measurement import Measurement, table, write_results
from bench.site import open_site
from hallmark.common.errors import HallmarkError

# In this order: the quick ones first.
NAMES = {
    "unchanged": "an unchanged `pulumi up` against an empty program's",
    "controls": "what controls cost: compiling a plan of 150, their share of a build's guest time",
    "boot": "boot to multi-user of the golden image against the base's",
    "build": "guest time of a full build against a naive build script's",
    "drift": "a look at a live machine of the released image, against `dpkg --verify` there",
    "ebs": "EBS direct uploads at a local endpoint, against the account's quota of blocks a second",
    "aws": "a stack on AWS, in a doubled account: its calls by the number of recipes, and its unchanged `pulumi up`",
    "judges": "what each judge that is not ours costs, on the released image",
    "fresh": "one run from nothing: peak memory of the host side, and each step's share of the time",
}


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print a table, keep it as JSON; the exit code."""
    asked = _parse(words)
    console = Console(stderr=True)
    found: list[Measurement] = []
    try:
        with open_site(asked.stack) as site:
            for name in asked.names or NAMES:
                console.print(f"[bold]{name}[/bold]: {NAMES[name]}")
                module = importlib.import_module(f"bench.{name}")
                found += module.measure(site, lambda text: console.print(f"  {text}", markup=False), runs=asked.runs)
            path = write_results(found, root=site.root, when=datetime.now(UTC))
    except HallmarkError as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return problem.exit_code
    except KeyboardInterrupt:
        print("bench: interrupted; nothing was kept", file=sys.stderr)
        return 130
    Console(width=None if sys.stdout.isatty() else 200).print(table(found))
    print(f"kept in {path}")
    return 1 if any(each.met is False for each in found) else 0


def _parse(words: Sequence[str] | None) -> argparse.Namespace:
    listed = "\n".join(f"  {name:10} {what}" for name, what in NAMES.items())
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, epilog=listed, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="one of those below; all by default")
    parser.add_argument("--runs", type=int, help="how often each side runs, instead of the default")
    parser.add_argument("--stack", default="local", help="the stack to measure (default: local)")
    asked = parser.parse_args(words)
    unknown = [name for name in asked.names if name not in NAMES]
    if unknown:
        parser.error(f"{unknown[0]}: expected one of {', '.join(NAMES)}")
    return asked


if __name__ == "__main__":
    sys.exit(main())
