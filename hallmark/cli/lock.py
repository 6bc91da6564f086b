"""The command `lock`: the lock of what the judges bring that Debian 13 does not have."""

from __future__ import annotations

from hallmark.cli.options import Json, Stack, print_json, say
from hallmark.cli.stacks import read_settings
from hallmark.common.checkout import find_checkout
from hallmark.debian.lock import write_lock
from hallmark.judges.tools import LOCK, renew_lock
from hallmark.order.places import find_places


def lock(stack: Stack = "local", as_json: Json = False) -> None:
    """Pin the newest SCAP Security Guide of the mirror in judges-lock.json, which the judge openscap brings."""
    root = find_checkout()
    places = find_places(read_settings(stack), root)
    made = renew_lock(places.apt_root, places.pool, say)
    write_lock(made, root / LOCK)
    if as_json:
        print_json({"file": str(root / LOCK), "packages": {each.name: each.to_version for each in made.packages}})
        return
    print("\n".join([f"{root / LOCK}: made", *(f"  {package.label}" for package in made.packages)]))
