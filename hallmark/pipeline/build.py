"""The build: one isolated machine patches, hardens and seals a copy of the base; the host judges what it reports.

A build that fails leaves its evidence in the store and no image; one that succeeds leaves a candidate.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from hallmark.common.cache import keep_newest
from hallmark.common.concurrency import count_slots, slot
from hallmark.common.errors import BuildError, HallmarkError, MediaError
from hallmark.common.files import write_atomic
from hallmark.common.fingerprint import Sha256, hash_file
from hallmark.common.iso import make_media
from hallmark.debian import resolve as patches
from hallmark.debian.lock import write_lock
from hallmark.evidence.index import Summary, write_index
from hallmark.guest.console import Progress
from hallmark.guest.user_data import RESULTS, Guest, check_finished, read_text, run_guest
from hallmark.judge.judgement import Verdict, judge
from hallmark.judge.observed import compare_packages, read_controls, read_inventory, read_timings, surprises
from hallmark.local.accelerator import choose_accelerator
from hallmark.local.base import Base
from hallmark.local.disk import compress, make_overlay
from hallmark.local.machine import Run, Shape
from hallmark.order.order import BUILD_SCRIPTS, CHANGED, Order, script_paths
from hallmark.order.places import Places
from hallmark.store.image import Image
from hallmark.store.store import Store

Say = Callable[[str], None]
_ROOM = 3 << 30
_EPOCH = 946684800
_MEDIA_KEPT = 12
# No account, no key, no package: a build's own first boot leaves nothing in the image.
CLOUD_CONFIG = {"users": [], "ssh_genkeytypes": [], "ssh_deletekeys": False, "disable_root": True}


def make_patch_media(order: Order, places: Places, say: Say) -> tuple[Path, Sha256]:
    """The patch media of an order and the hash of their manifest: made, or found in the cache as they were made."""
    folder = places.cache / "media" / order.build_manifest[:16]
    iso, record = folder / "patch.iso", folder / "media.json"
    if _is_as_made(iso, record):
        return iso, order.build_manifest
    say(f"media: {len(order.lock.packages)} packages, {len(order.plan)} controls")
    patches.fetch(order.lock, places.apt_root(), places.pool, say)
    debs = patches.debs(order.lock, places.pool)
    files: dict[str, Path | bytes] = {
        **script_paths(order.scripts, BUILD_SCRIPTS, tuple(r.id for r in order.plan), ("apply", "check")),
        **{name: text.encode() for name, text in order.plan_files.items()},
        **{f"debs/{name}": path for name, path in debs.items()},
    }
    folder.mkdir(parents=True, exist_ok=True)
    make_ordered_media(iso, files, order.build_manifest)
    write_atomic(record, json.dumps({"iso": hash_file(iso)}).encode())
    keep_newest(folder.parent, _MEDIA_KEPT)
    return iso, order.build_manifest


def make_ordered_media(iso: Path, files: Mapping[str, Path | bytes], manifest: Sha256) -> None:
    """Make media whose MANIFEST has this hash; MediaError when a file is no longer the one that was ordered."""
    if make_media(iso, files, label="HALLMARK", epoch=_EPOCH) != manifest:
        iso.unlink()
        raise MediaError(f"media: image_scripts/, the recipe's scripts or a package {CHANGED}")


def _is_as_made(iso: Path, record: Path) -> bool:
    """Whether media made before still have the bytes that were made."""
    try:
        return bool(hash_file(iso) == json.loads(record.read_text())["iso"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def build_image(order: Order, base: Base, places: Places, say: Say) -> Image:
    """Build an order's candidate, or adopt the image that an earlier run made of the same inputs.

    Raises BuildError, naming the evidence, when the guest fails or the host's judgement is against it.
    """
    store = Store(places.store)
    found = store.find(order.fingerprint)
    if found is not None:
        say(f"adopted {found.id}, built from the same inputs")
        return found
    store.need_room(_ROOM)
    media, manifest = make_patch_media(order, places, say)
    with store.workdir(f"build-{order.recipe}-{order.fingerprint[:16]}") as work:
        evidence = work / "evidence"
        evidence.mkdir()
        try:
            return _build(order, base, media, manifest, places, work, say)
        except HallmarkError as error:
            raise keep_failure(store, order, work, error) from error


def _build(order: Order, base: Base, media: Path, manifest: Sha256, places: Places, work: Path, say: Say) -> Image:
    disk = work / "overlay.qcow2"
    make_overlay(base.disk, disk)
    guest = Guest(
        mode="build",
        disk=disk,
        media=media,
        manifest=manifest,
        bootstrap=order.bootstrap_file(),
        cloud_config=CLOUD_CONFIG,
        deadline_minutes=order.deadline_minutes,
    )
    run = run_in_slot(guest, order, base, places, work, say)
    check_finished(work / RESULTS, run.console, what="build")
    verdict, problems = judge_build(order, work / RESULTS)
    if problems:
        raise BuildError("build: the host judges against it:\n" + "\n".join(problems[:20]))
    say("build: writing the candidate's disk")
    compress(disk, work / "disk.qcow2", source_format="qcow2")
    disk.unlink()
    evidence = gather_evidence(order, work, run, "candidate", verdict)
    return Store(places.store).add_candidate(
        work / "disk.qcow2",
        evidence,
        recipe=order.recipe,
        fingerprint=order.fingerprint,
        packages=len(read_inventory(evidence / "build" / "inventory-after.tsv")),
    )


def run_in_slot(guest: Guest, order: Order, base: Base, places: Places, work: Path, say: Say) -> Run:
    """Run a guest once this host has room for it."""
    shape = Shape(
        memory_mib=order.shape.memory_mib,
        cpus=order.shape.cpus,
        accelerator=choose_accelerator(base.kernel, places.cache),
    )

    def report(progress: Progress) -> None:
        say(f"{guest.mode}: {progress}")

    with slot(places.cache / "slots", count_slots(order.shape.memory_mib, places.parallel), say):
        say(f"{guest.mode}: power-on ({shape.accelerator.name})")
        return run_guest(guest, shape, work, on_progress=report)


def judge_build(order: Order, results: Path) -> tuple[Verdict, list[str]]:
    """The host's judgement of a finished build: isolation, packages, controls; no problems when it is good."""
    expected = frozenset(order.expected())
    superseded = order.superseded()
    after = read_inventory(results / "inventory-after.tsv")
    verdict = judge(order.compiled_plan(), read_controls(results / "controls"))
    problems = surprises(results, "isolation.txt", order.surroundings)
    problems += surprises(results, "isolation-after.txt", order.surroundings)
    problems += compare_packages(order.inventory, read_inventory(results / "inventory-before.tsv"), where="before")
    problems += compare_packages(
        (*expected, *superseded), read_inventory(results / "inventory-patched.tsv"), where="patched"
    )
    problems += [
        f"after: {name} {version} is in neither base nor lock"
        for name, version, arch in after
        if (name, version, arch) not in expected
    ]
    if not after:
        problems.append("after: expected an inventory, got none")
    if not verdict.good:
        problems.append(f"controls: {verdict.summary()}")
    return verdict, problems


