"""The platform `local`: QEMU on this machine, a base made here or named by the user, images in the store."""

from __future__ import annotations

from typing import Any

import pulumi

from components.local_providers import Acceptance, Base, ImageBuild, Release
from components.platform import Step
from hallmark.order.resolve import Context, StartingPoint, plan_the_base


class LocalPlatform:
    """One base for all images of the stack; see platform.py."""

    def __init__(self, context: Context) -> None:
        plan = plan_the_base(context)
        self._places = context.places.model_dump_json()
        self.start = StartingPoint(base=plan.fingerprint)
        self.status = plan.status
        self._base = Base("base", plan, context)

    def build(self, step: Step, media: pulumi.Output[str]) -> ImageBuild:
        """A machine under QEMU."""
        return ImageBuild(
            step.name, {**step.props("ImageBuild"), "base": self._base.disk, "media": media}, parent=step.parent
        )

    def accept(self, step: Step, build: ImageBuild) -> Acceptance:
        """A second one."""
        return Acceptance(step.name, {**step.props("Acceptance"), "image": build.image}, parent=step.parent)

    def release(self, recipe: str, channel: str, judged: Acceptance, parent: pulumi.Resource) -> Release:
        """A link in the store."""
        return Release(recipe, channel, judged.image, self._places, parent=parent)

    def outputs(self, build: ImageBuild, judged: Acceptance, release: Release) -> dict[str, pulumi.Output[Any]]:
        """Where the image is, and its evidence."""
        return {
            "id": release.image,
            "disk": build.disk,
            "evidence": build.evidence,
            "channel": release.channel,
            "accepted": judged.accepted,
        }
