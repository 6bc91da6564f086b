"""Accepting: a second isolated machine of the same shape boots the candidate twice, and the host judges what it sees.

The candidate itself stays as it is. The verdict is final for these inputs: a rejected candidate is not judged again
until `hallmark retry` or a changed input.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hallmark.common.errors import HostError, MachineError, RejectedError, ResultsError
from hallmark.evidence.gather import ACCEPTANCE_CONSOLE, add_evidence, keep_acceptance_console
from hallmark.evidence.summarise import judge_summary
from hallmark.evidence.summary import made_now
from hallmark.guest.patch_media import make_acceptance_media
from hallmark.guest.task import CONSOLE, RESULTS, GuestTask, check_finished
from hallmark.guest.user_data import acceptance_cloud_config
from hallmark.order.order import Order
from hallmark.order.places import Places
from hallmark.pipeline.build import NETWORK_PROOF
from hallmark.pipeline.image_store import ImageStore, ImageT
from hallmark.pipeline.machines import MachineRun, Machines, Say
from hallmark.store.store import Store
from hallmark.verdict.acceptance import boots_of, judge_acceptance
from hallmark.verdict.judgement import Verdict
from hallmark.verdict.scores import Score, problems_of, score_all


def accept_image(
    order: Order, name: str, machines: Machines, images: ImageStore[Any, ImageT], places: Places, say: Say
) -> ImageT:
    """Judge a candidate; returns the accepted image. RejectedError, naming the evidence, when it is not fit."""
    image = images.get(name, order)
    if _was_accepted_before(order, image, images):
        say(f"{images.label(image)} was accepted before, by the same tests")
        return image
    machines.check("accept")
    host = machines.describe()
    with (
        Store(places.store).workdir(f"accept-{image.id}") as work,
        images.judging(image, work) as evidence,
    ):
        problems, verdicts, scores = _judge_in_machine(
            order, image, machines, images, work=work, evidence=evidence, say=say
        )
        released = images.released(order.recipe, work) if scores else None
        judges = tuple(judge_summary(score, released) for score in scores)
        for line in (line for judge in judges for line in judge.lines()):
            say(line)
        made, artefact = made_now(host), images.artefact(image)
        add_evidence(order, evidence, work, problems, verdicts, made=made, artefact=artefact, judges=judges)
    if problems:
        images.reject(image, order.acceptance_fingerprint, "; ".join(p.partition("\n")[0] for p in problems)[:2000])
        words = [f"{images.subject(image)} rejected:", *problems[:20], f"evidence: {images.evidence_of(image)}"]
        raise RejectedError("\n".join(words))
    return images.accept(image, order.acceptance_fingerprint)


def _was_accepted_before(order: Order, image: ImageT, images: ImageStore[Any, ImageT]) -> bool:
    """Whether the same acceptance has accepted it; RejectedError when it has rejected it."""
    if image.acceptance != order.acceptance_fingerprint:
        return False
    if image.state == "rejected":
        reason = f": {image.reason}" if image.reason else ""
        raise RejectedError(
            f"{images.subject(image)} was rejected{reason}\n"
            f"change the recipe, or judge it again with `{images.retry_words(image)}`\n"
            f"evidence: {images.evidence_of(image)}"
        )
    return image.state == "accepted"


def _judge_in_machine(
    order: Order,
    image: ImageT,
    machines: Machines,
    images: ImageStore[Any, ImageT],
    *,
    work: Path,
    evidence: Path,
    say: Say,
) -> tuple[list[str], dict[str, Verdict], tuple[Score, ...]]:
    """What speaks against the candidate. HostError when it was not judged, for no fault of its own."""
    try:
        with machines.run(_run(order, images.boots(image), work), work, say) as outputs:
            if outputs.network_proof is not None:
                (evidence / f"acceptance-{NETWORK_PROOF}").write_text(outputs.network_proof)
            check_finished(work / RESULTS, work / CONSOLE, what="acceptance")
            problems, verdicts = judge_acceptance(order, work / RESULTS, evidence)
            # Without a second boot, which the problems tell, no judge has run.
            ran = len(boots_of(work / RESULTS)) > 1
            scores = score_all(order.judges, order.tools, work / RESULTS) if ran else ()
            return [*problems, *problems_of(scores)], verdicts, scores
    except (MachineError, ResultsError) as error:
        words = str(error).replace(str(work / CONSOLE), f"{images.evidence_of(image)}/{ACCEPTANCE_CONSOLE}")
        if not isinstance(error, HostError):
            return [words], {}, ()
        keep_acceptance_console(evidence, work)
        raise HostError(f"{image.id}: {words}; it was not judged, run again") from error


def _run(order: Order, boots: str, work: Path) -> MachineRun:
    task = GuestTask(
        mode="accept",
        manifest=order.acceptance_manifest,
        bootstrap=order.bootstrap_file(),
        cloud_config=acceptance_cloud_config(order.administrators),
        deadline_minutes=order.deadline_minutes,
        reboots=1,
    )
    return MachineRun(
        name=order.recipe,
        fingerprint=order.acceptance_fingerprint,
        boots=boots,
        shape=order.shape,
        media=make_acceptance_media(order, work),
        task=task,
    )
