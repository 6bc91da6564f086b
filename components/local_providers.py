"""The pipeline's steps on `local` as Pulumi resources: thin dynamic providers, each calling one function of `hallmark`.

All run in one process beside the engine. An input `fingerprint` is each step's identity; when it changes, the step is
done anew and what it made before stays in the store. Everything else among the inputs says where things are, or tells a
preview what would change. Nothing here deletes an image: `delete` keeps, and says so.

What a step needs is imported when the step runs: a run that changes nothing starts this process too, and only compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import ReadResult, Resource

from components.platform import COMPONENT
from components.report import reporter, urn_of
from components.step_provider import GONE, Props, ReleaseStep, Say, StepProvider, child, places_of
from hallmark.common.fingerprint import Sha256

if TYPE_CHECKING:
    from hallmark.local.base import BasePlan
    from hallmark.order.places import Places
    from hallmark.order.resolve import Context
    from hallmark.store.store import Store


class _LocalStep(StepProvider):
    def load(self) -> None:
        from hallmark.store import store  # noqa: F401


class _BaseProvider(_LocalStep):
    def make(self, props: Props, places: Places, say: Say) -> Props:
        from hallmark.local.base import SUITE, build_base, load_base_plan

        base = build_base(load_base_plan(Path(props["plan"])), places.apt_root(SUITE), places.cache, say)
        return {"id": base.fingerprint[:16], "disk": str(base.disk)}

    def read(self, id_: str, props: Props) -> ReadResult:
        from hallmark.local.base import find_base

        known = find_base(Sha256(props["fingerprint"]), places_of(props).cache)
        return ReadResult(id_, props) if known else GONE


class _BuildProvider(_LocalStep):
    def make(self, props: Props, places: Places, say: Say) -> Props:
        from hallmark.local.base import need_base
        from hallmark.order.order import load_order
        from hallmark.pipeline.build import build_image

        order = load_order(Path(props["order"]))
        base = need_base(order.base, places.cache)
        image = build_image(order, base, places, say)
        return {"id": image.id, "image": image.id, "disk": str(image.disk), "evidence": str(image.evidence)}

    def read(self, id_: str, props: Props) -> ReadResult:
        image = _store(props).find(Sha256(props["fingerprint"]))
        return ReadResult(id_, props) if image else GONE

    def delete(self, id_: str, props: Props) -> None:
        if _store(props).find(Sha256(props["fingerprint"])):
            reporter(props["urn"], lasting=True)(
                f"kept in the store: image {id_}, {props['disk']} and {props['evidence']}"
            )


class _AcceptanceProvider(_LocalStep):
    def make(self, props: Props, places: Places, say: Say) -> Props:
        from hallmark.local.base import need_base
        from hallmark.order.order import load_order
        from hallmark.pipeline.acceptance import accept_image

        order = load_order(Path(props["order"]))
        base = need_base(order.base, places.cache)
        image = accept_image(order, props["image"], base, places, say)
        return {"id": f"{image.id}-acceptance", "accepted": True}

    def read(self, id_: str, props: Props) -> ReadResult:
        image = _store(props).look_up(props["image"])
        judged = image is not None and image.state == "accepted" and image.acceptance == props["fingerprint"]
        return ReadResult(id_, props) if judged else GONE


class _ReleaseProvider(ReleaseStep, _LocalStep):
    image = "image"

    def make(self, props: Props, places: Places, say: Say) -> Props:
        from hallmark.store.store import Store

        Store(places.store).move_channel(props["recipe"], props["channel"], props["image"])
        return {"id": f"{props['recipe']}/{props['channel']}"}

    def read(self, id_: str, props: Props) -> ReadResult:
        target = _store(props).channel_target(props["recipe"], props["channel"])
        return ReadResult(id_, {**props, "image": target.id}) if target else GONE

    def delete(self, id_: str, props: Props) -> None:
        if _store(props).channel_target(props["recipe"], props["channel"]):
            reporter(props["urn"], lasting=True)(f"kept in the store: channel {id_}, pointing at {props['image']}")


class Base(Resource, module="hallmark", name="Base"):
    """The base disk that the stack's images start from."""

    disk: pulumi.Output[str]

    def __init__(self, name: str, plan: BasePlan, context: Context) -> None:
        from hallmark.local.base import save_base_plan

        props = {
            "fingerprint": plan.fingerprint,
            "plan": str(save_base_plan(plan, context.places.cache)),
            "packages": [f"{p.name} {p.to_version}" for p in plan.planned],
            "places": context.places.model_dump_json(),
            "urn": urn_of("Base", name),
            "disk": None,
        }
        super().__init__(_BaseProvider(), name, props)


class ImageBuild(Resource, module="hallmark", name="ImageBuild"):
    """One isolated build; what it makes is a candidate."""

    image: pulumi.Output[str]
    disk: pulumi.Output[str]
    evidence: pulumi.Output[str]

    def __init__(self, name: str, props: Mapping[str, Any], *, parent: pulumi.Resource) -> None:
        outputs = {"image": None, "disk": None, "evidence": None}
        super().__init__(_BuildProvider(), name, {**props, **outputs}, child(parent))


class Acceptance(Resource, module="hallmark", name="Acceptance"):
    """The second machine's verdict. When it is no, nothing after it happens."""

    image: pulumi.Output[str]
    accepted: pulumi.Output[bool]

    def __init__(self, name: str, props: Mapping[str, Any], *, parent: pulumi.Resource) -> None:
        super().__init__(_AcceptanceProvider(), name, {**props, "accepted": None}, child(parent))


class Release(Resource, module="hallmark", name="Release"):
    """The channel, pointing at the accepted image."""

    image: pulumi.Output[str]
    channel: pulumi.Output[str]

    def __init__(
        self, recipe: str, channel: str, image: pulumi.Input[str], places: str, *, parent: pulumi.Resource
    ) -> None:
        name = f"{recipe}-release"
        props = {
            "recipe": recipe,
            "channel": channel,
            "image": image,
            "places": places,
            "urn": urn_of("Release", name, parent=COMPONENT),
        }
        super().__init__(_ReleaseProvider(), name, props, child(parent))


def _store(props: Props) -> Store:
    from hallmark.store.store import Store

    return Store(places_of(props).store)
