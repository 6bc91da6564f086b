"""Guest time of a full build against a naive build script's, from power-on to power-off, on the same machine.

Both start from the same base, which is some patches behind (behind.py), and get the same media, but for the entry point
(naive/build.sh) and an index of the .debs, which makes the naive one's media a local repository. Both must end with the
packages that the lock says, all controls passed and one initial RAM disk that knows of them, or there is nothing to
compare.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bench.behind import plan_behind
from bench.measurement import Measurement, ratio
from bench.site import Say, Site, find_context
from hallmark.base.base import Base, plan_the_base, require_base
from hallmark.common.errors import BuildError
from hallmark.common.fingerprint import Sha256
from hallmark.common.iso import make_media
from hallmark.common.process import run
from hallmark.config.recipe import load_recipe
from hallmark.debian import resolve as patches
from hallmark.guest.patch_media import make_patch_media
from hallmark.guest.task import CONSOLE, RESULTS, GuestTask, check_finished, read_text
from hallmark.guest.user_data import BUILD_CLOUD_CONFIG
from hallmark.local.machines import LocalMachines
from hallmark.order.order import BUILD_SCRIPTS, Order, script_paths
from hallmark.order.places import Places
from hallmark.order.resolve import Context, StartingPoint, order_image
from hallmark.pipeline.machines import MachineRun
from hallmark.verdict.build import judge_build
from hallmark.verdict.judgement import judge
from hallmark.verdict.observed import compare_packages, read_controls, read_inventory, read_timings

TARGET = 0.6
RUNS = 1
NAIVE = Path(__file__).parent / "naive" / "build.sh"
_DEADLINE_MINUTES = 90


def measure(site: Site, say: Say, *, runs: int | None = None) -> list[Measurement]:
    """Alternate the two; medians of the guest time."""
    context = find_context(site)
    order, base = make_ready(context, site.folder("behind"), say)
    ours: list[float] = []
    naive: list[float] = []
    stages: dict[str, Mapping[str, float]] = {}
    for number in range(runs or RUNS):
        for name, series in (("hallmark", ours), ("naive", naive)):
            work = site.folder(f"build-{name}-{number}")
            media, manifest = _media(name, order, context.places, work, say)
            series.append(_build(order, base, media, manifest, context.places, work, say))
            _check(name, order, work / RESULTS)
            stages[name] = read_timings(work / RESULTS / "timings.tsv")
            say(
                f"{name}: {series[-1]:.0f} s: "
                + ", ".join(f"{stage} {took:.0f}" for stage, took in stages[name].items())
            )
    what = f"guest time of {order.recipe}'s build, against a naive script's"
    return [ratio("build", what, ours, naive, target=TARGET, stages=stages)]


def make_ready(context: Context, work: Path, say: Say) -> tuple[Order, Base]:
    """The order of the stack's first recipe as it is now, for a base with patches outstanding; and that base."""
    recipe = load_recipe(context.root / "recipes" / f"{context.settings.recipes[0]}.toml")
    plan_the_base(context)
    plan = plan_behind(context.places, work, say)
    order = order_image(context, recipe, StartingPoint(base=plan.fingerprint), plan.status, say)
    return order, require_base(plan.fingerprint, context.places.cache)


def naive_patches(order: Order) -> str:
    """`name version` of each package that the base has in an older version; the kernel comes by its metapackage."""
    return "".join(f"{p.name} {p.to_version}\n" for p in order.lock.packages if p.from_version is not None)


def repository_index(fields: Mapping[str, tuple[str, int, str]]) -> str:
    """The index `Packages` of apt for .debs in `debs/`: file name → its control fields, size and SHA-256."""
    return "".join(
        f"{control.strip()}\nFilename: ./debs/{name}\nSize: {size}\nSHA256: {sha256}\n\n"
        for name, (control, size, sha256) in sorted(fields.items())
    )


def initramfs_problems(text: str) -> list[str]:
    """What speaks against a guest's report: its initial RAM disks (one), then what is younger than the newest."""
    lines = text.splitlines()
    disks = [line for line in lines if line.startswith("initrd.img-")]
    problems = [] if len(disks) == 1 else [f"expected one initial RAM disk, got {', '.join(disks) or 'none'}"]
    return problems + [f"{line}: younger than the initial RAM disk" for line in lines if line not in disks]


def _media(name: str, order: Order, places: Places, work: Path, say: Say) -> tuple[Path, Sha256]:
    if name == "hallmark":
        return make_patch_media(order, places, say)
    debs = patches.debs(order.lock, places.pool)
    index = {
        p.filename: (run(["dpkg-deb", "-f", debs[p.filename]], timeout=60).stdout, p.size, p.sha256)
        for p in order.lock.packages
    }
    scripts = script_paths(order.scripts, BUILD_SCRIPTS, tuple(r.id for r in order.plan), ("apply", "check"))
    files: dict[str, Path | bytes] = {
        **scripts,
        "image_scripts/build.sh": NAIVE,
        **{each: text.encode() for each, text in order.plan_files.items()},
        "plan/naive-patches": naive_patches(order).encode(),
        **{f"debs/{each}": path for each, path in debs.items()},
        "Packages": repository_index(index).encode(),
    }
    iso = work / "naive.iso"
    return iso, make_media(iso, files, label="HALLMARK", epoch=0)


def _build(order: Order, base: Base, media: Path, manifest: Sha256, places: Places, work: Path, say: Say) -> float:
    """Guest time in seconds."""
    task = GuestTask(
        mode="build",
        manifest=manifest,
        bootstrap=order.bootstrap_file(),
        cloud_config=BUILD_CLOUD_CONFIG,
        deadline_minutes=_DEADLINE_MINUTES,
    )
    machines = LocalMachines(base, places)
    machine_run = MachineRun(
        name=order.recipe,
        fingerprint=order.fingerprint,
        boots=machines.base,
        shape=order.shape,
        media=media,
        task=task,
    )
    with machines.run(machine_run, work, say) as outputs:
        check_finished(work / RESULTS, work / CONSOLE, what="build")
        Path(outputs.disk).unlink()
        assert outputs.seconds is not None
        return outputs.seconds


def _check(name: str, order: Order, results: Path) -> None:
    """Raise BuildError unless what was built is what was ordered."""
    if name == "hallmark":
        problems = judge_build(order, results)[1]
    else:
        # The naive script reports after the old kernel is gone.
        got = read_inventory(results / "inventory-patched.tsv")
        problems = compare_packages(order.expected(), got, where="naive")
        verdict = judge(order.compiled_plan(), read_controls(results / "controls"))
        problems += [] if verdict.good else [f"naive: controls: {verdict.summary()}"]
    problems += initramfs_problems(read_text(results, "initramfs.txt"))
    if problems:
        raise BuildError(f"{name}: not the image that was ordered:\n" + "\n".join(problems[:20]))
