"""What a look at a live machine costs: `hallmark check` over SSH, against `dpkg --verify` alone in the same machine."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

from bench.measurement import Measurement, ratio
from bench.site import Say, Site, find_context, find_released
from hallmark.common.containment import writing
from hallmark.common.process import run
from hallmark.drift.released import load_released
from hallmark.drift.report import make_report
from hallmark.drift.ssh import Login, look
from hallmark.local.accelerator import choose_accelerator
from hallmark.local.trial import Running, TrialOptions, power_on
from hallmark.store.store import Store

SECONDS = 15.0
RUNS = 3
_BOOT_SECONDS = 1800.0
_DEAREST = 12


def measure(site: Site, say: Say, *, runs: int | None = None) -> list[Measurement]:
    """Boot the released image, wait until it is idle, and look at it some times."""
    context = find_context(site)
    found = find_released(context)
    released = load_released(found.image.evidence, site.root / "image_scripts")
    accelerator = choose_accelerator(found.base.kernel, context.places.cache)
    options = TrialOptions(memory_mib=found.memory_mib, cpus=found.cpus, offline=True)
    ours: list[float] = []
    theirs: list[float] = []
    dearest: dict[str, int] = {}
    work = site.folder("drift")
    with power_on(Store(context.places.store), found.image, found.administrators[0], accelerator, options) as machine:
        running = machine.wait_for_ssh(_BOOT_SECONDS)
        _as_root(running, "systemctl is-system-running --wait || true")
        words = running.ssh_command()
        login = Login(host=words[-1], options=tuple(words[1:-1]), password=lambda: running.access.password)
        script = (site.root / "image_scripts/remote.sh").read_text()
        for number in range(runs or RUNS):
            results = work / str(number)
            theirs.append(_as_root(running, "dpkg --verify || true"))
            began = time.monotonic()
            look(login, script, lambda _said: released.archive(), results)
            report = make_report(released.order, results, target=words[-1])
            ours.append(time.monotonic() - began)
            dearest = _dearest(results)
            say(f"{ours[-1]:.1f} s, {len(report.findings)} finding(s); dpkg --verify {theirs[-1]:.1f} s")
    what = f"a look at a live machine of {found.image.id}"
    details = {"accelerator": accelerator.name, "cpus": found.cpus, "dearest_ms": dearest}
    return [
        Measurement(name="drift", what=what, value=round(median(ours), 1), unit="s", target=SECONDS, details=details),
        ratio("drift: ratio", f"{what}, against dpkg --verify in it", ours, theirs, target=None),
    ]


def _as_root(running: Running, command: str) -> float:
    """Seconds that a command of root's takes there, the sign-in included."""
    began = time.monotonic()
    run(
        [*running.ssh_command(), f"sudo -S -p '' sh -c '{command}'"],
        timeout=_BOOT_SECONDS,
        stdin=f"{running.access.password}\n".encode(),
        reach=writing(network=True),
    )
    return time.monotonic() - began


def _dearest(results: Path) -> dict[str, int]:
    times = {path.stem: int(path.read_text()) for path in results.glob("*.ms")}
    return dict(sorted(times.items(), key=lambda each: -each[1])[:_DEAREST])
