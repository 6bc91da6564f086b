"""Families of packages that must be absent. packages.sh removes them."""

from __future__ import annotations

import functools
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from glob import glob

from lib import DPKG, Context, read

PLACES = ("/usr/local/sbin", "/usr/local/bin", "/usr/local/games", "/usr/sbin", "/usr/bin", "/usr/games")


def check_family(context: Context) -> str:
    """Findings for packages and programs of the family, but for what the recipe declares, and what that needs."""
    packages, programs = context.text("packages"), context.text("programs")
    spared = list(dict.fromkeys(needed(context)))
    wanted, excepted = matcher(packages.split()), matcher([*context.environment.get("HM_EXCEPT", "").split(), *spared])
    for name in installed_packages():
        if wanted.fullmatch(name) and not excepted.fullmatch(name):
            context.finding(f"package {name} is installed")
    # Not Path.glob, which finds what begins with a dot as well.
    found = {path for name in programs.split() for place in PLACES for path in glob(f"{place}/{name}")}  # noqa: PTH207
    for path in sorted(filter(os.path.exists, found)):
        if not (spared and owner(path) in spared):
            context.finding(f"program {path} is present")
    but = f", but for {' '.join(spared)}" if spared else ""
    return f"none of these packages is installed{but}: {packages}; none of these programs is present: {programs}"


def needed(context: Context) -> Iterator[str]:
    """The packages of the family that the recipe declares, and what these need, by their Depends."""
    family = matcher(context.words("packages"))
    todo = [name for name in context.words("declared") if family.fullmatch(name)]
    seen = set()
    for name in todo:
        if name not in seen:
            seen.add(name)
            yield name
            todo += dependencies().get(name, [])


def matcher(patterns: Iterable[str]) -> re.Pattern[str]:
    """Names that match one of these patterns; `*` and `?` stand for any characters."""
    return re.compile("|".join(re.escape(p).replace(r"\*", ".*").replace(r"\?", ".") for p in patterns) or "(?!)")


@functools.cache
def installed_packages() -> tuple[str, ...]:
    """The names of all packages that are not fully gone: one half-removed is still there."""
    names = []
    name = ""
    for line in read(DPKG / "status").split("\n"):
        words = line.split()
        if words[:1] == ["Package:"]:
            name = "".join(words[1:2])
        elif words[:1] == ["Status:"] and "".join(words[3:4]) not in ("config-files", "not-installed"):
            names.append(name)
    return tuple(names)


@functools.cache
def dependencies() -> Mapping[str, list[str]]:
    """Package → whatever its Depends and Pre-Depends name."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in read(DPKG / "status").split("\n"):
        if line.startswith("Package: "):
            name = line.split()[1]
        elif line.startswith(("Depends: ", "Pre-Depends: ")):
            words = re.sub(r"\([^)]*\)|:any|[,|]", " ", line.partition(": ")[2])
            found.setdefault(name, []).extend(words.split())
    return found


def owner(path: str) -> str:
    """The package of a program. The link of an alternative has none; what it leads to has one."""
    for name in (path, os.path.realpath(path)):
        done = subprocess.run(["dpkg-query", "-S", name], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout.partition(":")[0]
    return ""
