"""What the measurements are taken on: the checkout's stack, its released image, base and order; a scratch folder.

Nothing here touches the stack's own state, store or channel: runs that change something work on copies.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hallmark.base.base import Base, require_base
from hallmark.common.checkout import find_checkout
from hallmark.common.errors import ProcessError, StoreError
from hallmark.common.locks import try_lock
from hallmark.config.settings import load_settings
from hallmark.engine.backend import backend_in
from hallmark.engine.engine import Engine
from hallmark.order.places import find_places
from hallmark.order.resolve import Context
from hallmark.store.image import Image
from hallmark.store.store import Store

_SLOW = 3600.0
_PREFIX = "bench-"

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """A checkout whose stack was brought up; `scratch` is removed at the end."""

    root: Path
    stack: str
    engine: Engine
    scratch: Path

    def environment(self, state: Path) -> dict[str, str]:
        """The engine's environment with another folder for its state."""
        return {**self.engine.environment(), "PULUMI_BACKEND_URL": backend_in(state)}

    def folder(self, name: str) -> Path:
        """A new folder below the scratch folder."""
        path = self.scratch / name
        path.mkdir()
        return path

    def copied_state(self) -> Path:
        """A copy of the stack's state, without its history and locks."""
        target = self.scratch / "state"
        if not target.exists():
            skip = shutil.ignore_patterns("history", "backups", "locks")
            shutil.copytree(self.engine.state, target, ignore=skip)
        return target

    def configuration(self) -> dict[str, str]:
        """The stack's configuration with its defaults, as texts."""
        listed = json.loads(self.pulumi("config", "--json", state=self.copied_state()))
        return {key: str(entry["value"]) for key, entry in listed.items()}

    def pulumi(self, *words: str, state: Path, cwd: Path | None = None, check: bool = True) -> str:
        """Run the engine to its end; what it printed. ProcessError with its last words when it fails."""
        done = subprocess.run(
            [self.engine.program(), *words, "--stack", self.stack],
            cwd=cwd or self.root,
            env=self.environment(state),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_SLOW,
            check=False,
        )
        if check and done.returncode != 0:
            raise ProcessError(f"pulumi {' '.join(words)}: exit code {done.returncode}\n{done.stdout[-2000:]}")
        return done.stdout


@dataclass(frozen=True, kw_only=True, slots=True)
class Released:
    """A released image, the base that it was made from, and what its order says of machine and people."""

    image: Image
    base: Base
    memory_mib: int
    cpus: int
    administrators: tuple[str, ...]


@contextmanager
def open_site(stack: str) -> Iterator[Site]:
    """The checkout's stack, and a scratch folder beside its store (large: whole disks and stores go there)."""
    root = find_checkout()
    home = root / ".hallmark"
    home.mkdir(exist_ok=True)
    lock = try_lock(home / "bench.lock")
    if lock is None:
        raise StoreError(f"{home}: another run of the benchmarks is at work in this checkout; wait for its end")
    try:
        for old in home.glob(f"{_PREFIX}*/"):
            shutil.rmtree(old, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=home, prefix=_PREFIX, ignore_cleanup_errors=True) as scratch:
            yield Site(root=root, stack=stack, engine=Engine(root, os.environ), scratch=Path(scratch))
    finally:
        os.close(lock)


def find_context(site: Site) -> Context:
    """The stack's settings and places, as its program sees them."""
    settings = load_settings(site.configuration(), where=f"stack {site.stack}")
    today = datetime.now(UTC).date()
    return Context(settings=settings, places=find_places(settings, site.root), root=site.root, today=today)


def find_released(context: Context) -> Released:
    """The image that the first recipe's channel points at; StoreError when nothing was released yet."""
    recipe, channel = context.settings.recipes[0], context.settings.channel
    image = Store(context.places.store).channel_target(recipe, channel)
    if image is None:
        raise StoreError(f"{recipe}/{channel}: expected a released image to measure; run `make image`")
    # The image may be older than today's form of an order: only these few are needed.
    order = json.loads((image.evidence / "order.json").read_text())
    return Released(
        image=image,
        base=require_base(order["base"], context.places.cache),
        memory_mib=order["shape"]["memory_mib"],
        cpus=order["shape"]["cpus"],
        administrators=tuple(order["administrators"]),
    )
