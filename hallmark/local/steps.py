"""The steps of the platform local, by name. Each calls one function."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hallmark.base.base import SUITE, build_base, find_base, load_base_plan, require_base
from hallmark.common.fingerprint import Sha256
from hallmark.local.image_store import LocalImageStore, lower_scores
from hallmark.local.machines import LocalMachines
from hallmark.order.order import load_order
from hallmark.order.places import Places
from hallmark.pipeline.accept import accept_image
from hallmark.pipeline.build import build_image
from hallmark.pipeline.step import PATCH_MEDIA, Made, OrderedProps, Step, StepContext, StepProps
from hallmark.store.store import Store

Found = Mapping[str, Any] | None


class BaseProps(StepProps):
    """The base of a stack: its identity and the file of its plan."""

    fingerprint: Sha256
    plan: Path | None = None


class BuildProps(OrderedProps):
    """A build, and where its image is once it is made."""

    order: Path = Path()
    disk: str | None = None
    evidence: str | None = None


class AcceptanceProps(OrderedProps):
    """An acceptance, and the image that it judges."""

    order: Path = Path()
    image: str


class ReleaseProps(StepProps):
    """A channel of a recipe, and the image that it points at."""

    recipe: str
    channel: str
    image: str


def _make_base(props: BaseProps, context: StepContext) -> Made:
    assert props.plan is not None
    base = build_base(load_base_plan(props.plan), props.places.apt_root(SUITE), props.places.cache, context.say)
    return {"id": base.fingerprint[:16], "disk": str(base.disk)}


def _find_base(props: BaseProps) -> Found:
    return {} if find_base(props.fingerprint, props.places.cache) else None


def _build(props: BuildProps, context: StepContext) -> Made:
    order, images = load_order(props.order), LocalImageStore(_store(props))
    image = build_image(order, _machines(order.base, props.places), images, props.places, context.say)
    return {"id": image.id, "image": image.id, "disk": str(image.disk), "evidence": str(image.evidence)}


def _find_image(props: BuildProps) -> Found:
    return {} if _store(props).find(props.fingerprint) else None


def _kept_image(id_: str, props: BuildProps) -> str | None:
    if not _store(props).find(props.fingerprint):
        return None
    return f"kept in the store: image {id_}, {props.disk} and {props.evidence}"


def _accept(props: AcceptanceProps, context: StepContext) -> Made:
    order, images = load_order(props.order), LocalImageStore(_store(props))
    machines = _machines(order.base, props.places)
    image = accept_image(order, props.image, machines, images, props.places, context.say)
    return {"id": f"{image.id}-acceptance", "accepted": True}


def _find_verdict(props: AcceptanceProps) -> Found:
    image = _store(props).look_up(props.image)
    judged = image is not None and image.state == "accepted" and image.acceptance == props.fingerprint
    return {} if judged else None


def _release(props: ReleaseProps, context: StepContext) -> Made:
    for line in lower_scores(_store(props), props.recipe, props.channel, props.image):
        context.say(line)
    _store(props).move_channel(props.recipe, props.channel, props.image)
    return {"id": f"{props.recipe}/{props.channel}"}


def _find_release(props: ReleaseProps) -> Found:
    target = _store(props).channel_target(props.recipe, props.channel)
    return {"image": target.id} if target else None


def _kept_release(id_: str, props: ReleaseProps) -> str | None:
    if not _store(props).channel_target(props.recipe, props.channel):
        return None
    return f"kept in the store: channel {id_}, pointing at {props.image}"


def _store(props: StepProps) -> Store:
    return Store(props.places.store)


def _machines(base: Sha256, places: Places) -> LocalMachines:
    return LocalMachines(require_base(base, places.cache), places)


STEPS: Mapping[str, Step[Any]] = {
    "base": Step(props=BaseProps, make=_make_base, find=_find_base),
    "patch-media": PATCH_MEDIA,
    "build": Step(props=BuildProps, make=_build, find=_find_image, kept=_kept_image),
    "acceptance": Step(props=AcceptanceProps, make=_accept, find=_find_verdict),
    "release": Step(props=ReleaseProps, make=_release, find=_find_release, kept=_kept_release),
}
