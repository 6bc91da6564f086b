"""A step of the pipeline as Pulumi's providers carry it out: plain functions over typed properties.

A registry of steps is a module of each platform (local/steps.py, aws/steps.py). The one dynamic provider
(components/providers.py) looks a step up there by its name, so a step's module may move; its name may not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict

from hallmark.common.fingerprint import Sha256
from hallmark.guest.patch_media import make_patch_media
from hallmark.order.order import load_order
from hallmark.order.places import Places
from hallmark.pipeline.machines import Say

SHARED_RESOURCES = ("base", "aws")
"""The names of what a stack's recipes share: the base, or its inventory; the provider of AWS."""
RESOURCES = (
    *("patch-media", "build", "acceptance", "release"),
    *("image", "image-registration", "release-status", "release-channel", "release-channel-read-back"),
)
"""The resources of one recipe's image, on either platform: each is named RECIPE-NAME, and their component RECIPE."""

Made = dict[str, Any]
"""A step's outputs; what `make` returns has its `id` besides."""


def _parse(value: object) -> object:
    return json.loads(value) if isinstance(value, str) else value


class StepProps(BaseModel):
    """The properties of a step, as Pulumi's state has them; each step adds its own.

    `places` goes through the state as JSON. What only a preview shows is passed over.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    places: Annotated[Places, BeforeValidator(_parse)]


class OrderedProps(StepProps):
    """The properties of a step of one image: its identity, and the file of the image's order."""

    fingerprint: Sha256
    order: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class StepContext:
    """What a step is given to work with: where its progress is shown, and the program of an inner stack."""

    say: Say
    inner_program: str


P = TypeVar("P", bound=BaseModel)


def keeps_nothing(_id: str, _props: Any) -> None:
    """A step that leaves nothing behind, or nothing that is worth a word."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step(Generic[P]):
    """One step: how it is done, how `refresh` finds what it made, and what stays when its stack goes.

    `find` returns the outputs that are others by now (none: all is as it was), or None when it is gone. `kept` returns
    what to say of it; nothing here ever removes an image.
    """

    props: type[P]
    make: Callable[[P, StepContext], Made]
    find: Callable[[P], Mapping[str, Any] | None]
    kept: Callable[[str, P], str | None] = keeps_nothing


class MediaMade(OrderedProps):
    """Patch media that were made."""

    iso: Path | None = None


def _make_media(props: MediaMade, context: StepContext) -> Made:
    iso, manifest = make_patch_media(load_order(props.order), props.places, context.say)
    return {"id": manifest[:16], "iso": str(iso), "manifest": manifest}


def _find_media(props: MediaMade) -> Mapping[str, Any] | None:
    return {} if props.iso is not None and props.iso.exists() else None


PATCH_MEDIA = Step(props=MediaMade, make=_make_media, find=_find_media)
"""The same on every platform: made on this machine."""
