"""One run of a guest, the same way for build and acceptance: media and seed in, results out.

The seed's user data carries the bootstrap script with the hash of the media's manifest in its header: the one input
that the guest can trust.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path
from typing import Any, Literal

from hallmark.common.errors import MachineError, ResultsError
from hallmark.common.fingerprint import Sha256
from hallmark.common.iso import MANIFEST, make_volume
from hallmark.guest.console import Progress, clean
from hallmark.guest.results import read_results
from hallmark.local.machine import Drives, Run, Shape, make_results_disk, run_until_power_off

Mode = Literal["inventory", "build", "accept"]
RESULTS = "results"
_GRACE_SECONDS = 120
_BOUNDARY = "hallmark-user-data"


@dataclass(frozen=True, kw_only=True, slots=True)
class Errand:
    """What a guest is to do, as its user data says it: `manifest` is the hash of its media's manifest."""

    mode: Mode
    manifest: Sha256
    bootstrap: Path
    cloud_config: Mapping[str, Any]
    deadline_minutes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Guest(Errand):
    """A guest on this machine: its errand, its disk and its media."""

    disk: Path
    media: Path


def run_guest(guest: Guest, shape: Shape, work: Path, *, on_progress: Callable[[Progress], None]) -> Run:
    """Run a guest to its power-off and unpack what it wrote below `work`/results.

    Raises MachineError or ResultsError, naming the console's log, when it did not end as it should or wrote nothing.
    """
    seed, results = work / "seed.iso", work / "results.raw"
    identity = json.dumps({"instance-id": f"hallmark-{guest.mode}"}).encode()
    make_volume(seed, {"user-data": user_data(guest), "meta-data": identity}, label="cidata", epoch=0)
    make_results_disk(results)
    run = run_until_power_off(
        shape,
        Drives(disk=guest.disk, media=guest.media, seed=seed, results=results),
        work=work,
        deadline=guest.deadline_minutes * 60 + _GRACE_SECONDS,
        on_progress=on_progress,
    )
    try:
        read_results(results, work / RESULTS, manifest=MANIFEST)
    except ResultsError as error:
        raise ResultsError(f"{error}; console log: {run.console}") from error
    results.unlink()
    return run


def user_data(errand: Errand) -> bytes:
    """A guest's user data: the bootstrap as a boothook, before anything else, and a cloud-config."""
    header = {
        "HALLMARK_MODE": errand.mode,
        "HALLMARK_MANIFEST": errand.manifest,
        "HALLMARK_DEADLINE": f"{errand.deadline_minutes}min",
    }
    assignments = "".join(f"{name}={shlex.quote(value)}\n" for name, value in header.items())
    parts = MIMEMultipart(boundary=_BOUNDARY)
    parts.attach(_part(f"#!/bin/sh\n{assignments}{errand.bootstrap.read_text()}", "cloud-boothook"))
    parts.attach(_part("#cloud-config\n" + json.dumps(errand.cloud_config), "cloud-config"))
    return parts.as_bytes()


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


def _part(text: str, kind: str) -> MIMEText:
    part = MIMEText(text, kind, "utf-8")
    del part["Content-Transfer-Encoding"]
    part["Content-Transfer-Encoding"] = "8bit"
    part.set_payload(text.encode().decode("ascii", "surrogateescape"))  # as it is, byte for byte
    return part
