"""What a guest may do wrong, in real builds by real machines: the host says what, keeps evidence, makes no image."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from hallmark.base.base import Base, build_base, plan_the_base
from hallmark.common.errors import BuildError, MachineError
from hallmark.common.fingerprint import Sha256
from hallmark.config.recipe import load_recipe
from hallmark.config.settings import load_settings
from hallmark.guest.patch_media import make_patch_media
from hallmark.guest.task import CONSOLE, RESULTS, GuestTask, check_finished
from hallmark.local.image_store import LocalImageStore
from hallmark.local.machines import LocalMachines
from hallmark.order.order import BOOTSTRAP, Order
from hallmark.order.places import Places, find_places
from hallmark.order.resolve import Context, StartingPoint, order_image
from hallmark.pipeline.build import build_image
from hallmark.pipeline.machines import MachineRun
from hallmark.store.store import Store
from hallmark.verdict.observed import read_controls
from tests.e2e.checkout import Checkout

_GREEDY = """\
room=$(df --output=avail -B1M / | tail -n 1)
fallocate -l "$((room - 1))M" /var/greedy || true
dd if=/dev/urandom of=/var/rest bs=64K 2>/dev/null || true
"""
_THIEF = """\
rm -f /run/hallmark/results/controls/silent.*
echo 0 >/run/hallmark/results/controls/stranger.exit
"""


@dataclass(frozen=True, kw_only=True)
class Job:
    """All that a build needs, worked out in this process."""

    order: Order
    base: Base
    places: Places


def _say(_text: str) -> None:
    """Nobody listens."""


def _job(checkout: Checkout, *controls: str) -> Job:
    """Order an image with these controls."""
    checkout.profile("bad", *controls)
    path = checkout.recipe("bad", profile="bad")
    config = {
        f"hallmark:{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in checkout.settings.items()
        if key != "recipes"
    }
    settings = load_settings(config, where="test")
    context = Context(
        settings=settings,
        places=find_places(settings, checkout.root),
        root=checkout.root,
        today=dt.datetime.now(dt.UTC).date(),
    )
    plan = plan_the_base(context)
    base = build_base(plan, context.places.apt_root("trixie"), context.places.cache, _say)
    order = order_image(context, load_recipe(path), StartingPoint(base=plan.fingerprint), plan.status, _say)
    return Job(order=order, base=base, places=context.places)


def _fail(checkout: Checkout, *controls: str) -> tuple[str, Path]:
    """Build an image that cannot be; what the error says, and the evidence that was kept."""
    before = checkout.store.failures("bad")
    job = _job(checkout, *controls)
    machines, images = LocalMachines(job.base, job.places), LocalImageStore(Store(job.places.store))
    with pytest.raises(BuildError) as caught:
        build_image(job.order, machines, images, job.places, _say)
    assert caught.value.exit_code == 5
    assert checkout.store.images() == []
    assert checkout.half_made() == []
    (kept,) = (folder for folder in checkout.store.failures("bad") if folder not in before)
    assert str(caught.value).endswith(f"evidence: {kept / 'evidence'}")
    for name in ("index.md", "error.txt", "console.log"):
        assert (kept / "evidence" / name).stat().st_size > 0
    return str(caught.value), kept / "evidence"


def test_failed_and_missing_and_unplanned_results_are_each_named(tiny: Checkout) -> None:
    tiny.control("liar", check="echo this is not so; exit 1")
    tiny.control("confused", check="exit 42")
    tiny.control("silent")
    tiny.control("thief", check=_THIEF)
    said, evidence = _fail(tiny, "marker", "liar", "confused", "silent", "thief")
    assert (
        "bad: build: the host judges against it:\ncontrols: 2 passed, "
        "4 failed (liar, confused: error, silent: no result, stranger: not planned)"
    ) in said
    results = read_controls(evidence / "build/controls")
    assert results["liar"].output.strip() == "this is not so"
    assert "silent" not in results


def test_a_full_root_disk_of_the_guest_fails_the_next_control_by_name_and_ends_the_build(tiny: Checkout) -> None:
    tiny.control("greedy", apply=_GREEDY)
    said, evidence = _fail(tiny, "greedy", "marker", "packages-locked")
    assert "bad: build: stage harden: exit code 1\n" in said
    assert "control marker: apply failed with exit code " in said
    assert "No space left on device" in said
    assert "No space left on device" in (evidence / "build/apply/marker.out").read_text()
    assert (evidence / "build/apply/marker.exit").read_text() != "0\n"
    assert not (evidence / "build/apply/packages-locked.exit").exists()
    assert not (evidence / "build/controls").exists()


def _run_with(job: Job, media: Path, manifest: Sha256, work: Path) -> str:
    """Run a build's guest with these media; what the guest's end looks like to the host."""
    order = job.order
    task = GuestTask(
        mode="build", manifest=manifest, bootstrap=order.scripts / BOOTSTRAP, cloud_config={}, deadline_minutes=10
    )
    machines = LocalMachines(job.base, job.places)
    run = MachineRun(
        name="bad", fingerprint=order.fingerprint, boots=machines.base, shape=order.shape, media=media, task=task
    )
    with machines.run(run, work, _say), pytest.raises(MachineError) as caught:
        check_finished(work / RESULTS, work / CONSOLE, what="build")
    # Nothing came from the media: no stage began, no inventory was taken, no control ran.
    assert {path.name for path in (work / RESULTS).rglob("*") if path.is_file()} == {
        "MANIFEST",
        "exit",
        "guest.log",
    }
    return str(caught.value)


def test_a_flipped_bit_on_the_media_is_refused_and_nothing_runs_from_them(tiny: Checkout, tmp_path: Path) -> None:
    job = _job(tiny, "marker")
    iso, manifest = make_patch_media(job.order, job.places, _say)
    data = bytearray(iso.read_bytes())
    place = data.index(b"stage isolation")
    data[place] ^= 1
    (tmp_path / "flipped.iso").write_bytes(data)
    said = _run_with(job, tmp_path / "flipped.iso", manifest, tmp_path)
    assert said.startswith("build: stage media: exit code 1\n")
    assert "image_scripts/build.sh: FAILED" in said
    assert "media: a file is not what MANIFEST says" in said


def test_media_with_a_manifest_other_than_the_user_datas_are_refused(tiny: Checkout, tmp_path: Path) -> None:
    job = _job(tiny, "marker")
    iso, _ = make_patch_media(job.order, job.places, _say)
    shutil.copy(iso, tmp_path / "other.iso")
    said = _run_with(job, tmp_path / "other.iso", Sha256("0" * 64), tmp_path)
    assert said.startswith("build: stage media: exit code 1\n")
    assert "media: MANIFEST is not the one that the user data names" in said
