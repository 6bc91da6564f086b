"""One golden image: patch media, build, acceptance, release, in this order and no other."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from pulumi.dynamic import Resource
from pulumi.runtime.settings import get_engine

from components.providers import StepProvider
from components.report import reporter, stopping_cleanly
from components.step import COMPONENT, Candidate, Exports, Judged, PipelineStep, Platform, child, needed
from hallmark.common.errors import HallmarkError, LockError
from hallmark.common.fingerprint import hash_bytes
from hallmark.config.recipe import Recipe
from hallmark.order.order import Order, save_order, save_refusal
from hallmark.order.resolve import Context, order_image
from hallmark.pipeline.machines import Say


@dataclass(frozen=True, kw_only=True)
class GoldenImageArgs:
    """What an image is made from: its recipe, the stack's context, and the platform that it is made on.

    In place of a recipe that cannot be read there is the error: the image's first step fails with it.
    """

    recipe: Recipe | HallmarkError
    context: Context
    platform: Platform


@dataclass(frozen=True, kw_only=True)
class Ordered:
    """What an image's steps are told of its order: the file, the identity of each step, what a preview shows."""

    order: str
    media: str
    build: str
    acceptance: str
    patches: list[str] = field(default_factory=list)
    controls: dict[str, str] = field(default_factory=dict)
    tests: list[str] = field(default_factory=list)

    @classmethod
    def made(cls, order: Order, cache: Path) -> Ordered:
        """An order, saved for the providers."""
        return cls(
            order=str(save_order(order, cache)),
            media=order.build_manifest,
            build=order.fingerprint,
            acceptance=order.acceptance_fingerprint,
            patches=order.patch_summary(),
            controls=order.controls_summary(),
            tests=sorted(order.acceptance_scripts),
        )

    @classmethod
    def refused(cls, error: HallmarkError, cache: Path) -> Ordered:
        """An order that could not be made. The first step that reads it fails, and the other recipes' steps go on."""
        path = str(save_refusal(error, cache))
        identity = hash_bytes(path.encode())
        return cls(order=path, media=identity, build=identity, acceptance=identity)


class PatchMedia(Resource, module="hallmark", name="PatchMedia"):
    """The read-only ISO 9660 volume that carries patches, scripts and plan into the machine: made on this machine."""

    iso: pulumi.Output[str]
    manifest: pulumi.Output[str]

    def __init__(self, step: PipelineStep) -> None:
        props = {**step.props("PatchMedia"), "iso": None, "manifest": None}
        super().__init__(
            StepProvider("local.patch-media", replace_on=("fingerprint", "places.cache")),
            step.name,
            props,
            child(step.parent),
        )


class GoldenImage(pulumi.ComponentResource):
    """A recipe's image, from patch lock to release. `outputs` is what the stack exports of it."""

    outputs: Exports

    def __init__(self, name: str, args: GoldenImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(COMPONENT, name, None, opts)
        self._name, self._args = name, args
        platform = args.platform
        order: pulumi.Output[Ordered] = pulumi.Output.from_input(platform.status).apply(self._order)
        media = PatchMedia(
            self._step(
                "patch-media",
                order.apply(lambda o: o.media),
                order,
                patches=order.apply(lambda o: o.patches),
            )
        )
        candidate = platform.build(
            self._step(
                "build",
                order.apply(lambda o: o.build),
                order,
                controls=order.apply(lambda o: o.controls),
            ),
            needed(media.manifest),
        )
        judged = platform.accept(
            self._step(
                "acceptance",
                order.apply(lambda o: o.acceptance),
                order,
                tests=order.apply(lambda o: o.tests),
            ),
            Candidate(image=needed(candidate.image), exports=candidate.exports),
        )
        verdict = Judged(image=needed(judged.image), accepted=needed(judged.accepted))
        release = platform.release(name, args.context.settings.channel, verdict, self)
        self.outputs = {
            **candidate.exports,
            **release.exports,
            "channel": release.channel,
            "accepted": judged.accepted,
        }
        self.register_outputs(self.outputs)

    async def _order(self, status: str | None) -> Ordered:
        """The order on a base with this dpkg status; None: its step has failed, and no step of this image is done.

        An error ends a preview. In an `up` it is this image's alone, so it is handed to the image's first step.
        """
        cache = self._args.context.places.cache
        say = reporter(await self.urn.future() or "", engine=get_engine())
        try:
            order = self._ask_for_order(status, say)
        except HallmarkError as error:
            if pulumi.runtime.is_dry_run():
                with stopping_cleanly():
                    raise
            return Ordered.refused(error, cache)
        pulumi.log.info(order.lock.totals, self)
        if pulumi.runtime.is_dry_run():
            pulumi.log.info("patches:\n" + "\n".join(order.patch_summary() or ["none outstanding"]), self)
        return Ordered.made(order, cache)

    def _ask_for_order(self, status: str | None, say: Say) -> Order:
        args = self._args
        if isinstance(args.recipe, HallmarkError):
            raise args.recipe
        if status is None:
            raise LockError(f"{self._name}: the base is not known")
        return order_image(args.context, args.recipe, args.platform.start, status, say)

    def _step(
        self, part: str, fingerprint: pulumi.Output[str], order: pulumi.Output[Ordered], **about: pulumi.Input[Any]
    ) -> PipelineStep:
        places = self._args.context.places
        return PipelineStep(
            recipe=self._name,
            name=f"{self._name}-{part}",
            fingerprint=fingerprint,
            order=order.apply(lambda o: o.order),
            places=places.model_dump_json(),
            parent=self,
            about=about,
        )
