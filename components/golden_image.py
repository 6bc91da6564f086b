"""One golden image: patch media, build, acceptance, release, in this order and no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi

from components.program import stopping_cleanly
from components.providers import Acceptance, Base, ImageBuild, PatchMedia, Release
from components.report import urn_of
from hallmark.base import BasePlan
from hallmark.order import Order, save_order
from hallmark.pipeline import Context, order_image
from hallmark.recipe import Recipe

TOKEN = "hallmark:index:GoldenImage"  # noqa: S105 -- a type's name


@dataclass(frozen=True, kw_only=True)
class GoldenImageArgs:
    """What an image is made from: its recipe, the stack's context, and the base that it starts from."""

    recipe: Recipe
    context: Context
    base: Base
    base_plan: BasePlan


class GoldenImage(pulumi.ComponentResource):
    """A recipe's image, from patch lock to release. `outputs` is what the stack exports of it."""

    outputs: dict[str, pulumi.Output[Any]]

    def __init__(self, name: str, args: GoldenImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TOKEN, name, None, opts)
        self._name, self._args = name, args
        order = pulumi.Output.from_input(args.base_plan.status).apply(self._order)
        media = PatchMedia(
            f"{name}-patch-media",
            {
                **self._props("PatchMedia", "patch-media", order.apply(lambda o: o.build_manifest), order),
                "patches": order.apply(lambda o: o.lock.summary()),
            },
            parent=self,
        )
        build = ImageBuild(
            f"{name}-build",
            {
                **self._props("ImageBuild", "build", order.apply(lambda o: o.fingerprint), order),
                "base": args.base.disk,
                "media": media.manifest,
                "controls": order.apply(lambda o: o.controls_summary()),
            },
            parent=self,
        )
        acceptance = Acceptance(
            f"{name}-acceptance",
            {
                **self._props("Acceptance", "acceptance", order.apply(lambda o: o.acceptance_fingerprint), order),
                "image": build.image,
                "tests": order.apply(lambda o: sorted(o.acceptance_scripts)),
            },
            parent=self,
        )
        release = Release(
            f"{name}-release",
            {
                "recipe": name,
                "channel": args.context.settings.channel,
                "image": acceptance.image,
                "places": args.context.places.model_dump_json(),
                "urn": urn_of("Release", f"{name}-release", parent=TOKEN),
            },
            parent=self,
        )
        self.outputs = {
            "id": release.image,
            "disk": build.disk,
            "evidence": build.evidence,
            "channel": release.channel,
            "accepted": acceptance.accepted,
        }
        self.register_outputs(self.outputs)

    def _order(self, status: str) -> Order:
        args = self._args

        def say(text: str) -> None:
            pulumi.log.info(text, self)

        with stopping_cleanly():
            order = order_image(args.context, args.recipe, args.base_plan, status, say)
        if pulumi.runtime.is_dry_run():
            say("patches:\n" + "\n".join(order.lock.summary() or ["none outstanding"]))
        return order

    def _props(
        self, kind: str, part: str, fingerprint: pulumi.Output[str], order: pulumi.Output[Order]
    ) -> dict[str, Any]:
        places = self._args.context.places
        return {
            "fingerprint": fingerprint,
            "order": order.apply(lambda o: str(save_order(o, places.cache))),
            "places": places.model_dump_json(),
            "urn": urn_of(kind, f"{self._name}-{part}", parent=TOKEN),
        }
