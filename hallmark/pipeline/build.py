"""Building: one isolated machine patches, hardens and seals a copy of the base; the host judges what it reports.

A build that fails leaves its evidence in the store and no image; one that succeeds leaves a candidate.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hallmark.common.errors import BuildError, HallmarkError
from hallmark.common.fingerprint import Sha256
from hallmark.evidence.gather import gather_evidence, keep_failure
from hallmark.evidence.summary import made_now
from hallmark.guest.patch_media import make_patch_media
from hallmark.guest.task import CONSOLE, RESULTS, GuestTask, check_finished
from hallmark.guest.user_data import BUILD_CLOUD_CONFIG
from hallmark.order.order import Order
from hallmark.order.places import Places
from hallmark.pipeline.image_store import BuiltT, ImageStore
from hallmark.pipeline.machines import MachineRun, Machines, RunOutputs, Say
from hallmark.store.image import image_id
from hallmark.store.store import Store
from hallmark.verdict.build import judge_build

RUN = "run.txt"
NETWORK_PROOF = "isolation-network.txt"


def build_image(order: Order, machines: Machines, images: ImageStore[BuiltT, Any], places: Places, say: Say) -> BuiltT:
    """Build an order's candidate, or adopt what an earlier run made of the same inputs.

    Raises BuildError, naming the evidence, when the guest fails or the host's judgement is against it.
    """
    built = images.find(order)
    if built is not None:
        say(f"adopted {images.name_of(built)}, built from the same inputs")
        return images.settle(built, say)
    machines.check("build")
    host = machines.describe()
    media, manifest = make_patch_media(order, places, say)
    store = Store(places.store)
    with store.workdir(f"build-{image_id(order.recipe, order.fingerprint)}") as work:
        try:
            with machines.run(_run(order, machines.base, media, manifest), work, say) as outputs:
                _judge(order, outputs, host, work)
                built = images.keep(order, outputs, work, say)
        except HallmarkError as error:
            raise keep_failure(store, order, work, error, made_now(host)) from error
    return images.settle(built, say)


def _run(order: Order, base: str, media: Path, manifest: Sha256) -> MachineRun:
    task = GuestTask(
        mode="build",
        manifest=manifest,
        bootstrap=order.bootstrap_file(),
        cloud_config=BUILD_CLOUD_CONFIG,
        deadline_minutes=order.deadline_minutes,
        image=image_id(order.recipe, order.fingerprint),
    )
    return MachineRun(
        name=order.recipe, fingerprint=order.fingerprint, boots=base, shape=order.shape, media=media, task=task
    )


def _judge(order: Order, outputs: RunOutputs, host: Mapping[str, str], work: Path) -> None:
    """Gather the evidence of a good build; BuildError for any other."""
    evidence = work / "evidence"
    evidence.mkdir()
    if outputs.id is not None:
        (evidence / RUN).write_text(f"{outputs.id}\n")
    if outputs.network_proof is not None:
        (evidence / NETWORK_PROOF).write_text(outputs.network_proof)
    check_finished(work / RESULTS, work / CONSOLE, what="build")
    verdict, problems = judge_build(order, work / RESULTS)
    if problems:
        raise BuildError("build: the host judges against it:\n" + "\n".join(problems[:20]))
    gather_evidence(order, work, made_now(host), verdict)
