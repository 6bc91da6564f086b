"""Boot to multi-user of the golden image against its base's: the same machine, the same NoCloud seed, first boots both.

What is measured is the host's clock from power-on, firmware and boot loader included, to a line on the console that a
unit ordered after multi-user.target writes.
"""

from __future__ import annotations

import time
from pathlib import Path

from bench.measurement import Measurement, ratio
from bench.site import Say, Site, find_context, find_released
from hallmark.base.disk import make_overlay
from hallmark.common.errors import MachineError
from hallmark.common.fingerprint import Sha256
from hallmark.common.iso import make_volume
from hallmark.guest.console import Progress
from hallmark.guest.task import GuestTask
from hallmark.guest.user_data import user_data
from hallmark.local.accelerator import choose_accelerator
from hallmark.local.machine import Drives, Shape, make_results_disk, run_until_power_off

TARGET = 1.15
RUNS = 2
_DEADLINE_MINUTES = 10
_STAGE = "multi-user"
_BOOTHOOK = f"""\
# cloud-init may run a boothook twice.
[ ! -e /run/hallmark-bench ] || exit 0
: >/run/hallmark-bench
systemd-run --quiet --collect --no-block --unit=hallmark-bench --property=After=multi-user.target \\
    /bin/sh -c 'read -r up _ </proc/uptime
        echo "::hallmark:: progress {_STAGE} 0 0 $up s since the kernel" >/dev/ttyS0
        systemctl poweroff --force'
"""


def measure(site: Site, say: Say, *, runs: int | None = None) -> list[Measurement]:
    """Alternate the two; medians of the host's clock."""
    context = find_context(site)
    released = find_released(context)
    shape = Shape(
        memory_mib=released.memory_mib,
        cpus=released.cpus,
        accelerator=choose_accelerator(released.base.kernel, context.places.cache),
    )
    golden: list[float] = []
    base: list[float] = []
    for number in range(runs or RUNS):
        for name, disk, series in (("base", released.base.disk, base), ("golden", released.image.disk, golden)):
            series.append(boot(disk, shape, site.folder(f"boot-{name}-{number}"), released.administrators))
            say(f"{name}: {series[-1]:.1f} s")
    what = f"power-on to multi-user, first boot of {released.image.id} against its base's"
    return [ratio("boot", what, golden, base, target=TARGET, accelerator=shape.accelerator.name)]


def boot(disk: Path, shape: Shape, work: Path, administrators: tuple[str, ...]) -> float:
    """Seconds from power-on to multi-user of a throw-away overlay of `disk`."""
    seed, nothing, hook, overlay = (work / name for name in ("seed.iso", "nothing.iso", "boothook.sh", "overlay.qcow2"))
    hook.write_text(_BOOTHOOK)
    task = GuestTask(
        mode="accept",
        manifest=Sha256(""),
        bootstrap=hook,
        cloud_config={"users": [{"name": name} for name in administrators]},
        deadline_minutes=_DEADLINE_MINUTES,
    )
    identity = b'{"instance-id": "hallmark-bench"}'
    make_volume(seed, {"user-data": user_data(task), "meta-data": identity}, label="cidata", epoch=0)
    make_volume(nothing, {"nothing": b""}, label="NOTHING", epoch=0)
    make_overlay(disk, overlay)
    make_results_disk(work / "results.raw")
    reached: list[float] = []

    def notice(progress: Progress) -> None:
        if progress.stage == _STAGE:
            reached.append(time.monotonic() - started)

    started = time.monotonic()
    run = run_until_power_off(
        shape,
        Drives(disk=overlay, media=nothing, seed=seed, results=work / "results.raw", backing=(disk,)),
        work=work,
        deadline=_DEADLINE_MINUTES * 60,
        on_progress=notice,
    )
    if not reached:
        raise MachineError(f"{disk}: powered off without reaching multi-user; console log: {run.console}")
    overlay.unlink()
    return reached[0]
