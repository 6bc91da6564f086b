"""A scratch checkout on the platform `local` whose machines end at once: the real engine, no machine."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from hallmark.common.cache import user_cache
from hallmark.common.fingerprint import hash_file
from tests.e2e.checkout import Checkout, scratch
from tests.support.made_disk import FILES, write_disk

_PATIENCE = 120.0
STATUS = b"Package: hallmark-test\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n"
_DOUBLED = "\nfrom tests.doubles.quick_local import choose_accelerator, run_guest  # noqa: E402, F811\n"
# Nobody has installed on the disk what the guest says.
_UNCOMPARED = "\n_compare_packages = lambda *_: None  # noqa: E731\n"


@contextlib.contextmanager
def quick_checkout(folder: Path, *recipes: str) -> Iterator[Checkout]:
    """A checkout whose stack builds these recipes on a small disk; nothing of it may be left at the end."""
    disk = write_disk(folder / "disk", files={**FILES, "var/lib/dpkg/status": STATUS})
    with scratch(folder / "checkout", folder / "cache" / "hallmark", user_cache()) as checkout:
        machines = checkout.root / "hallmark/local/machines.py"
        machines.write_text(machines.read_text() + _DOUBLED)
        images = checkout.root / "hallmark/local/image_store.py"
        images.write_text(images.read_text() + _UNCOMPARED)
        (checkout.root / "quick").mkdir()
        for recipe in recipes:
            checkout.recipe(recipe)
        checkout.profile("tiny", "marker")
        named = {"disk": str(disk), "sha512": hash_file(disk, algorithm="sha512")}
        checkout.configure(recipes=list(recipes), base=named)
        # Its own, as nothing in it is worth sharing.
        (checkout.cache / "bases").unlink()
        yield checkout


def spoil(checkout: Checkout, recipe: str, mode: str, script: str) -> None:
    """Let a shell script change what the recipe's guest hands back in `mode`; an empty one lets it be good again."""
    path = checkout.root / "quick" / f"{recipe}-{mode}.sh"
    path.write_text(script) if script else path.unlink()


def end_with(checkout: Checkout, recipe: str, mode: str, error: str) -> None:
    """Let the recipe's machine end in `mode` with an error: its class and its message; empty: no longer."""
    path = checkout.root / "quick" / f"{recipe}-{mode}.error"
    path.write_text(error) if error else path.unlink()


def up_to_a_reader_that_goes(checkout: Checkout, lines: int) -> int:
    """`hallmark up` whose reader takes so many lines of both streams and goes; its exit code."""
    reading, writing = os.pipe()
    process = _start_up(checkout, subprocess.DEVNULL, writing)
    with os.fdopen(reading, "rb") as stream:
        for _ in range(lines):
            stream.readline()
    return process.wait(_PATIENCE)


def up_on_a_terminal_that_is_closed(checkout: Checkout, after: float) -> int:
    """`hallmark up` on a terminal of its own that is closed after so many seconds; its exit code."""
    ours, theirs = pty.openpty()
    process = _start_up(checkout, theirs, theirs, terminal=True)
    end = time.monotonic() + after
    while (left := end - time.monotonic()) > 0:
        if select.select([ours], [], [], left)[0]:
            try:
                os.read(ours, 65536)
            except OSError:  # it has ended
                break
    os.close(ours)
    return process.wait(_PATIENCE)


def up_that_is_hung_up(checkout: Checkout, after: float) -> int:
    """`hallmark up` without a terminal that gets SIGHUP after so many seconds; its exit code."""
    process = _start_up(checkout, subprocess.DEVNULL, os.open(os.devnull, os.O_WRONLY))
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(after)
    process.send_signal(signal.SIGHUP)
    return process.wait(_PATIENCE)


def _start_up(checkout: Checkout, stdin: int, out: int, *, terminal: bool = False) -> subprocess.Popen[bytes]:
    words = [str(checkout.root / ".venv/bin/python"), "-m", "hallmark", "up", checkout.stack]
    setsid = ["setsid", "--ctty"] if terminal else ["setsid"]
    try:
        return subprocess.Popen(
            [*setsid, *words], cwd=checkout.root, env=checkout.environment(), stdin=stdin, stdout=out, stderr=out
        )
    finally:
        os.close(out)
