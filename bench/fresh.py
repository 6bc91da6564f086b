"""One run from nothing (empty cache, empty store): the host side's peak memory, and where the time goes.

Memory is the proportional set size of all processes of `pulumi up` but QEMU's machines, sampled all the while. Times
come from the engine's own events, split with the guests' timings in the evidence. The stack's state and store are left
alone.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.measurement import Measurement, shares
from bench.memory import Peak, sample
from bench.site import Say, Site
from hallmark.common.errors import ProcessError
from hallmark.common.process import tied
from hallmark.store.store import Store
from hallmark.verdict.observed import read_timings

TARGET_MIB = 300.0
_INTERVAL = 0.3
_HOST, _GUEST = "memory between guests", "memory while a guest runs"
_NAMES = {"Base": "base", "PatchMedia": "patch media", "ImageBuild": "build", "Acceptance": "acceptance"}
Peaks = dict[str, Peak]


def measure(site: Site, say: Say, *, runs: int | None = None) -> list[Measurement]:
    """Run once, however many `runs` are asked for: it takes a quarter of an hour without KVM."""
    del runs
    state, folder = site.folder("fresh-state"), site.folder("fresh")
    config = _configuration(site, state, folder)
    events = folder / "events.json"
    peaks, seconds = _watch(site, state, config, events, say)
    steps = split(read_steps(events.read_text().splitlines()), seconds, _evidence(folder / "store"))
    return [*(_memory(name, peak) for name, peak in peaks.items()), *shares("fresh run", steps)]


def _memory(name: str, peak: Peak) -> Measurement:
    return Measurement(
        name=name,
        what="peak of the host side without the guests (PSS)",
        value=round(peak.mib, 1),
        unit="MiB",
        target=TARGET_MIB,
        details={"note": str(peak)},
    )


def read_steps(lines: Iterable[str]) -> dict[str, float]:
    """Step → seconds, from the engine's events (JSON lines): each resource's creation, and what came before them."""
    began: dict[str, float] = {}
    took: dict[str, float] = {}
    first = None
    for line in lines:
        event = json.loads(line)
        first = first if first is not None else event["timestamp"]
        for kind in ("resourcePreEvent", "resOutputsEvent"):
            meta = event.get(kind, {}).get("metadata", {})
            if meta.get("op") != "create" or "dynamic/hallmark:" not in meta.get("type", ""):
                continue
            step = meta["type"].rpartition(":")[2]
            if kind == "resourcePreEvent":
                began[step] = event["timestamp"]
            else:
                took[step] = event["timestamp"] - began.get(step, event["timestamp"])
    before = min(began.values()) - first if began and first is not None else 0.0
    return {"settings, base plan, patch lock": before, **took}


def split(took: Mapping[str, float], seconds: float, stages: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The steps of a run of `seconds`, those with a guest split into its stages; what is left is the engine's own."""
    steps: dict[str, float] = {}
    for resource, time_taken in took.items():
        name = _NAMES.get(resource, resource.lower() if resource == "Release" else resource)
        inside = stages.get(name, {})
        steps |= {f"{name}: {stage}": value for stage, value in inside.items()}
        steps[f"{name}: the host's part" if inside else name] = max(0.0, time_taken - sum(inside.values()))
    # Base and media are made at the same time: what they overlap is not counted twice.
    rest = seconds - sum(took.values())
    return {**steps, "engine": max(0.0, rest)}


def _configuration(site: Site, state: Path, folder: Path) -> Path:
    """The configuration of a stack of the same name in a state of its own, like the real one but for the folders."""
    values = {**site.configuration(), "hallmark:store": str(folder / "store"), "hallmark:cache": str(folder / "cache")}
    project = folder / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text(f"name: {site.engine.project()}\nruntime: python\n")
    site.pulumi("stack", "init", state=state, cwd=project)
    config = project / f"Pulumi.{site.stack}.yaml"
    with config.open("a") as stream:
        stream.write(yaml_config(values))
    return config


def yaml_config(values: Mapping[str, str]) -> str:
    """A stack's configuration file, of the texts that `pulumi config --json` gives; JSON is YAML."""
    rows = []
    for key, value in values.items():
        try:
            plain = json.loads(value)
        except ValueError:
            plain = value
        rows.append(f"  {key}: {json.dumps(plain)}\n")
    return "config:\n" + "".join(rows)


def _watch(site: Site, state: Path, config: Path, events: Path, say: Say) -> tuple[Peaks, float]:
    words = [site.engine.program(), "up", "--yes", "--skip-preview", "--stack", site.stack]
    words += ["--config-file", str(config), "--event-log", str(events)]
    started = time.monotonic()
    with (events.with_suffix(".log")).open("w+") as output:
        process = subprocess.Popen(
            tied(words),
            cwd=site.root,
            env={**site.environment(state), "PULUMI_DEBUG_COMMANDS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        peaks = _sample_until_end(process, say, started)
        output.seek(0)
        said = output.read()
    if process.returncode != 0:
        raise ProcessError(f"pulumi up: exit code {process.returncode}\n{said[-3000:]}")
    return peaks, time.monotonic() - started


def _sample_until_end(process: subprocess.Popen[bytes], say: Say, started: float) -> Peaks:
    """The peak while the base and the media are made and disks are written, and the one while a guest runs."""
    peaks = {name: Peak(mib=0.0, parts={}) for name in (_HOST, _GUEST)}
    try:
        while process.poll() is None:
            now = sample(process.pid)
            name = _GUEST if now.guest else _HOST
            if now.mib > peaks[name].mib:
                if now.mib > peaks[name].mib + 10:
                    say(f"{time.monotonic() - started:.0f} s: {name}: {now.mib:.0f} MiB: {now}")
                peaks[name] = now
            time.sleep(_INTERVAL)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
    return peaks


def _evidence(store: Path) -> dict[str, Mapping[str, float]]:
    images = Store(store).images()
    return {
        name: read_timings(image.evidence / name / "timings.tsv")
        for image in images
        for name in ("build", "acceptance")
    }
