"""Scratch roots: a real Debian 13 tree under a throw-away overlay, in namespaces of its own."""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hallmark.controls.plan import Control, Plan

HERE = Path(__file__).parent
_NAMESPACES = ["unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--kill-child", "--"]
_OVERRIDE = re.compile(r"^# (HM_[A-Z0-9_]+=.*)$", re.MULTILINE)
_PHASE = re.compile(r"^# HALLMARK_PHASE=(build|acceptance|drift|test)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step of a scenario: its name, exit code, duration in milliseconds and what it printed."""

    name: str
    code: int
    milliseconds: int
    output: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Guest:
    """A pristine root and what the guest finds beside it: scripts, plan and media."""

    root: Path
    scripts: Path
    plan_files: Path
    media: Path
    plan: Plan


def as_root(words: list[str | Path]) -> list[str | Path]:
    """The command itself for root, with sudo before it for anybody else; namespaces and overlays need root."""
    if os.geteuid() == 0:
        return words
    assert shutil.which("sudo"), "tests/guest: expected root or sudo, to make scratch roots; run these tests as root"
    return ["sudo", "-n", *words]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file, so that parallel test processes make a thing once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def run_scenario(guest: Guest, control: Control, scenario: Path, work: Path) -> list[Step]:
    """Run one scenario to its end and return its steps, in order; the last one may have failed."""
    planned = next(c for c in guest.plan.controls if c.id == control.id)
    text = scenario.read_text()
    phase = _PHASE.search(text)
    environment = assignments(_fixed(phase.group(1) if phase else "test", control.id))
    environment += assignments(planned.environment) + _overrides(control, text)
    return _drive(guest, work, str(scenario), environment, scenario.name.split(".")[-2])


def run_plan(guest: Guest, work: Path) -> list[Step]:
    """Run the whole plan as a build does, without its boot: apply and check, twice; `work/stage/out/results` has it."""
    return _drive(guest, work, "plan", assignments(_fixed("test", "none")), "pass")


def _drive(guest: Guest, work: Path, scenario: str, environment: str, verdict: str) -> list[Step]:
    stage = _make_stage(guest, work)
    environment_file = work / "environment"
    environment_file.write_text(environment)
    drive = [str(HERE / "drive.sh"), str(guest.root), str(stage), scenario, str(environment_file), verdict]
    done = subprocess.run(
        as_root([*_NAMESPACES, "/bin/sh", *drive]),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"the harness itself failed:\n{done.stdout}{done.stderr}"
    return [_step(line, stage / "out") for line in done.stdout.splitlines()]


def _step(line: str, out: Path) -> Step:
    name, code, milliseconds = line.split()
    text = (out / name).read_text(errors="replace")
    return Step(name=name, code=int(code), milliseconds=int(milliseconds), output=text)


def _make_stage(guest: Guest, work: Path) -> Path:
    stage = work / "stage"
    (stage / "out").mkdir(parents=True)
    for name, source in (("scripts", guest.scripts), ("plan", guest.plan_files), ("media", guest.media)):
        (stage / name).symlink_to(source)
    return stage


def _fixed(phase: str, control: str) -> dict[str, str]:
    """What every control script finds in its environment."""
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL": "C.UTF-8",
        "DEBIAN_FRONTEND": "noninteractive",
        "HALLMARK_PHASE": phase,
        "HALLMARK_SCRIPTS": "/run/hallmark/scripts",
        "HALLMARK_CONTROL": f"/run/hallmark/scripts/controls/{control}",
        "HALLMARK_PLAN": "/run/hallmark/plan",
        "HALLMARK_TABLE": f"/run/hallmark/plan/table/{control}",
        "HALLMARK_MEDIA": "/run/hallmark/media",
        "HALLMARK_PEOPLE": "deploy sudo ssh-users",  # as controls.sh finds them in user data, on a live server
    }


def _overrides(control: Control, scenario: str) -> str:
    lines = _OVERRIDE.findall(scenario)
    for line in lines:
        name = line.partition("=")[0].removeprefix("HM_").lower()
        assert name in control.parameters, f"{control.id} has no parameter {name}"
    return assignments(dict(line.split("=", 1) for line in lines))


def assignments(values: Mapping[str, str]) -> str:
    """Shell assignments, one a line."""
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())
