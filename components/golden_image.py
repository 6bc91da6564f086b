"""One golden image: patch media, build, acceptance, release, in this order and no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.dynamic import Resource
from pulumi.runtime.settings import get_engine

from components.program import stopping_cleanly
from components.providers import StepProvider
from components.report import reporter
from components.step import COMPONENT, Exports, PipelineStep, Platform, child
from hallmark.config.recipe import Recipe
from hallmark.order.order import Order, save_order
from hallmark.order.resolve import Context, order_image


@dataclass(frozen=True, kw_only=True)
class GoldenImageArgs:
    """What an image is made from: its recipe, the stack's context, and the platform that it is made on."""

    recipe: Recipe
    context: Context
    platform: Platform


class PatchMedia(Resource, module="hallmark", name="PatchMedia"):
    """The read-only ISO 9660 volume that carries patches, scripts and plan into the machine: made on this machine."""

    iso: pulumi.Output[str]
    manifest: pulumi.Output[str]

    def __init__(self, step: PipelineStep) -> None:
        props = {**step.props("PatchMedia"), "iso": None, "manifest": None}
        super().__init__(StepProvider("local.patch-media"), step.name, props, child(step.parent))


class GoldenImage(pulumi.ComponentResource):
    """A recipe's image, from patch lock to release. `outputs` is what the stack exports of it."""

    outputs: Exports

    def __init__(self, name: str, args: GoldenImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(COMPONENT, name, None, opts)
        self._name, self._args = name, args
        platform = args.platform
        order: pulumi.Output[Order] = pulumi.Output.from_input(platform.status).apply(self._order)
        media = PatchMedia(
            self._step(
                "patch-media",
                order.apply(lambda o: o.build_manifest),
                order,
                patches=order.apply(lambda o: o.patch_summary()),
            )
        )
        candidate = platform.build(
            self._step(
                "build",
                order.apply(lambda o: o.fingerprint),
                order,
                controls=order.apply(lambda o: o.controls_summary()),
            ),
            media.manifest,
        )
        judged = platform.accept(
            self._step(
                "acceptance",
                order.apply(lambda o: o.acceptance_fingerprint),
                order,
                tests=order.apply(lambda o: sorted(o.acceptance_scripts)),
            ),
            candidate,
        )
        release = platform.release(name, args.context.settings.channel, judged, self)
        self.outputs = {
            **candidate.exports,
            **release.exports,
            "channel": release.channel,
            "accepted": judged.accepted,
        }
        self.register_outputs(self.outputs)

    async def _order(self, status: str) -> Order:
        args = self._args
        say = reporter(await self.urn.future() or "", engine=get_engine())
        with stopping_cleanly():
            order = order_image(args.context, args.recipe, args.platform.start, status, say)
        pulumi.log.info(order.lock.totals, self)
        if pulumi.runtime.is_dry_run():
            pulumi.log.info("patches:\n" + "\n".join(order.patch_summary() or ["none outstanding"]), self)
        return order

    def _step(
        self, part: str, fingerprint: pulumi.Output[str], order: pulumi.Output[Order], **about: pulumi.Input[Any]
    ) -> PipelineStep:
        places = self._args.context.places
        return PipelineStep(
            recipe=self._name,
            name=f"{self._name}-{part}",
            fingerprint=fingerprint,
            order=order.apply(lambda o: str(save_order(o, places.cache))),
            places=places.model_dump_json(),
            parent=self,
            about=about,
        )
