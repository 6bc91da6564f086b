"""The seam: one pipeline (golden_image.py), and what each platform brings to it.

local_platform.py and aws_platform.py are the two sides; `choose_platform` is the only place that asks which one it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import pulumi

from components.report import urn_of

if TYPE_CHECKING:  # the provider's process imports this module too, and needs none of it
    from hallmark.order.resolve import Context, StartingPoint

COMPONENT = "hallmark:index:GoldenImage"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a recipe's image, in the terms that all platforms share. `order` is the file of the image's order."""

    name: str
    fingerprint: pulumi.Output[str]
    order: pulumi.Output[str]
    places: str
    parent: pulumi.Resource
    about: Mapping[str, pulumi.Input[Any]] = field(default_factory=dict)

    def props(self, kind: str) -> dict[str, Any]:
        """The inputs of the step's resource, whose type is `kind`; `about` is for a preview to show."""
        return {
            "fingerprint": self.fingerprint,
            "order": self.order,
            "places": self.places,
            "urn": urn_of(kind, self.name, parent=COMPONENT),
            **self.about,
        }


class Platform(Protocol):
    """What a platform brings: where an image starts, the machines that build and judge it, and its release."""

    @property
    def start(self) -> StartingPoint:
        """The base's identity, and what its machines are."""

    @property
    def status(self) -> pulumi.Input[str]:
        """The base's own dpkg status; not known before a base that nobody has looked into was booted once."""

    def build(self, step: Step, media: pulumi.Output[str]) -> Any:
        """The isolated build; what it makes is a candidate."""

    def accept(self, step: Step, build: Any) -> Any:
        """The second machine's verdict on what `build` made."""

    def release(self, recipe: str, channel: str, judged: Any, parent: pulumi.Resource) -> Any:
        """The channel, moved to the accepted image."""

    def outputs(self, build: Any, judged: Any, release: Any) -> dict[str, pulumi.Output[Any]]:
        """What the stack exports of one image."""


def choose_platform(context: Context) -> Platform:
    """The platform that the settings name, its base planned and declared. Raises HallmarkError."""
    if context.settings.platform == "aws":
        from components.aws.platform import AwsPlatform

        return AwsPlatform(context)
    from components.local.platform import LocalPlatform

    return LocalPlatform(context)