def gather_evidence(order: Order, work: Path, run: Run, outcome: str, verdict: Verdict | None) -> Path:
    """Put all that was measured into `work`/evidence, with its index; return the folder."""
    evidence = work / "evidence"
    if (work / RESULTS).exists():
        shutil.move(work / RESULTS, evidence / "build")
    shutil.copyfile(run.console, evidence / "build-console.log")
    write_lock(order.lock, evidence / "patch-lock.json")
    shutil.copyfile(order.recipe_file, evidence / "recipe.toml")
    (evidence / "order.json").write_text(order.model_dump_json(indent=1))
    write_index(evidence, summarise(order, evidence, outcome, {"build": verdict} if verdict else {}))
    return evidence


def summarise(order: Order, evidence: Path, outcome: str, verdicts: dict[str, Verdict]) -> Summary:
    """What the evidence's index says at the top."""
    build = evidence / "build"
    timings = {f"build: {name}": took for name, took in read_timings(build / "timings.tsv").items()}
    timings |= {f"acceptance: {n}": t for n, t in read_timings(evidence / "acceptance" / "timings.tsv").items()}
    probes = {
        "before the build": build / "isolation.txt",
        "after the build": build / "isolation-after.txt",
        "acceptance": evidence / "acceptance" / "isolation.txt",
    }
    return Summary(
        title=f"{order.recipe} {order.fingerprint[:16]}",
        outcome=outcome,
        facts={
            "recipe": order.recipe,
            "fingerprint": order.fingerprint,
            "base": order.base,
            "patch lock": order.lock.fingerprint,
        },
        packages_before=len(read_inventory(build / "inventory-before.tsv")),
        packages_after=len(read_inventory(build / "inventory-after.tsv")),
        patches=order.lock.summary(),
        isolation=[
            f"{when}: {line}"
            for when, path in probes.items()
            for line in read_text(path.parent, path.name).splitlines()
        ],
        controls={
            phase: {
                "passed": v.passed,
                "failed": v.failed,
                "waived": v.waived,
                "not applicable": v.not_applicable,
            }
            for phase, v in verdicts.items()
        },
        timings=timings,
    )


def keep_failure(store: Store, order: Order, work: Path, error: HallmarkError) -> BuildError:
    """Keep what a failed build measured; the error then names the place where it is kept."""
    return keep_evidence_of(
        store, order.recipe, work, error, lambda folder: summarise(order, folder, f"failed: {error}", {})
    )


def keep_evidence_of(
    store: Store, name: str, work: Path, error: HallmarkError, summary: Callable[[Path], Summary]
) -> BuildError:
    """Keep what is in `work` of a failed run as a failure of `name`, with what `summary` says of it as its index."""
    evidence = work / "evidence"
    evidence.mkdir(exist_ok=True)  # add_candidate may have moved it
    for log in ("console.log", "qemu.log"):
        if (work / log).exists():
            shutil.copyfile(work / log, evidence / log)
    if (work / RESULTS).exists():
        shutil.move(work / RESULTS, evidence / "build")
    (evidence / "error.txt").write_text(f"{error}\n")
    write_index(evidence, summary(evidence))
    kept = store.keep_failure(name, evidence)
    text = str(error).replace(str(work / "console.log"), str(kept / "console.log"))
    return BuildError(f"{name}: {text}\nevidence: {kept}")
