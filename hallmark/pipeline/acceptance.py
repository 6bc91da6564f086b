"""Acceptance: a second isolated machine of the same shape boots the candidate, and the host judges what it sees.

The candidate's disk stays as it is: the machine runs on a throw-away overlay. The verdict is final for these inputs:
a rejected candidate is not judged again until `hallmark retry` or a changed input.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hallmark.common.errors import HostError, MachineError, RejectedError, ResultsError, StoreError
from hallmark.common.fingerprint import hash_file
from hallmark.evidence.index import write_index
from hallmark.guest.console import clean
from hallmark.guest.user_data import RESULTS, Guest, check_finished, read_text
from hallmark.judge.judgement import Verdict, judge
from hallmark.judge.observed import compare_packages, read_controls, read_inventory, surprises
from hallmark.local.base import Base
from hallmark.local.disk import make_overlay
from hallmark.local.trial import SIGN_IN_GROUPS
from hallmark.order.order import ACCEPTANCE_SCRIPTS, Order, script_paths
from hallmark.order.places import Places
from hallmark.pipeline.build import make_ordered_media, run_in_slot, summarise
from hallmark.store.image import Image
from hallmark.store.store import Store

Say = Callable[[str], None]
_ROOM = 1 << 30


def accept_image(order: Order, image_id: str, base: Base, places: Places, say: Say) -> Image:
    """Judge a candidate; returns the accepted image. RejectedError, naming the evidence, when it is not fit."""
    store = Store(places.store)
    image = store.image(image_id)
    if image.acceptance == order.acceptance_fingerprint:
        if image.state == "accepted":
            say(f"{image.id} was accepted before, by the same tests")
            return image
        if image.state == "rejected":
            raise RejectedError(
                f"{image.id}: was rejected: {image.reason}\nevidence: {image.evidence}\n"
                f"change the recipe, or judge it again with `hallmark retry {image.id}`"
            )
    if hash_file(image.disk) != image.sha256:
        raise StoreError(f"{image.disk}: expected the bytes that the build made, got others; remove {image.folder}")
    store.need_room(_ROOM)
    with store.using(image.id), store.workdir(f"accept-{image.id}") as work:
        problems, verdict = _judge_in_machine(order, image, base, places, work, say)
        add_evidence(order, image.evidence, work, problems, verdict)
        if problems:
            reason = "; ".join(problems)[:2000]
            store.reject(image.id, order.acceptance_fingerprint, reason)
            raise RejectedError(f"{image.id}: rejected:\n" + "\n".join(problems[:20]) + f"\nevidence: {image.evidence}")
        return store.accept(image.id, order.acceptance_fingerprint)


def make_acceptance_media(order: Order, work: Path) -> Path:
    """The acceptance's own media, in `work`: checks, plan and the recipe's tests. MediaError when they have changed."""
    media = work / "acceptance.iso"
    files: dict[str, Path | bytes] = {
        **script_paths(order.scripts, ACCEPTANCE_SCRIPTS, tuple(r.id for r in order.plan), ("check",)),
        **{name: text.encode() for name, text in order.plan_files.items()},
        **{f"acceptance/{name}": path for name, path in order.acceptance_scripts.items()},
    }
    make_ordered_media(media, files, order.acceptance_manifest)
    return media


def cloud_config(order: Order) -> dict[str, Any]:
    """The candidate's first boot is that of a machine which is launched from it: its administrators can sign in."""
    return {"users": [{"name": name, "groups": list(SIGN_IN_GROUPS)} for name in order.administrators]}


