"""The seam: one pipeline (golden_image.py), and what each platform brings to it.

local/platform.py and aws/platform.py are the two sides; `choose_platform` (program.py) is the only place of the program
that asks which one it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pulumi

from components.report import urn_of

if TYPE_CHECKING:  # the provider's process imports this module too, and needs none of it
    from hallmark.order.resolve import StartingPoint

T = TypeVar("T")
COMPONENT = "hallmark:index:GoldenImage"
Exports = dict[str, pulumi.Output[Any]]
"""What the stack exports of one image: name → value."""


@dataclass(frozen=True, kw_only=True)
class PipelineStep:
    """One step of a recipe's image, in the terms that all platforms share. `order` is the file of the image's order."""

    recipe: str
    name: str
    fingerprint: pulumi.Output[str]
    order: pulumi.Output[str]
    places: str
    parent: pulumi.Resource
    about: Mapping[str, pulumi.Input[Any]] = field(default_factory=dict)

    def props(self, kind: str) -> dict[str, Any]:
        """The inputs of the step's resource, whose type is `kind`; `about` is for a preview to show."""
        return {
            "recipe": self.recipe,
            "fingerprint": self.fingerprint,
            "order": self.order,
            "places": self.places,
            "urn": urn_of(kind, self.name, parent=COMPONENT),
            **self.about,
        }


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """What a build made, for the acceptance to boot: an image's id, or an AMI's."""

    image: pulumi.Output[str]
    exports: Exports


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The image that an acceptance has judged, and that it accepted it."""

    image: pulumi.Output[str]
    accepted: pulumi.Output[bool]


@dataclass(frozen=True, kw_only=True)
class Released:
    """The channel that leads to the accepted image."""

    channel: pulumi.Output[str]
    exports: Exports


class Platform(Protocol):
    """What a platform brings: where an image starts, the machines that build and judge it, and its release."""

    @property
    def start(self) -> StartingPoint:
        """The base's identity, and what its machines are."""

    @property
    def status(self) -> pulumi.Input[str]:
        """The base's own dpkg status; not known before a base that nobody has looked into was booted once."""

    def build(self, step: PipelineStep, media: pulumi.Output[str]) -> Candidate:
        """The isolated build; what it makes is a candidate."""

    def accept(self, step: PipelineStep, candidate: Candidate) -> Judged:
        """The second machine's verdict on what `build` made."""

    def release(self, recipe: str, channel: str, judged: Judged, parent: pulumi.Resource) -> Released:
        """The channel, moved to the accepted image."""


def needed(value: pulumi.Output[T]) -> pulumi.Output[T]:
    """What a later step needs of an earlier one: of one that failed it is unknown.

    Pulumi gives None for what a failed resource would have made, and drops a None with its dependency. The engine
    leaves out what depends on a failed resource, so the dependency must stay.
    """
    return value.apply(lambda known: unknown() if known is None else known)


def unknown() -> pulumi.Output[Any]:
    """A value that nobody knows."""

    def done(value: Any) -> asyncio.Future[Any]:
        future = asyncio.get_event_loop().create_future()
        future.set_result(value)
        return future

    return pulumi.Output(done(set()), done(None), done(False))


def child(parent: pulumi.Resource) -> pulumi.ResourceOptions:
    """The options of a step below its component."""
    return pulumi.ResourceOptions(parent=parent)
