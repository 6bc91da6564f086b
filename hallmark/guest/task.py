"""What a guest is to do, and whether it did it: the terms that hold for every machine on every platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hallmark.common.errors import MachineError
from hallmark.common.fingerprint import Sha256
from hallmark.guest.console import clean

Mode = Literal["inventory", "build", "accept", "drift", "judge"]
RESULTS = "results"
"""The folder, below a run's work folder, of what the guest wrote."""
FIRST_BOOT = "first-boot"
"""The folder, below the results of a guest that boots twice, of what it wrote in its first boot."""
CONSOLE = "console.log"
"""The file, in a run's work folder, of what the machine printed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GuestTask:
    """What a guest is to do, as its user data says it: `manifest` is the hash of its media's manifest.

    `image` is the id of the image that a build makes; the build records it in the image. `reboots` is how often the
    guest restarts itself on the way. `probes` are addresses, as ADDRESS/PORT=NAME, that the guest must find no way to:
    they differ from run to run, so they are in its user data alone and in no image's identity.
    """

    mode: Mode
    manifest: Sha256
    bootstrap: Path
    cloud_config: Mapping[str, Any]
    deadline_minutes: int
    image: str = ""
    reboots: int = 0
    probes: tuple[str, ...] = ()


def read_text(results: Path, name: str) -> str:
    """One of a guest's result files, safe to print and stripped; empty when the guest did not write it."""
    path = results / name
    lines = path.read_text(errors="replace").split("\n") if path.is_file() else []
    return "\n".join(map(clean, lines)).strip()


def check_finished(results: Path, console: Path, *, what: str) -> None:
    """Raise MachineError, with the guest's own last words, when its script did not run to its end."""
    code = read_text(results, "exit")
    if code == "0" and read_text(results, "stage") == "done":
        return
    stage = read_text(results, "stage") or "media"
    words = "\n".join(read_text(results, "guest.log").splitlines()[-12:])
    raise MachineError(f"{what}: stage {stage}: exit code {code or 'unknown'}\n{words}\nconsole log: {console}")