def _judge_in_machine(
    order: Order, image: Image, base: Base, places: Places, work: Path, say: Say
) -> tuple[list[str], Verdict | None]:
    media = make_acceptance_media(order, work)
    disk = work / "overlay.qcow2"
    make_overlay(image.disk, disk)
    guest = Guest(
        mode="accept",
        disk=disk,
        media=media,
        manifest=order.acceptance_manifest,
        bootstrap=order.bootstrap_file(),
        cloud_config=cloud_config(order),
        deadline_minutes=order.deadline_minutes,
    )
    try:
        run = run_in_slot(guest, order, base, places, work, say)
        check_finished(work / RESULTS, run.console, what="acceptance")
    except (MachineError, ResultsError) as error:
        console = image.evidence / "acceptance-console.log"
        words = str(error).replace(str(work / "console.log"), str(console))
        if not isinstance(error, HostError):
            return [words], None
        shutil.copyfile(work / "console.log", console)
        raise HostError(f"{image.id}: {words}; it was not judged, run again") from error
    return judge_acceptance(order, work / RESULTS, image.evidence)


def judge_acceptance(order: Order, results: Path, evidence: Path) -> tuple[list[str], Verdict]:
    """The host's judgement of a booted candidate; the problems are empty when it is fit."""
    verdict = judge(order.compiled_plan(), read_controls(results / "controls"))
    problems = [*_judge_boot(results / "facts"), *surprises(results, "isolation.txt", order.surroundings)]
    problems += compare_packages(
        read_inventory(evidence / "build" / "inventory-after.tsv"),
        read_inventory(results / "inventory-acceptance.tsv"),
        where="acceptance",
    )
    if not verdict.good:
        problems.append(f"controls: {verdict.summary()}")
    for name in order.acceptance_scripts:
        code = read_text(results, f"recipe/{name}.exit")
        if code != "0":
            problems.append(f"acceptance script {name}: exit code {code or 'none: it did not run'}")
    return problems, verdict


def _judge_boot(facts: Path) -> list[str]:
    problems = []
    state = read_text(facts, "system-state")
    if state != "running":
        units = read_text(facts, "failed-units").replace("\n", ", ")
        problems.append(
            f"boot: expected the system to be running, it is {state or 'unknown'}; failed units: {units or 'none'}"
        )
    if read_text(facts, "multi-user") != "active":
        problems.append("boot: multi-user.target was not reached")
    kernels = read_text(facts, "kernels").splitlines()
    if not kernels or read_text(facts, "kernel") != kernels[-1]:
        newest = kernels[-1] if kernels else "none"
        problems.append(f"boot: expected the newest kernel, {newest}, to be running, got {read_text(facts, 'kernel')}")
    if not re.fullmatch(r"[0-9a-f]{32}", read_text(facts, "machine-id")):
        problems.append("first boot: no new machine-id")
    if not read_text(facts, "host-keys"):
        problems.append("first boot: no SSH host keys")
    status = _cloud_init_status(facts)
    if status not in ("done", ""):
        problems.append(f"first boot: cloud-init ended as {status}")
    return problems


def _cloud_init_status(facts: Path) -> str:
    """cloud-init's own word; empty when the image has none."""
    text = read_text(facts, "cloud-init.json")
    try:
        return clean(str(json.loads(text)["status"])) if text else ""
    except (ValueError, KeyError, TypeError, RecursionError):
        return "unreadable"


def add_evidence(order: Order, evidence: Path, work: Path, problems: list[str], verdict: Verdict | None) -> None:
    """Put what acceptance saw beside the build's evidence, in place of an earlier acceptance's."""
    target = evidence / "acceptance"
    if target.exists():
        shutil.rmtree(target)
    if (work / RESULTS).exists():
        shutil.move(work / RESULTS, target)
    if (work / "console.log").exists():
        shutil.copyfile(work / "console.log", evidence / "acceptance-console.log")
    (evidence / "order.json").write_text(order.model_dump_json(indent=1))
    built = judge(order.compiled_plan(), read_controls(evidence / "build" / "controls"))
    verdicts = {"build": built, **({"acceptance": verdict} if verdict else {})}
    outcome = "rejected: " + "; ".join(problems) if problems else "accepted"
    write_index(evidence, summarise(order, evidence, outcome, verdicts))
