"""The platform `local`: QEMU on this machine, a base made here or named by the user, images in the store."""

from __future__ import annotations

from collections.abc import Iterable

import pulumi

from components.local.resources import Acceptance, Base, ImageBuild, Release
from components.step import Candidate, Judged, PipelineStep, Released, needed
from hallmark.base.base import BasePlan, plan_the_base
from hallmark.config.disk import Layout
from hallmark.order.resolve import Context, StartingPoint


class LocalPlatform:
    """One base for all images of the stack with the same disk; see step.py."""

    def __init__(self, context: Context, plan: BasePlan) -> None:
        self._places = context.places.model_dump_json()
        self.start = StartingPoint(base=plan.fingerprint)
        self.status = plan.status
        self._base = Base(plan.layout.base_name, plan, context)

    def build(self, step: PipelineStep, media: pulumi.Output[str]) -> Candidate:
        """A machine under QEMU."""
        build = ImageBuild(step, needed(self._base.disk), media)
        return Candidate(image=build.image, exports={"disk": build.disk, "evidence": build.evidence})

    def accept(self, step: PipelineStep, candidate: Candidate) -> Judged:
        """A second one."""
        acceptance = Acceptance(step, candidate.image)
        return Judged(image=acceptance.image, accepted=acceptance.accepted)

    def release(self, recipe: str, channel: str, judged: Judged, parent: pulumi.Resource) -> Released:
        """A link in the store."""
        release = Release(recipe, channel, judged.image, self._places, parent=parent)
        return Released(channel=release.channel, exports={"id": release.image})


def local_platforms(context: Context, layouts: Iterable[Layout]) -> dict[Layout, LocalPlatform]:
    """The platform for each of these disks. Raises HallmarkError."""
    plan = plan_the_base(context)
    return {layout: LocalPlatform(context, plan.laid_out(layout)) for layout in layouts}
